"""Every head of a model tested in one contrast: the labelled layer over the mathematics of `stats`.

1. The contrast's labels say which statements are compared and how, and which of them belong together (`contrasts`).
2. Scores become one row for each independent unit, [unit, head of any layer], and every head is tested at once.
3. The testable heads form a family, of one contrast or of all contrasts of the study; each correction that the spec
   lists adjusts its p-values (`families`).
4. Effects, their intervals and the smallest detectable effect stand beside the tests, by layer and head.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from reportgen.compared import Compared, compare_statements, compare_units
from reportgen.contrasts import Design
from reportgen.families import Adjusted, adjust_family
from reportgen.notices import Notice
from reportgen.procedures import procedure_of
from reportgen.scores import CELL, flat
from reportgen.spec.model import ContrastSection, Correction, TestName, TestsSection
from reportgen.stats.differences import PerHead, Scores, describe
from reportgen.stats.effects import Interval, mean_interval


@dataclass(frozen=True)
class HeadTests:
    """What one contrast shows at every head.

    `heads` has the dimensions layer and head (and correction, for `adjusted`). Means, standard deviations, effect
    (mean of A minus mean of B) and `detectable` are shares of attention; `effect_low` and `effect_high` bound each
    head's own interval of level 1 - α, `simultaneous_*` one that allows for the headline correction; `standardized`
    is Cohen's d_z when paired and Hedges' g when not; `dominance` the share of pairs with a positive difference minus
    that with a negative one, or Cliff's delta; `equivalence` the adjusted p-value of the claim that the effect is
    smaller than the smallest one of interest. Heads that cannot be tested have a `reason` and NaN for whatever rests
    on a test.

    `a` and `b` are the statements compared, [statement, layer, head], row by row of one pair when `partners`. `units_a`
    and `units_b` are what is tested, [unit, layer, head]: the same, or the means of clusters. `family_size` counts the
    heads corrected for together, `tested` those of this contrast. `test` is never `auto`.
    """

    contrast: ContrastSection
    settings: TestsSection
    design: Design
    test: TestName
    heads: xr.Dataset
    a: xr.DataArray
    b: xr.DataArray
    units_a: xr.DataArray
    units_b: xr.DataArray
    adjusting: Adjusted
    notices: tuple[Notice, ...]

    @property
    def n_a(self) -> int:
        """How many units A has."""
        return int(self.units_a.sizes["unit"])

    @property
    def n_b(self) -> int:
        """How many units B has; as many as A when paired."""
        return int(self.units_b.sizes["unit"])

    @property
    def partners(self) -> bool:
        """Whether the statements of A and B are partners, row by row."""
        return self.design == "paired" and self.settings.cluster is None

    @property
    def alpha(self) -> float:
        return self.settings.alpha

    @property
    def headline(self) -> Correction:
        return self.settings.headline

    @property
    def smallest_effect(self) -> float:
        return self.settings.smallest_effect

    @property
    def tested(self) -> int:
        """How many heads were tested in this contrast."""
        return int((self.heads.reason == "").sum())

    @property
    def family_size(self) -> int:
        """How many heads are corrected for together."""
        return self.adjusting.size

    def adjusted(self, correction: Correction) -> xr.DataArray:
        """Adjusted p-values, [layer, head]. Raises KeyError for a correction that the spec does not list."""
        adjusted: xr.DataArray = self.heads.adjusted.sel(correction=correction, drop=True)
        return adjusted

    def significant(self, correction: Correction) -> xr.DataArray:
        """Whether each head is significant at α under that correction, [layer, head]."""
        significant: xr.DataArray = self.adjusted(correction) <= self.alpha
        return significant

    def large(self) -> xr.DataArray:
        """Heads whose effect, in either direction, is at least the smallest effect of interest, [layer, head]."""
        large: xr.DataArray = np.abs(self.heads.effect) >= self.smallest_effect
        return large

    def found_by(self, correction: Correction) -> xr.DataArray:
        """Heads that are significant under that correction and whose effect is large enough, [layer, head]."""
        return self.significant(correction) & self.large()

    def recall_heads(self) -> xr.DataArray:
        """The heads found by the headline correction, [layer, head]."""
        return self.found_by(self.headline)

    def negligible(self) -> xr.DataArray:
        """Heads whose effect is shown to be smaller than the smallest effect of interest, [layer, head]."""
        shown: xr.DataArray = self.heads.equivalence <= self.alpha
        return shown

    def strongest(self, k: int) -> list[tuple[int, int]]:
        """The first k heads as (layer, head) from 0: significant ones first, then by size of effect.

        Ties keep the order of the model; heads without an effect come last.
        """
        weak = ~self.significant(self.headline).to_numpy().ravel()
        effect = np.nan_to_num(np.abs(self.heads.effect.to_numpy().ravel()), nan=-1.0)
        order = np.lexsort((-effect, weak))[:k]
        per_layer = self.heads.sizes["head"]
        return [(int(index) // per_layer, int(index) % per_layer) for index in order]


def test_heads(scores: xr.DataArray, contrast: ContrastSection, tests: TestsSection) -> HeadTests:
    """Test every head of `scores` (statement, layer, head; shares of attention) in one contrast, a family by itself.

    Raises what `contrasts.arrange` raises where the contrast cannot be carried out on these statements.
    """
    return _corrected([compare_statements(scores, contrast, tests)], tests)[0]


def test_contrasts(
    scores: xr.DataArray, contrasts: Sequence[ContrastSection], tests: TestsSection
) -> tuple[HeadTests, ...]:
    """Test several contrasts: a family each, or one family over all of them where the spec says `family: study`.

    Raises what `contrasts.arrange` raises.
    """
    if tests.family == "contrast":
        return tuple(test_heads(scores, contrast, tests) for contrast in contrasts)
    return tuple(_corrected([compare_statements(scores, contrast, tests) for contrast in contrasts], tests))


def test_units(
    a: xr.DataArray, b: xr.DataArray, design: Design, contrast: ContrastSection, tests: TestsSection
) -> HeadTests:
    """Test units that are there already, [unit, layer, head] each: relabelled, cut in two, or differences of others.

    They stand for the statements, too. Row by row partners when `design` is paired.
    """
    return _corrected([compare_units(a, b, design, contrast, tests)], tests)[0]


def bootstrap_interval(tests: HeadTests) -> Interval:
    """Each head's own BCa bootstrap interval of level 1 - α, [head of any layer]; units are drawn whole."""
    procedure = procedure_of(tests.test, tests.design)
    return procedure.bootstrapped(flat(tests.units_a), flat(tests.units_b), tests.settings)


def _corrected(compared: Sequence[Compared], tests: TestsSection) -> list[HeadTests]:
    """Adjust the p-values of one family, and put everything about each contrast together."""
    family = adjust_family([one.member for one in compared], tests)
    return [_head_tests(one, adjusted, tests) for one, adjusted in zip(compared, family, strict=True)]


def _head_tests(compared: Compared, adjusted: Adjusted, tests: TestsSection) -> HeadTests:
    heads = _heads(compared, adjusted, tests)
    notices = (*compared.arrangement.notices, *adjusted.notices, *_untested(compared.contrast, heads))
    return HeadTests(
        contrast=compared.contrast,
        settings=tests,
        design=compared.arrangement.design,
        test=compared.arrangement.test,
        heads=heads,
        a=compared.sides.a,
        b=compared.sides.b,
        units_a=compared.sides.units_a,
        units_b=compared.sides.units_b,
        adjusting=adjusted,
        notices=notices,
    )


def _heads(compared: Compared, adjusted: Adjusted, tests: TestsSection) -> xr.Dataset:
    sides = compared.sides
    a, b = flat(sides.units_a), flat(sides.units_b)
    procedure, difference = compared.procedure, compared.difference
    results = {
        **_set_summary("a", a, tests.alpha),
        **_set_summary("b", b, tests.alpha),
        "effect": difference.estimate,
        **_bounds("effect", procedure.interval(a, b, tests)),
        **_bounds("simultaneous", adjusted.interval),
        "standardized": procedure.standardized(a, b),
        "dominance": procedure.dominance(a, b),
        "statistic": compared.result.statistic,
        "p_value": adjusted.p_value,
        "equivalence": adjusted.equivalence,
        "detectable": adjusted.detectable,
        "reason": compared.result.reason,
    }
    shape = sides.units_a.shape[1:]
    cells = {name: (CELL, np.asarray(values).reshape(shape)) for name, values in results.items()}
    stacked = np.stack([values.reshape(shape) for values in adjusted.by_correction])
    return xr.Dataset(
        {**cells, "adjusted": (("correction", *CELL), stacked)},
        coords={"correction": list(tests.corrections), "layer": sides.a.layer, "head": sides.a["head"]},
    )


def _bounds(name: str, interval: Interval) -> dict[str, PerHead]:
    return {f"{name}_low": interval.low, f"{name}_high": interval.high}


def _set_summary(name: str, scores: Scores, alpha: float) -> dict[str, PerHead]:
    moments, interval = describe(scores), mean_interval(scores, 1 - alpha)
    return {
        f"mean_{name}": moments.mean,
        f"mean_{name}_low": interval.low,
        f"mean_{name}_high": interval.high,
        f"sd_{name}": moments.standard_deviation,
    }


def _untested(contrast: ContrastSection, heads: xr.Dataset) -> list[Notice]:
    """One notice for each reason why heads are not tested."""
    reasons = heads.reason.to_numpy()
    return [
        Notice(
            "left out",
            f"{(reasons == reason).sum()} of {reasons.size} heads cannot be tested in the contrast "
            f"`{contrast.id}` and are not corrected for: {reason}.",
            tuple(f"L{layer}H{head}" for layer, head in np.argwhere(reasons == reason)),
        )
        for reason in dict.fromkeys(reasons.ravel().tolist())
        if reason
    ]
