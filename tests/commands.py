"""`python -m tests.commands` writes the page of all commands, `site/docs/commands.qmd`, from what `--help` says.

A test holds the page to it (`tests/unit/test_commands_page.py`). What is a word of ours is set as such; what is given, as code.
"""

import inspect
from collections.abc import Iterator
from pathlib import Path

import click

from reportgen.cli import main
from reportgen.report.markup import Md, md, plain_md

PAGE = Path(__file__).parents[1] / "site" / "docs" / "commands.qmd"

_TOP = """---
title: "Commands"
subtitle: "Every command, with all that it takes."
description: "The command line of reportgen: every command with its arguments and options."
root: "../"
---

<!-- Written by `python -m tests.commands` from what `--help` says; change the help, not this page. -->

What each command says of itself with `--help`. Without a SPEC, commands take every `.yml` file in `specs/`. What they \
exit with stands in [How to](../how-to.html#exit-codes).
"""

_END = """
```{=html}
<script src="../assets/page.js" defer></script>
```
"""


def page() -> str:
    """The whole page."""
    contexts = list(_contexts(main, click.Context(main, info_name="reportgen")))
    listed = "\n".join(
        md("- [{name}](#{anchor}): {words}", name=_code(name), anchor=Md(_anchor(name)), words=_first(context))
        for name, context in contexts
    )
    return _TOP + f"\n{listed}\n" + "".join(_section(name, context) for name, context in contexts) + _END


def _contexts(group: click.Group, above: click.Context) -> Iterator[tuple[str, click.Context]]:
    """Every command by its whole name, those of a group after it."""
    for name, command in group.commands.items():
        context = click.Context(command, info_name=name, parent=above)
        yield context.command_path.removeprefix("reportgen "), context
        if isinstance(command, click.Group):
            yield from _contexts(command, context)


def _section(name: str, context: click.Context) -> str:
    words = (str(plain_md(" ".join(part.split()))) for part in _help(context).split("\n\n"))
    usage = " ".join(context.command.collect_usage_pieces(context))
    level = "#" * (2 + name.count(" "))
    options = "".join(_option(option, context) for option in context.command.params if isinstance(option, click.Option))
    reference = f"::: {{.reference}}\n{options}:::\n" if options else ""
    return (
        f"\n{level} {name} {{#{_anchor(name)}}}\n\n"
        + "\n\n".join(words)
        + f"\n\n```text\nreportgen {name} {usage}\n```\n\n{reference}"
    )


def _option(option: click.Option, context: click.Context) -> str:
    record = option.get_help_record(context)
    assert record is not None, f"{option.name} is hidden"
    return md("{name}\n\n:   {words}\n\n", name=_code(record[0]), words=plain_md(record[1]))


def _help(context: click.Context) -> str:
    return inspect.cleandoc(context.command.help or "")


def _first(context: click.Context) -> Md:
    return plain_md(" ".join(_help(context).split("\n\n")[0].split()))


def _code(text: str) -> Md:
    assert "`" not in text
    return Md(f"`{text}`")


def _anchor(name: str) -> str:
    return f"command-{name.replace(' ', '-')}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE} is written")
