"""Questions beyond one difference: differences of differences, and scores that go along with a number.

An interaction is a contrast of difference scores: the pairs of a contrast are the units, labelled as their statement
in A is, and those among `x` are compared with those among `y`. A dose is a correlation over statements, or over the
means of clusters. Both are corrected as the study's contrasts are, each a family by itself.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from reportgen.contrasts import Labels
from reportgen.errors import Problem, StudyError, shown
from reportgen.inference import HeadTests, test_heads
from reportgen.notices import Notice
from reportgen.planned import DoseColumnError, arrange_pairs, as_two_sets, between, choose_rows
from reportgen.scores import CELL, by_head, columns_of
from reportgen.spec.model import (
    Correction,
    DoseSection,
    InteractionSection,
    StudySpec,
    TestsSection,
)
from reportgen.stats.association import FEWEST, Associations, associate
from reportgen.stats.corrections import adjust, criterion
from reportgen.stats.differences import PerHead, Scores, describe, differences_of, means_of_groups


@dataclass(frozen=True)
class InteractionFinding:
    """A difference of differences at every head: `tests` compares difference scores."""

    section: InteractionSection
    tests: HeadTests


@dataclass(frozen=True)
class DoseFinding:
    """How every head's score goes along with a column, [layer, head]; NaN where a head does not vary.

    `adjusted` are p-values under the headline correction, `significant` those at most α. `units` counts what is
    independent, which `unit` names: clusters, facts or statements.
    """

    section: DoseSection
    correlation: xr.DataArray
    p_value: xr.DataArray
    adjusted: xr.DataArray
    significant: xr.DataArray
    units: int
    unit: str
    headline: Correction
    alpha: float
    notices: tuple[Notice, ...]


def interact(scores: xr.DataArray, section: InteractionSection, spec: StudySpec, place: str) -> InteractionFinding:
    """Compare a contrast's differences among `x` with those among `y`.

    Raises what `planned.arrange_pairs` and `test_heads` raise.
    """
    pairs = arrange_pairs(columns_of(scores), section, spec, place)
    a, b = (scores.transpose("statement", *CELL).isel(statement=rows) for rows in (pairs.a, pairs.b))
    differences = a.copy(data=differences_of(a.to_numpy(), b.to_numpy()))
    return InteractionFinding(section, test_heads(differences, between(section), as_two_sets(spec.tests)))


def dose(scores: xr.DataArray, section: DoseSection, tests: TestsSection, place: str) -> DoseFinding:
    """Correlate a column with every head's score. Raises DoseColumnError where the column does not allow it."""
    labels = columns_of(scores)
    rows = choose_rows(labels, section, place)
    column = _numbers(labels[section.column][rows])
    known = np.isfinite(column)
    means = _units(labels, rows[known], column[known], tests)
    heads = scores.sizes["layer"] * scores.sizes["head"]
    values = means(scores.transpose("statement", *CELL).to_numpy()[rows[known]].reshape(-1, heads))
    numbers = means(column[known][:, np.newaxis])[:, 0]
    if len(numbers) < FEWEST or not describe(numbers[:, np.newaxis]).variance[0] > 0:
        message = (
            f"the dose {shown(section.id)} needs at least {FEWEST} units with different numbers in the column "
            f"{shown(section.column)}; {int(known.sum())} of {len(column)} statements have one"
        )
        raise DoseColumnError(Problem(place, message, "name a column that holds numbers"))
    found = associate(values, numbers, section.method, tests.alternative, tests.resamples, tests.seed)
    return _dose_finding(found, section, tests, scores, means, len(column) - int(known.sum()))


def _numbers(column: npt.NDArray[np.generic]) -> PerHead:
    """A column of numbers or of text as numbers; what is no number is NaN."""
    return np.array([_number(value) for value in column.tolist()], dtype=np.float64)


def _number(value: object) -> float:
    try:
        return float(str(value)) if not isinstance(value, bool) else float(value)
    except ValueError:
        return float("nan")


@dataclass(frozen=True)
class _Means:
    """Averages rows that belong together."""

    unit: str
    units: npt.NDArray[np.intp]
    count: int

    def __call__(self, rows: Scores) -> PerHead:
        return means_of_groups(rows, self.units, self.count)


def _units(labels: Labels, rows: npt.NDArray[np.intp], column: PerHead, tests: TestsSection) -> _Means:
    """What is independent: clusters; else facts, where the column says the same of a fact's two statements."""
    if tests.cluster is None and not _alike_within(labels["pair"][rows], column):
        return _Means("statement", np.arange(len(rows)), len(rows))
    groups = labels[tests.cluster or "pair"][rows].astype(str)
    alone = np.char.add("statement ", np.arange(len(rows)).astype(str))
    names, units = np.unique(np.where(groups == "", alone, groups), return_inverse=True)
    return _Means("fact" if tests.cluster is None else "cluster", units, len(names))


def _alike_within(pairs: npt.NDArray[np.str_], column: PerHead) -> bool:
    """Whether the column has one value in each pair."""
    _, units = np.unique(pairs, return_inverse=True)
    highest, lowest = np.full(units.max(initial=-1) + 1, -np.inf), np.full(units.max(initial=-1) + 1, np.inf)
    np.maximum.at(highest, units, column)
    np.minimum.at(lowest, units, column)
    return bool((highest == lowest).all())


def _dose_finding(
    found: Associations, section: DoseSection, tests: TestsSection, scores: xr.DataArray, means: _Means, unknown: int
) -> DoseFinding:
    if found.resampled is None:
        raise StudyError(f"no head's score varies in the dose {shown(section.id)}")
    adjusted = np.full(len(found.varies), np.nan)
    if criterion(tests.headline).resampled:
        stepped = tests.headline == "max_t_step_down"
        adjusted[found.varies] = found.step_down if stepped else found.resampled.adjusted
    else:
        adjusted = adjust(found.p_value, tests.headline, tests.alpha)
    notices: tuple[Notice, ...] = ()
    if unknown:
        message = f"In the dose {shown(section.id)}, {unknown} statements have no number in {shown(section.column)}."
        notices = (Notice("left out", message),)
    return DoseFinding(
        section=section,
        correlation=by_head(found.correlation, scores),
        p_value=by_head(found.p_value, scores),
        adjusted=by_head(adjusted, scores),
        significant=by_head(adjusted, scores) <= tests.alpha,
        units=means.count,
        unit=means.unit,
        headline=tests.headline,
        alpha=tests.alpha,
        notices=notices,
    )
