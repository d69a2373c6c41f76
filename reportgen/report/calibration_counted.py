"""What `reportgen calibrate` counted on a study's first contrast."""

from dataclasses import dataclass

from reportgen.inference import HeadTests
from reportgen.stats.calibration_rows import Calibration, EqualMeansRow, NullRow, PlantedRow, Size, Verdict
from reportgen.stats.calibration_tested import Settings
from reportgen.stats.corrections import Method
from reportgen.stats.null_draws import Test

VERDICTS: dict[Verdict, str] = {"held": "yes", "cautious": "more cautious", "broken": "no"}


@dataclass(frozen=True)
class Counted:
    """A study's first contrast, and what was counted on it.

    `own_test` is the test whose statistic the study uses; `typical_error` is the standard error of the median head in a
    null data set, a share of attention.
    """

    tests: HeadTests
    own_test: Test
    settings: Settings
    typical_error: float
    calibration: Calibration

    @property
    def own(self) -> NullRow:
        """The study's own procedure."""
        return self.null(self.own_test, self.tests.headline)

    @property
    def sizes(self) -> tuple[Size, ...]:
        """The sizes that were planted, the smallest first."""
        return self.settings.sizes

    @property
    def own_means(self) -> EqualMeansRow:
        """What became of the study's own procedure where only the means were equal."""
        return self.equal_means(self.own_test, self.tests.headline)

    @property
    def own_normal(self) -> EqualMeansRow:
        """The same, had every head normal scores."""
        rows, own = self.calibration.equal_means_normal, self.own_means
        return next(row for row in rows if (row.test, row.correction) == (own.test, own.correction))

    def equal_means(self, test: Test, correction: Method) -> EqualMeansRow:
        """What became of that test and correction where only the means were equal."""
        return next(row for row in self.calibration.equal_means if (row.test, row.correction) == (test, correction))

    def null(self, test: Test, correction: Method) -> NullRow:
        """What became of null data sets under that test and correction."""
        return next(row for row in self.calibration.nulls if (row.test, row.correction) == (test, correction))

    def planted(self, correction: Method) -> list[PlantedRow]:
        """What became of planted effects under that correction, by size."""
        return [row for row in self.calibration.planted if row.correction == correction]
