"""How many facts a study needs: what it would show with other numbers of them.

1. The study's own statements are the pilot: their scores are read from the store, and captured where they are not
   there. With a stated standard deviation nothing is captured and no model opened; of the model only its
   configuration is read, for the number of heads.
2. Every contrast gives its design, its number of observations and its heads' spreads.
3. The smallest detectable effect and the power at other sizes follow from these (`stats.power_curve`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reportgen import numbers
from reportgen.contrasts import Design, arrange
from reportgen.errors import InputError, Problem, StudyError, shown
from reportgen.inference import HeadTests, test_contrasts
from reportgen.models.convert import tokenizer_folder
from reportgen.models.shape import heads_in
from reportgen.planned import goes_by_measured
from reportgen.progress import Progress
from reportgen.report import words
from reportgen.report.results import Plan
from reportgen.scores import label_columns
from reportgen.sensitivity import has_critical_value, level_of, observations, planned_level, spread_of, unit_of, units
from reportgen.spec.model import ContrastSection, Correction, SpecFile
from reportgen.stats.corrections import criterion
from reportgen.stats.power import POWER
from reportgen.stats.power_curve import IndependentSpread, Level, PairedSpread, Spread, curve, power_at
from reportgen.study import own_scores, plan_study, preview_study


@dataclass(frozen=True)
class Sized:
    """What a contrast would show with `n` observations; effects are shares of attention.

    `easy`, `median` and `hard` are the smallest detectable effects of the steadiest tenth of the heads, the median
    head and the most variable tenth. `power` is that of the median head at the effect asked about, `sure` the share
    of heads with 80 % power or more.
    """

    n: int
    easy: float
    median: float
    hard: float
    power: float
    sure: float


@dataclass(frozen=True)
class PowerTable:
    """The plan of one contrast: what is counted (`unit`), in words what it rests on (`pilot`) and what it is corrected
    for, the effect asked about (0 for none), and a row for each size."""

    title: str
    unit: str
    pilot: str
    correction: str
    effect: float
    rows: tuple[Sized, ...]

    def lines(self) -> Iterator[str]:
        """The table for a terminal."""
        yield f"{self.title}: {self.pilot}; {self.correction}"
        yield "  The smallest difference that is seen in 80 % of cases, in points of attention, for the steadiest tenth of the"
        yield "  heads, the median head and the most variable tenth:"
        effect = f"{numbers.points(self.effect)} points"
        yield from _aligned(
            [
                (
                    self.unit,
                    "steadiest tenth",
                    "median head",
                    "most variable",
                    *self._asked(f"median power at {effect}", "heads with 80 %"),
                ),
                *(
                    (
                        numbers.count(row.n),
                        *(numbers.points(share, 2) for share in (row.easy, row.median, row.hard)),
                        *self._asked(numbers.percent(row.power, 1), numbers.percent(row.sure, 1)),
                    )
                    for row in self.rows
                ),
            ]
        )

    def _asked(self, *cells: str) -> tuple[str, ...]:
        """Cells that say nothing where no effect was asked about."""
        return cells if self.effect else ()


@dataclass(frozen=True)
class _Pilot:
    """What is known of a contrast before it is planned."""

    contrast: ContrastSection
    unit: str
    pilot: str
    spread: Spread
    correction: str
    level: Level


def plan_power(
    file: SpecFile, sizes: Sequence[int], sd: float | None, effect: float | None, cache: Path, progress: Progress
) -> tuple[PowerTable, ...]:
    """A table for each contrast of the spec.

    `sd` is a stated standard deviation of differences between partners (or of scores in each set, where there are no
    pairs), `effect` the effect to give the power at, by default the spec's smallest of interest; both are shares.
    Raises InputError for sizes that cannot be tested, and what planning and capturing raise.
    """
    plan = (plan_study if sd is None else preview_study)(file, cache, None, progress)
    pilots = _stated(plan, sd, cache, progress) if sd is not None else _measured(plan, cache, progress)
    wanted = file.spec.tests.smallest_effect if effect is None else effect
    return tuple(_table(pilot, sizes, wanted) for pilot in pilots)


def _measured(plan: Plan, cache: Path, progress: Progress) -> list[_Pilot]:
    """Pilots from the study's own scores."""
    spec, scores = plan.file.spec, own_scores(plan, cache, progress)
    return [_pilot(tests) for tests in test_contrasts(scores, spec.contrasts, spec.tests)]


def _pilot(tests: HeadTests) -> _Pilot:
    if not tests.family_size:
        raise StudyError(f"no head can be tested in the contrast {shown(tests.contrast.id)}, so nothing can be planned")
    pilot = f"as variable as in these {numbers.count(observations(tests))} {unit_of(tests)}"
    level = level_of(tests)
    correction = _correction(tests.headline, tests.family_size, level, bound=not has_critical_value(tests))
    return _Pilot(tests.contrast, unit_of(tests), pilot, spread_of(tests), correction, level)


def _correction(headline: Correction, heads: int, level: Level, *, bound: bool) -> str:
    """The correction in words; `bound` says that max-T is planned for by Šidák's level."""
    over = f"{words.CORRECTIONS[headline]} over {numbers.things(heads, 'head')}"
    needs = f"a first finding needs p ≤ {numbers.significant(level.alpha)}"
    if criterion(headline).resampled:
        return f"{over} ({needs}, Šidák's bound, or less)" if bound else f"{over} ({needs}, by its critical value here)"
    return f"{over} ({needs})"


def _stated(plan: Plan, sd: float, cache: Path, progress: Progress) -> list[_Pilot]:
    """Pilots from a stated standard deviation, the same for every head."""
    spec = plan.file.spec
    if goes_by_measured(spec):
        raise StudyError(
            f"{plan.file.path}: a contrast goes by what the model knows, so it must be asked: plan without --sd."
        )
    heads = _heads(tokenizer_folder(plan.source, cache, progress) / "config.json")
    family = heads * (len(spec.contrasts) if spec.tests.family == "study" else 1)
    labels = label_columns(plan.statements.statements)
    designs = [arrange(labels, contrast, spec.tests, str(plan.file.path)).design for contrast in spec.contrasts]
    pilot = f"a stated standard deviation of {numbers.points(sd, 2)} points"
    level = planned_level(spec.tests, family)
    correction = _correction(spec.tests.headline, family, level, bound=True)
    return [
        _Pilot(contrast, units(spec.tests, design), pilot, _alike(sd, design), correction, level)
        for contrast, design in zip(spec.contrasts, designs, strict=True)
    ]


def _alike(sd: float, design: Design) -> Spread:
    """All heads alike: one of them stands for all."""
    one = np.array([sd])
    return PairedSpread(one) if design == "paired" else IndependentSpread(one, one)


def _heads(config: Path) -> int:
    """How many heads the model has, by its configuration; raises StudyError where that does not say."""
    heads = heads_in(config.parent)
    if not heads:
        raise StudyError(f"{config}: it does not say how many layers and heads the model has; plan without --sd.")
    return heads


def _table(pilot: _Pilot, sizes: Sequence[int], effect: float) -> PowerTable:
    _require_testable(pilot, sizes)
    return PowerTable(
        title=pilot.contrast.title,
        unit=pilot.unit,
        pilot=pilot.pilot,
        correction=pilot.correction,
        effect=effect,
        rows=tuple(_rows(pilot.spread, sizes, pilot.level, effect)),
    )


def _require_testable(pilot: _Pilot, sizes: Sequence[int]) -> None:
    if min(sizes) < pilot.spread.fewest:
        problem = f"{min(sizes)} {pilot.unit} cannot be tested in the contrast {shown(pilot.contrast.id)}"
        raise InputError(Problem("--pairs", problem, f"Ask for {pilot.spread.fewest} or more."))


def _rows(spread: Spread, sizes: Sequence[int], level: Level, effect: float) -> Iterator[Sized]:
    effects, powers = curve(spread, sizes, level), power_at(spread, sizes, level, effect)
    for place, n in enumerate(sizes):
        known = powers[place][~np.isnan(powers[place])]
        yield Sized(
            n=n,
            easy=float(effects.easy[place]),
            median=float(effects.median[place]),
            hard=float(effects.hard[place]),
            power=float(np.median(known)),
            sure=float((known >= POWER).mean()),
        )


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Cells flush right in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
