"""From where attention to the subject is followed: every position from the subject's first token to the query position,
counted from the subject's last token (0, +1, +2, …) or from the query position (0, −1, −2, …).

A position that fewer than a quarter of the statements reach, in either set, is left out: its mean would be that of other
statements than its neighbours'.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from reportgen.contrasts import Rows
from reportgen.statements import Statement

Anchor = Literal["subject", "query"]
Places = npt.NDArray[np.intp]

FEWEST = 0.25


@dataclass(frozen=True)
class Positions:
    """Every position of every statement from which attention is followed, one after another, as rows.

    `starts` [statement] is the row of the first; a statement whose query position is before its subject has none.
    """

    statements: tuple[Statement, ...]
    starts: Places

    @classmethod
    def of(cls, statements: Sequence[Statement]) -> "Positions":
        """Those of these statements."""
        sizes = [max(statement.query + 1 - statement.subject[0], 0) for statement in statements]
        return cls(tuple(statements), np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp))

    def read(self) -> Iterator[Statement]:
        """The statement read from each position, to the part of its subject that stands there or before."""
        for statement in self.statements:
            for query in range(statement.subject[0], statement.query + 1):
                keys = tuple(position for position in statement.subject if position <= query)
                yield replace(statement, query=query, keys=keys)

    def rows(self, anchor: Anchor, offset: int) -> Places:
        """The row of that position in each statement, [statement]; −1 where a statement does not reach it."""
        found = np.full(len(self.statements), -1, dtype=np.intp)
        for place, statement in enumerate(self.statements):
            position = self._anchored(statement, anchor) + offset
            if statement.subject[0] <= position <= statement.query:
                found[place] = self.starts[place] + position - statement.subject[0]
        return found

    def kept(self, anchor: Anchor, sets: Sequence[Rows]) -> tuple[int, ...]:
        """The offsets that a quarter of the statements of each set reach, and at least two of them, rising."""
        reached = [Counter(o for row in rows for o in self._offsets(int(row), anchor)) for rows in sets]
        least = [max(FEWEST * len(rows), 2) for rows in sets]
        every = sorted({offset for counts in reached for offset in counts})
        return tuple(o for o in every if all(n[o] >= fewest for n, fewest in zip(reached, least, strict=True)))

    def words(self, offset: int) -> str:
        """What most statements have at that offset from the subject's last token: a word of the template, or its role."""
        found: Counter[str] = Counter()
        for statement in self.statements:
            position = statement.subject[-1] + offset
            if statement.subject[0] <= position <= statement.query:
                found[_role(statement, position)] += 1
        (role, times), *_ = found.most_common(1) or [("", 0)]
        return role if 2 * times > found.total() else "varies"

    def _offsets(self, place: int, anchor: Anchor) -> range:
        statement = self.statements[place]
        anchored = self._anchored(statement, anchor)
        return range(statement.subject[0] - anchored, statement.query - anchored + 1)

    @staticmethod
    def _anchored(statement: Statement, anchor: Anchor) -> int:
        return statement.subject[-1] if anchor == "subject" else statement.query


def _role(statement: Statement, position: int) -> str:
    if position == statement.subject[-1]:
        return "the subject's last token"
    if position in statement.subject:
        return "the subject"
    if position in statement.object:
        return "the object's first token" if position == statement.object[0] else "the object"
    return f"“{statement.tokens.texts[position].strip()}”"
