"""Does a procedure hold its error rate for heads of which only the means are equal?

Swaps and shuffles make heads that do not differ in any way, which is just what max-T's own arrangements take for granted.
Here heads keep what they are but for their mean:

1. Each head's differences, or each set's scores, lose their mean; units are drawn anew with replacement, whole, so that
   skew, spread and the dependence between heads stay (`NullDesign.draw_equal_means`). No mean differs: every finding
   that is read as a difference of means is false.
2. Every test of the design runs on each draw as on a study: heads that cannot be tested in this draw are left out, and
   max-T arranges the draw's own scores, since draws do not share their arrangements.
3. Redrawing few units makes a sample a little more skewed than what it stands for. So the same is counted on normal
   heads with the same variances and dependence: what they show is owed to the count, not to the scores.
4. Draws with a finding are counted; so are those in which a finding reaches the smallest effect of interest, and those in
   which one falls on a head that is not strongly skewed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reportgen.stats.calibration_rows import EqualMeansRow, Rate, SkewedHead
from reportgen.stats.calibration_tested import Advance, Settings, Tested, keys_of, seed_from
from reportgen.stats.corrections import Method
from reportgen.stats.differences import Flags, PerHead
from reportgen.stats.null_draws import RUN, NullDesign, Test

_Draws = Iterator[tuple[PerHead, PerHead]]


def count_equal_means(
    design: NullDesign, settings: Settings, rng: np.random.Generator, advance: Advance
) -> tuple[EqualMeansRow, ...]:
    """What every test of the design's own finds with every correction; every head of `design` has to be testable."""
    return _count(design, _redrawn(design, settings.means_draws, rng), settings, rng, advance)


def count_normal(
    design: NullDesign, settings: Settings, rng: np.random.Generator, advance: Advance
) -> tuple[EqualMeansRow, ...]:
    """The same, had every head normal scores: the yardstick."""
    return _count(design, _redrawn_normal(design, settings.means_draws, rng), settings, rng, advance)


def strongly_skewed(design: NullDesign, places: npt.NDArray[np.intp], beyond: float) -> tuple[SkewedHead, ...]:
    """Heads whose skewness is beyond that in either direction, the strongest first; `places` [head] are theirs among
    all heads."""
    skewness = design.skewness()
    falling = np.argsort(-np.abs(skewness), kind="stable")
    return tuple(
        SkewedHead(int(places[head]), float(skewness[head])) for head in falling if abs(skewness[head]) > beyond
    )


@dataclass(frozen=True)
class _Tally:
    """Whether one draw holds a finding, one that is large enough, and one at a head that is not strongly skewed."""

    any: bool
    beyond: bool
    unskewed: bool

    @classmethod
    def of(cls, found: Flags, large: Flags, skewed: Flags) -> "_Tally":
        return cls(bool(found.any()), bool((found & large).any()), bool((found & ~skewed).any()))


def _redrawn(design: NullDesign, draws: int, rng: np.random.Generator) -> _Draws:
    """Data sets one by one; their keys come before all seeds, so that the size of a block changes nothing."""
    for keys in list(keys_of(design, draws, rng)):
        yield from design.draw_equal_means(keys).each()


def _redrawn_normal(design: NullDesign, draws: int, rng: np.random.Generator) -> _Draws:
    """The same from normal scores, new ones for each."""
    for keys in list(keys_of(design, draws, rng)):
        for key in keys:
            yield from design.normal(rng).draw_equal_means(key[np.newaxis]).each()


def _count(
    design: NullDesign, drawn: _Draws, settings: Settings, rng: np.random.Generator, advance: Advance
) -> tuple[EqualMeansRow, ...]:
    skewed = np.abs(design.skewness()) > settings.strong_skew
    tallies: dict[tuple[Test, Method], list[_Tally]] = {
        (test, method): [] for test in design.own_tests for method in settings.corrections
    }
    for a, b in drawn:
        large = np.abs(design.difference(a, b).estimate) >= settings.smallest_effect
        for test in design.own_tests:
            found = _found(test, a, b, settings, seed_from(rng))
            for method, heads in found.items():
                tallies[test, method].append(_Tally.of(heads, large, skewed))
        advance(1)
    return tuple(_row(test, method, settings.alpha, tally) for (test, method), tally in tallies.items())


def _found(test: Test, a: PerHead, b: PerHead, settings: Settings, seed: int) -> dict[Method, Flags]:
    """Which heads that test finds with each correction, [head]; heads that this draw leaves constant are not tested."""
    able = RUN[test](a, b).reason == ""
    if not able.any():
        return dict.fromkeys(settings.corrections, able)
    tested = Tested.of(test, a[:, able], b[:, able], settings.alpha, settings.means_resamples, seed)
    return {method: _spread(tested.found(method), able) for method in settings.corrections}


def _spread(found: Flags, able: Flags) -> Flags:
    """What was found among the heads that were tested, over all heads."""
    spread = np.zeros_like(able)
    spread[able] = found
    return spread


def _row(test: Test, method: Method, alpha: float, tallies: list[_Tally]) -> EqualMeansRow:
    def rate(happened: list[bool]) -> Rate:
        return Rate(sum(happened), len(happened))

    return EqualMeansRow(
        test=test,
        correction=method,
        alpha=alpha,
        any=rate([tally.any for tally in tallies]),
        beyond=rate([tally.beyond for tally in tallies]),
        unskewed=rate([tally.unskewed for tally in tallies]),
    )
