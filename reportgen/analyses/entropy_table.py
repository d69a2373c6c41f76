"""The spread of the study's strongest heads as a table."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from reportgen import numbers
from reportgen.analyses.analysis import Study
from reportgen.analyses.entropy import Entropy
from reportgen.inference import HeadTests
from reportgen.report.experiment import Map
from reportgen.report.head_links import head_cell
from reportgen.report.markup import Html
from reportgen.report.tables import Column, Row, folded, table_html

_SHOWN = 20


def spread_table(found: Entropy, study: Study, recall: np.ndarray) -> Html:
    """Folded, those that `recall` marks [layer, head] in bold."""
    contrast = study.tests.contrast
    columns = (
        Column("Head"),
        Column("Spread over all tokens", number=True),
        Column("without the first", number=True),
        Column("the same beside its layer", number=True),
        Column(f"the same, {contrast.a.name} minus {contrast.b.name}", number=True),
        Column("adjusted p", number=True),
    )
    rows = [_row(found, place, bool(recall[place])) for place in study.tests.strongest(_SHOWN)]
    return folded(
        f"The same as a table: the study's {len(rows)} strongest heads",
        table_html("Spread of attention in hundredths of the most possible, with intervals", columns, rows),
    )


def _row(found: Entropy, place: tuple[int, int], recall: bool) -> Row:
    whole, rest = found.whole, found.rest
    adjusted = rest.contrast.adjusted(rest.contrast.headline).to_numpy()
    bounded = (
        _Bounded(whole.mean, whole.low, whole.high),
        _Bounded(rest.mean, rest.low, rest.high),
        _Bounded.of(rest.beside),
        _Bounded.of(rest.contrast),
    )
    return Row(
        (
            head_cell(*place),
            *("–" if one is None else one.text(place) for one in bounded),
            numbers.p_value(float(adjusted[place])),
        ),
        sorted_by={
            column: float(one.estimate[place]) * 100 for column, one in enumerate(bounded, 1) if one is not None
        },
        emphasis=recall,
    )


@dataclass(frozen=True)
class _Bounded:
    """A number of every head with its interval, [layer, head]."""

    estimate: Map
    low: Map
    high: Map

    @classmethod
    def of(cls, tests: HeadTests | None) -> Self | None:
        """An effect with its simultaneous interval; None where none was tested."""
        if tests is None:
            return None
        heads = tests.heads
        return cls(heads.effect.to_numpy(), heads.simultaneous_low.to_numpy(), heads.simultaneous_high.to_numpy())

    def text(self, place: tuple[int, int]) -> str:
        low, high = float(self.low[place]), float(self.high[place])
        return f"{numbers.points(float(self.estimate[place]))} {numbers.points_interval(low, high)}"
