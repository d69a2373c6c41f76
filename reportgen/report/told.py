"""One thing that happened, complete for the component that shows it: on a study's history and among all changes."""

from collections.abc import Sequence
from dataclasses import dataclass

from reportgen.history.compare import Cause
from reportgen.report.change_words import NAMES, Told
from reportgen.report.markup import Html
from reportgen.report.render import component

_MOST_OPEN = 4


@dataclass(frozen=True)
class ShownCause:
    """A cause in a sentence, and its single things, which open when asked for where they are many."""

    text: Html
    items: tuple[str, ...]

    @property
    def folded(self) -> bool:
        """Whether the single things are too many to stand open."""
        return len(self.items) > _MOST_OPEN


@dataclass(frozen=True)
class ShownChange:
    """What happened in one run, or alike in several: the `days` name it, `lines` tell it, `causes` say why.

    `href` leads to more, with the `title` as its words; both are empty on the page that says it all. `table` may be empty.
    """

    told: Told
    days: str
    lines: tuple[Html, ...]
    causes: tuple[ShownCause, ...] = ()
    table: str | Html = ""
    anchor: str = ""
    href: str = ""
    title: str = ""

    @property
    def kind(self) -> str:
        """What it is, in a word or two."""
        return NAMES[self.told]


def changes_html(changes: Sequence[ShownChange]) -> Html:
    """Changes one under the other."""
    return component("components/changes", changes=changes)


def shown_causes(causes: Sequence[Cause]) -> tuple[ShownCause, ...]:
    """Causes as the component takes them."""
    return tuple(ShownCause(with_code(cause.text), cause.items) for cause in causes)


def run_name(name: str) -> Html:
    """What a run is called, never broken over two lines."""
    return Html('<span class="run-name">{}</span>').format(name)


def with_code(text: str) -> Html:
    """Plain text as HTML: escaped, with what stands between backticks set as code."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return Html("{}").format(text)
    return Html("").join(
        Html('<span class="code">{}</span>').format(piece) if place % 2 else piece for place, piece in enumerate(pieces)
    )
