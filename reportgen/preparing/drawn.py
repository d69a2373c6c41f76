"""Tables of facts drawn for a terminal, with bars of one scale, or as plain lines where there is none."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from reportgen.preparing.described import Table

_BAR = 12
_PLAIN_WIDTH = 160
_SPACES = "\u00a0\u202f"


@dataclass(frozen=True)
class Picture:
    """Draws on the output stream; words of facts are never taken for markup."""

    console: Console

    @classmethod
    def of_terminal(cls) -> "Picture":
        """As wide as the terminal; where there is none, wide enough for most tables."""
        console = Console(highlight=False)
        return cls(console if console.is_terminal else Console(highlight=False, width=_PLAIN_WIDTH))

    def lines(self, lines: Iterable[str]) -> None:
        """Lines of text as they are, folded at the edge."""
        for line in lines:
            self.console.print(_plain(line))

    def described(self, table: Table) -> None:
        """A table, its numbers in the columns of `bars` drawn as well, and its remark."""
        numbers = {name: [_number(row[at]) for row in table.rows] for at, name in enumerate(table.columns)}
        most = max((value for name in table.bars for value in numbers[name]), default=0.0)
        self.console.print(*([Text(f"\n{table.title}", style="bold")] if table.title else []))
        grid = Grid(header_style="bold")
        for name in table.columns:
            grid.add_column(_plain(name), overflow="fold", justify="left")
        for row in table.rows:
            cells = zip(table.columns, row, strict=True)
            grid.add_row(*(_with_bar(text, most) if name in table.bars else _plain(text) for name, text in cells))
        self.console.print(grid)
        if table.remark:
            self.console.print(_plain(table.remark))

    def table(self, title: str, columns: Sequence[str], rows: Iterable[tuple[str, ...]]) -> None:
        """A plain table."""
        self.described(Table(title, tuple(columns), tuple(rows)))


def _plain(text: str) -> Text:
    """Text as it is, without anything that a terminal would obey."""
    return Text(
        "".join(character if character.isprintable() or character in _SPACES else "\ufffd" for character in text)
    )


def _number(text: str) -> float:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return 0.0


def _with_bar(text: str, most: float) -> Text:
    length = round(_BAR * _number(text) / most) if most else 0
    return Text(f"{text:>5} ") + Text("█" * length, style="cyan")
