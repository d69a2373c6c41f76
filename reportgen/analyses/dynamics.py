"""How attention to the subject unfolds over a statement: from which position on each head looks at it, and where true and false
statements begin to differ.

1. Attention to the subject is read from every position from the subject's first token on, aggregated as the study's own scores
   are, and averaged over the statements of each set at positions counted from the subject's last token and from the query
   position (`positions`).
2. A head locks on at the first position after the subject's last token from which it gives the subject at least a share of the
   most that it gives it from any of them (`stats.lock_on`), with a bootstrap interval over units; a head that never gives it
   `least_attention` has no lock-on.
3. At every position after the subject the study's first contrast is tested at every head. All heads and positions are one
   family, corrected by max-T, which keeps the dependence between positions of one statement.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import xarray as xr

from reportgen.analyses.analysis import Needs, Study
from reportgen.analyses.positions import Anchor, Places, Positions
from reportgen.capture.record import Scores
from reportgen.capture.request import ask
from reportgen.compared import Compared, compare_units
from reportgen.contrasts import Arrangement, Rows, arrange
from reportgen.errors import StudyError
from reportgen.families import Member, adjust_family
from reportgen.report.experiment import Map
from reportgen.report.results import Plan
from reportgen.scores import CELL, columns_of
from reportgen.spec.experiments import DynamicsSection
from reportgen.spec.model import TestsSection
from reportgen.stats.differences import means_of_groups
from reportgen.stats.lock_on import Course, lock_on

NEVER = -1

Whole = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Aligned:
    """Mean attention to the subject at positions counted from one anchor: `offsets` [position], `reached` statements of both
    sets there [position], and the means in A and in B [position, layer, head]."""

    offsets: tuple[int, ...]
    reached: tuple[int, ...]
    a: Map
    b: Map


@dataclass(frozen=True)
class LockOns:
    """The positions after the subject's last token at which heads lock on in one set, with intervals, [layer, head]; `NEVER`
    where a head gives the subject too little. `attention` is the mean there, `most` the largest of any position after it."""

    position: Whole
    low: Whole
    high: Whole
    attention: Map
    most: Map

    @property
    def found(self) -> npt.NDArray[np.bool_]:
        """The heads that lock on."""
        return np.asarray(self.position != NEVER)


@dataclass(frozen=True)
class Parting:
    """The first contrast at positions after the subject: `offsets` [position], the effect and its p-value adjusted over all
    heads and positions [position, layer, head], NaN where nothing can be tested. `first` [layer, head] is the first position
    at which a head is found to differ, `NEVER` where none is."""

    offsets: tuple[int, ...]
    effect: Map
    adjusted: Map
    first: Whole
    family: int


@dataclass(frozen=True)
class Dynamics:
    """All that is followed; `words` say what stands at each of `from_subject.offsets`."""

    from_subject: Aligned
    to_query: Aligned
    words: tuple[str, ...]
    a: LockOns
    b: LockOns
    parting: Parting


def needs(plan: Plan, _: DynamicsSection) -> Needs:
    """Attention to the subject from every position from its first token on.

    Raises StudyError where no query position comes after the subject.
    """
    statements = plan.statements.statements
    if not any(statement.query > statement.subject[-1] for statement in statements):
        position = plan.file.spec.measure.query_position
        raise StudyError(
            f"the query position (`{position}`) does not come after the subject in any statement, so that there is no "
            "position to follow; read from a later one, such as `last`"
        )
    return Needs(ask(Positions.of(statements).read(), plan.file.spec.measure.aggregation))


def find(study: Study, section: DynamicsSection, scores: Scores) -> Dynamics:
    """Both alignments, where heads lock on, and where the sets begin to differ."""
    positions = Positions.of(study.statements)
    sets = arrange(columns_of(study.scores), study.tests.contrast, study.spec.tests)
    after = tuple(offset for offset in positions.kept("subject", (sets.a, sets.b)) if offset > 0)
    if not after:
        raise StudyError("no position after the subject is reached by a quarter of the statements in each set")
    followed = _Followed(study, positions, scores, sets, after)
    from_subject = followed.aligned("subject")
    return Dynamics(
        from_subject=from_subject,
        to_query=followed.aligned("query"),
        words=tuple(positions.words(offset) for offset in from_subject.offsets),
        a=followed.lock_ons(sets.a, sets.unit_a, len(sets.names_a), section),
        b=followed.lock_ons(sets.b, sets.unit_b, len(sets.names_b), section),
        parting=followed.parting(),
    )


@dataclass(frozen=True)
class _Followed:
    """The scores of all positions, [row, layer, head], with the arrangement of the study's first contrast; `after` are the
    offsets after the subject's last token that are kept."""

    study: Study
    positions: Positions
    scores: Scores
    sets: Arrangement
    after: tuple[int, ...]

    def aligned(self, anchor: Anchor) -> Aligned:
        """Both sets' means at every position that is kept."""
        offsets = self.positions.kept(anchor, (self.sets.a, self.sets.b))
        rows = [self.positions.rows(anchor, offset) for offset in offsets]
        both = np.concatenate([self.sets.a, self.sets.b])
        return Aligned(
            offsets,
            tuple(int((found[both] >= 0).sum()) for found in rows),
            *(np.stack([self._mean(found[chosen]) for found in rows]) for chosen in (self.sets.a, self.sets.b)),
        )

    def _mean(self, rows: Places) -> Map:
        return np.asarray(self.scores[rows[rows >= 0]].astype(np.float64).mean(axis=0))

    def lock_ons(self, chosen: Rows, units: Rows, count: int, section: DynamicsSection) -> LockOns:
        """Where heads lock on in the statements `chosen`, which belong to so many units."""
        courses = [self._course(self.positions.rows("subject", offset)[chosen], units) for offset in self.after]
        tests = self.study.spec.tests
        found = lock_on(courses, count, section.of_most, 1 - tests.alpha, tests.seed)
        mean = np.stack([course.values.astype(np.float64).mean(axis=0) for course in courses])
        shape, enough = self.scores.shape[1:], mean.max(axis=0) >= section.least_attention
        offsets = np.array(self.after)
        position, low, high = (
            np.where(enough, offsets[places], NEVER).reshape(shape) for places in (found.place, found.low, found.high)
        )
        there = np.take_along_axis(mean, found.place[np.newaxis], axis=0)[0]
        return LockOns(position, low, high, there.reshape(shape), mean.max(axis=0).reshape(shape))

    def _course(self, rows: Places, units: Rows) -> Course:
        reached = rows >= 0
        values = self.scores[rows[reached]]
        return Course(values.reshape(len(values), -1), units[reached])

    def parting(self) -> Parting:
        """The first contrast at every position after the subject, all corrected together."""
        tests = self.study.spec.tests.model_copy(
            update={"test": self.study.tests.test, "headline": "max_t", "corrections": ("max_t",)}
        )
        compared = [(offset, *self._compared(offset, tests)) for offset in self.after if self._enough(offset)]
        shape = (len(compared), *self.scores.shape[1:])
        adjusted = adjust_family([member for _, _, member in compared], tests) if compared else []
        effect = np.array([one.difference.estimate for _, one, _ in compared]).reshape(shape)
        p_values = np.array([one.by_correction[0] for one in adjusted]).reshape(shape)
        found = (np.nan_to_num(p_values, nan=1.0) <= tests.alpha) & (np.abs(effect) >= tests.smallest_effect)
        offsets = tuple(offset for offset, _, _ in compared)
        first = np.array([*offsets, NEVER])[np.where(found.any(axis=0), _first(found), len(offsets))]
        return Parting(offsets, effect, p_values, first, adjusted[0].size if adjusted else 0)

    def _enough(self, offset: int) -> bool:
        return min(map(len, self._kept_units(offset))) > 1

    def _kept_units(self, offset: int) -> tuple[Rows, Rows]:
        """The units of A and of B that reach a position; pairs do so together."""
        rows, sets = self.positions.rows("subject", offset), self.sets
        a, b = (np.unique(units[rows[chosen] >= 0]) for chosen, units in ((sets.a, sets.unit_a), (sets.b, sets.unit_b)))
        if sets.design == "paired":
            a = b = np.intersect1d(a, b)
        return a, b

    def _compared(self, offset: int, tests: TestsSection) -> tuple[Compared, Member]:
        """The contrast at one position; its units keep the names that they have at others, so that they are exchanged
        together."""
        rows, sets = self.positions.rows("subject", offset), self.sets
        a, b = self._kept_units(offset)
        units_a = self._units(rows[sets.a], sets.unit_a, len(sets.names_a), a)
        units_b = self._units(rows[sets.b], sets.unit_b, len(sets.names_b), b)
        compared = compare_units(units_a, units_b, sets.design, self.study.tests.contrast, tests)
        names = tuple(_name("a", sets.names_a, unit) for unit in a.tolist())
        if sets.design == "independent":
            names = (*names, *(_name("b", sets.names_b, unit) for unit in b.tolist()))
        return compared, replace(compared.member, names=names)

    def _units(self, rows: Places, units: Rows, count: int, kept: Rows) -> xr.DataArray:
        reached = rows >= 0
        places = np.full(count, -1, dtype=np.intp)
        places[kept] = np.arange(len(kept))
        inside = reached & (places[units] >= 0)
        values = means_of_groups(self.scores[rows[inside]], places[units[inside]], len(kept))
        like = self.study.scores
        return xr.DataArray(values, dims=("unit", *CELL), coords={"layer": like.layer, "head": like["head"]})


def _first(found: npt.NDArray[np.bool_]) -> Whole:
    """The first place along the positions, [position, layer, head] → [layer, head]."""
    return np.argmax(found, axis=0) if len(found) else np.zeros(found.shape[1:], dtype=np.intp)


def _name(side: str, names: Sequence[str], unit: int) -> str:
    return names[unit] if names else f"{side}{unit}"
