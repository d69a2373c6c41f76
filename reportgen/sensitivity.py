"""What a contrast would show with other numbers of observations: the labelled layer over `stats.power_curve`.

The study itself is the pilot: its heads' spreads are taken as they are, and the error that more or fewer
observations would leave follows from them.
"""

import numpy as np

from reportgen.contrasts import Design
from reportgen.facts.wordings import FACT
from reportgen.inference import HeadTests
from reportgen.scores import flat
from reportgen.spec.model import TestsSection
from reportgen.stats.corrections import criterion
from reportgen.stats.power_curve import (
    Level,
    Spread,
    independent_spread,
    level_of_critical,
    paired_spread,
    planning_level,
)

_STEPS = 17


def spread_of(tests: HeadTests) -> Spread:
    """Every head's spread in the design of the contrast."""
    a, b = (flat(units) for units in (tests.units_a, tests.units_b))
    return paired_spread(a, b) if tests.design == "paired" else independent_spread(a, b)


def observations(tests: HeadTests) -> int:
    """How many observations the contrast rests on, as `spread_of` counts them."""
    return tests.n_a if tests.design == "paired" else tests.n_a + tests.n_b


def unit_of(tests: HeadTests) -> str:
    """What is counted, in the plural."""
    return units(tests.settings, tests.design)


def units(settings: TestsSection, design: Design) -> str:
    """What such a test counts, in the plural."""
    if settings.cluster is not None:
        return "facts" if settings.cluster == FACT else "clusters"
    return "pairs" if design == "paired" else "statements"


def level_of(tests: HeadTests) -> Level:
    """What a first finding has to pass under the headline correction; for max-T, what its critical value amounts to."""
    if not has_critical_value(tests):
        return planned_level(tests.settings, tests.family_size)
    both_sides = level_of_critical(tests.adjusting.critical, spread_of(tests).at(observations(tests)))
    alternative = tests.settings.alternative
    return Level(both_sides if alternative == "two-sided" else both_sides / 2, alternative)


def has_critical_value(tests: HeadTests) -> bool:
    """Whether the headline is max-T, and its critical value of |t| follows from these scores."""
    return criterion(tests.headline).resampled and bool(np.isfinite(tests.adjusting.critical))


def planned_level(tests: TestsSection, family_size: int) -> Level:
    """What one head of so many has to pass, as far as it is known without scores."""
    return Level(planning_level(tests.headline, tests.alpha, max(family_size, 1)), tests.alternative)


def sizes_around(n: int, fewest: int) -> tuple[int, ...]:
    """Numbers of observations from a quarter of `n` to four times it, evenly spread on a log scale, `n` among them."""
    return tuple(sorted({max(round(n * factor), fewest) for factor in np.geomspace(0.25, 4, _STEPS)}))
