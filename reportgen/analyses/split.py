"""A study's pairs parted by a column, such as its relations or its wordings, so that each part can be tested by itself."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reportgen import numbers
from reportgen.contrasts import FEWEST_PAIRS, EmptySetError, Labels, Rows, TooFewStatementsError, arrange
from reportgen.errors import StudyError, shown
from reportgen.inference import HeadTests
from reportgen.report.experiment import Map
from reportgen.scores import flat
from reportgen.spec.model import ContrastSection, TestsSection
from reportgen.stats.differences import PerHead


@dataclass(frozen=True)
class Part:
    """One part's statements, as positions along `statement`; `units` are the names of its pairs, or of the clusters of them,
    in order."""

    name: str
    rows: Rows
    units: tuple[str, ...]


@dataclass(frozen=True)
class Split:
    """The parts that have pairs enough, and what is said of the others: "currency (5 pairs)"."""

    parts: tuple[Part, ...]
    few: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The parts by name, in their order."""
        return tuple(part.name for part in self.parts)

    @property
    def labels(self) -> npt.NDArray[np.intp]:
        """Which part each unit of all parts is of, counted from 0, [unit]."""
        return np.repeat(np.arange(len(self.parts)), [len(part.units) for part in self.parts])

    @property
    def blocks(self) -> npt.NDArray[np.intp]:
        """A number for each name of a unit: units of one name in several parts share it, [unit]."""
        _, numbered = np.unique([unit for part in self.parts for unit in part.units], return_inverse=True)
        return numbered.astype(np.intp)


@dataclass(frozen=True)
class Parted:
    """By what the statements are parted: the column, its values in order, what they are called in the plural, and what to do
    where there are too few."""

    column: str
    values: Iterable[str]
    plural: str
    remedy: str


def split_by(parted: Parted, labels: Labels, contrast: ContrastSection, tests: TestsSection) -> Split:
    """Raises StudyError where the contrast has no pairs, or fewer than two parts have pairs enough."""
    parts, few = [], []
    for name in parted.values:
        rows = np.flatnonzero(labels[parted.column] == name)
        units = _units({column: values[rows] for column, values in labels.items()}, contrast, tests, parted.plural)
        if len(units) < FEWEST_PAIRS:
            few.append(f"{name} ({numbers.things(len(units), 'pair')})")
        else:
            parts.append(Part(name, rows, units))
    if len(parts) < 2:
        raise StudyError(
            f"{parted.plural} are compared where two of them or more have {FEWEST_PAIRS} pairs each in the contrast "
            f"{shown(contrast.id)}, and {'one has' if parts else 'none has'}. {parted.remedy}"
        )
    return Split(tuple(parts), tuple(few))


def _units(labels: Labels, contrast: ContrastSection, tests: TestsSection, plural: str) -> tuple[str, ...]:
    """The units of one part, by name; none where one of the sets has nothing in it."""
    try:
        arrangement = arrange(labels, contrast, tests)
    except (EmptySetError, TooFewStatementsError):
        return ()
    if arrangement.design != "paired":
        raise StudyError(
            f"{plural} are compared by the differences of pairs, and the contrast {shown(contrast.id)} compares two "
            "independent sets: put a contrast of twins first, such as true against false, and name no test of two sets"
        )
    return arrangement.names_a


def differences_in(tested: Iterable[HeadTests]) -> PerHead:
    """The differences between partners in all parts, one part after the other, [unit, head of any layer]."""
    return np.concatenate([flat(one.units_a).astype(float) - flat(one.units_b) for one in tested])


def placed(values: PerHead, testable: npt.NDArray[np.bool_]) -> Map:
    """Values of the testable heads at their places, [layer, head]; NaN elsewhere."""
    cells = np.full(testable.shape, np.nan)
    cells[testable] = values
    return cells
