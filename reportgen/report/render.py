"""Documents → `.qmd`, components → HTML, by the Jinja templates in `templates/`.

Two environments over one folder: in `.html.j2` plain strings are escaped for HTML, in `.qmd.j2` for Markdown.
A name that a template misspells is an error.
"""

import json
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reportgen.report.document import Block, Document
from reportgen.report.markup import Html, Md, escape_md, raw_html

_PACKAGE = Path(__file__).parents[1]


@cache
def templates_folder() -> Path:
    """Where the templates are: inside an installed package, or beside it in a checkout."""
    inside = _PACKAGE / "templates"
    return inside if inside.is_dir() else _PACKAGE.parent / "templates"


def component(name: str, **values: object) -> Html:
    """One component as HTML, from `templates/<name>.html.j2`."""
    return Html(_html().get_template(f"{name}.html.j2").render(values))


def qmd(document: Document) -> str:
    """A document as Quarto Markdown, valid for Quarto and for the embedded engine."""
    return qmd_environment().get_template("document.qmd.j2").render(document=document)


@cache
def _html() -> Environment:
    return Environment(
        loader=FileSystemLoader(templates_folder()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def qmd_environment() -> Environment:
    """What fills templates of Quarto Markdown: plain strings are escaped, `Md` is not."""
    environment = Environment(
        loader=FileSystemLoader(templates_folder()),
        autoescape=False,
        finalize=escape_md,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["raw_html"] = raw_html
    environment.filters["ours"] = Md
    environment.filters["yaml_text"] = _yaml_text
    environment.filters["block_template"] = _block_template
    return environment


def _block_template(block: Block) -> Md:
    return Md(f"blocks/{type(block).__name__.lower()}.qmd.j2")


def _yaml_text(text: str) -> Md:
    """Plain text as a YAML string that pandoc, which reads metadata as Markdown, will show as it is."""
    return Md(json.dumps(escape_md(text), ensure_ascii=False))
