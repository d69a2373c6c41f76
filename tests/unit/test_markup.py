import json

import pytest
import yaml

from reportgen.report.document import Block, Callout, Columns, Document, Figure, Heading, Prose, Raw
from reportgen.report.markup import Html, Md, escape_md, md, raw_html
from reportgen.report.render import component, qmd
from reportgen.report.tables import Column, Row, table_html

HOSTILE = [
    "</script><script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "{{ 7 * 7 }}",
    "{{< include secret.qmd >}}",
    "$x^2$ and $$y$$",
    "::: {.callout-note}",
    "```{=html}",
    "`code`",
    "[link](javascript:alert(1))",
    "# heading",
    "@holm1979",
    "a\n\n# heading after a break",
    "\u202eright to left\u202c",
    "🦊 fox",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_every_mark_of_markdown_is_escaped(text: str) -> None:
    escaped = escape_md(text)
    bare = [c for before, c in zip(" " + escaped, escaped, strict=False) if c in "<>{}$:`[]#@" and before != "\\"]
    assert bare == []
    assert "\n" not in escaped


def test_our_own_markdown_passes_and_values_do_not() -> None:
    assert md("**{name}**", name="a*b") == "**a\\*b**"
    assert md("{ours}", ours=Md("*x*")) == "*x*"


def test_a_raw_block_cannot_be_ended_from_inside() -> None:
    block = raw_html(Html("<p>\n```\n# out\n</p>"))
    assert block.count("```") == 2
    assert block.startswith("```{=html}\n")


@pytest.mark.parametrize("text", HOSTILE)
def test_tables_show_hostile_text_as_text(text: str) -> None:
    html = table_html("label", [Column("A")], [Row((text,))])
    assert "<script" not in html
    assert "<img" not in html


@pytest.mark.parametrize("text", HOSTILE)
def test_front_matter_stays_yaml_whatever_the_title(text: str) -> None:
    document = Document(title=text, question="", description="", authors=(text,), depth=2, blocks=())
    front = yaml.safe_load(qmd(document).split("---\n")[1])
    assert front["title"] == escape_md(text)
    assert front["author"] == [escape_md(text)]


def test_blocks_become_quarto_markdown() -> None:
    blocks = (
        Heading(2, md("The {x}", x="*end*"), "the-end"),
        Prose(Md("Plain."), ""),
        Prose(Md("Led."), "lead"),
        Callout("warning", Md("Mind"), Md("the gap")),
        Raw(Html("<b>x</b>")),
    )
    text = qmd(Document(title="T", question="", description="", authors=(), depth=2, blocks=blocks))
    assert "## The \\*end\\* {#the-end}\n" in text
    assert "::: {.lead}\nLed.\n:::\n" in text
    assert "::: {.callout-warning}\n## Mind\n\nthe gap\n:::\n" in text
    assert "```{=html}\n<b>x</b>\n```" in text
    assert '<script src="../../assets/page.js" defer></script>' in text


_FIGURE = Figure("fig-x", Html(""), Md("A figure."), Md("How to read it."), Html(""))


@pytest.mark.parametrize(
    ("blocks", "scripts", "draws"),
    [
        ((Prose(Md("Words alone.")), Raw(Html("<svg></svg>"))), (), False),
        ((Prose(Md("Words.")), _FIGURE), (), True),
        ((Columns(_FIGURE, Raw(Html(""))),), (), True),
        ((), ("data/study.js",), True),
    ],
)
def test_the_megabyte_that_draws_is_loaded_only_where_something_is_drawn(
    blocks: tuple[Block, ...], scripts: tuple[str, ...], draws: bool
) -> None:
    text = qmd(Document("T", "", "", (), 1, blocks, scripts=scripts))
    assert ('<script src="../assets/plotly.js" defer></script>' in text) == draws
    assert text.count('src="../assets/page.js"') == 1


def test_a_misspelt_name_in_a_template_is_an_error() -> None:
    with pytest.raises(Exception, match="height"):
        component("components/plot", data=Html("{}"), alt="", waiting="")


def test_figure_data_cannot_close_its_script() -> None:
    import plotly.graph_objects as go

    from reportgen.figures.theme import figure_json

    text = figure_json(go.Figure(go.Scatter(x=[1], y=[1], text=["</script><!--`"])))
    assert not set("<>&`") & set(text)
    assert json.loads(text)["data"][0]["text"] == ["</script><!--`"]
