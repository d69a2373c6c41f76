"""One contrast as it is tested: which units are compared, by which procedure, and what each head shows by itself."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from reportgen.clusters import Rows
from reportgen.contrasts import Arrangement, Design, arrange
from reportgen.families import Member
from reportgen.procedures import Procedure, procedure_of
from reportgen.scores import CELL, columns_of, flat
from reportgen.spec.model import ContrastSection, TestName, TestsSection
from reportgen.stats.differences import MeanDifference, means_of_groups
from reportgen.stats.tests import TestStatistics

_TESTS: dict[Design, TestName] = {"paired": "paired_t", "independent": "welch"}


@dataclass(frozen=True)
class Sides:
    """The statements of both sets, [statement, layer, head], and their units, [unit, layer, head]."""

    a: xr.DataArray
    b: xr.DataArray
    units_a: xr.DataArray
    units_b: xr.DataArray


@dataclass(frozen=True)
class Compared:
    """One contrast, tested head by head and not yet corrected."""

    contrast: ContrastSection
    arrangement: Arrangement
    sides: Sides
    procedure: Procedure
    result: TestStatistics
    difference: MeanDifference

    @property
    def member(self) -> Member:
        """What its family has to know of it."""
        names = self.arrangement.names_a
        if self.arrangement.design == "independent":
            names = (*names, *self.arrangement.names_b)
        resampled = self.arrangement.test == "permutation"
        a, b = flat(self.sides.units_a), flat(self.sides.units_b)
        return Member(a, b, self.result, self.difference, self.procedure, names, resampled)


def compare_statements(scores: xr.DataArray, contrast: ContrastSection, tests: TestsSection) -> Compared:
    """Arrange the statements of `scores` (statement, layer, head) and test every head on their units.

    Raises what `contrasts.arrange` raises.
    """
    ordered = scores.transpose("statement", *CELL)
    arrangement = arrange(columns_of(ordered), contrast, tests)
    a, b = ordered.isel(statement=arrangement.a), ordered.isel(statement=arrangement.b)
    units_a = _units(a, arrangement.unit_a, len(arrangement.names_a))
    units_b = _units(b, arrangement.unit_b, len(arrangement.names_b))
    return _compared(contrast, arrangement, Sides(a, b, units_a, units_b), tests)


def compare_units(
    a: xr.DataArray, b: xr.DataArray, design: Design, contrast: ContrastSection, tests: TestsSection
) -> Compared:
    """Test every head on units that are there already, [unit, layer, head]; they stand for the statements, too."""
    test = _TESTS[design] if tests.test == "auto" else tests.test
    rows_a, rows_b = (np.arange(units.sizes["unit"]) for units in (a, b))
    names_a = tuple(f"a{row}" for row in rows_a)
    names_b = names_a if design == "paired" else tuple(f"b{row}" for row in rows_b)
    arrangement = Arrangement(design, test, rows_a, rows_b, rows_a, rows_b, names_a, names_b, ())
    sides = Sides(a.rename(unit="statement"), b.rename(unit="statement"), a, b)
    return _compared(contrast, arrangement, sides, tests)


def _compared(contrast: ContrastSection, arrangement: Arrangement, sides: Sides, tests: TestsSection) -> Compared:
    procedure = procedure_of(arrangement.test, arrangement.design)
    a, b = flat(sides.units_a), flat(sides.units_b)
    result = procedure.test(a, b, tests.alternative)
    return Compared(contrast, arrangement, sides, procedure, result, procedure.difference(a, b))


def _units(scores: xr.DataArray, units: Rows, count: int) -> xr.DataArray:
    """The mean score of each unit's statements, [unit, layer, head]; the scores themselves where each has one."""
    alone = len(units) == count
    values = scores.to_numpy()[np.argsort(units)] if alone else means_of_groups(scores.to_numpy(), units, count)
    return xr.DataArray(values, dims=("unit", *CELL), coords={"layer": scores.layer, "head": scores["head"]})
