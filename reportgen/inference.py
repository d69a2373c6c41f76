"""Every head of a model tested in one contrast: the labelled layer over the mathematics of `stats`.

1. The contrast's labels say which statements are compared and how (`contrasts`).
2. Scores are laid flat, [statement, head of any layer], and every head is tested at once.
3. All testable heads form one family; each correction that the spec lists adjusts its p-values.
4. Effects, their intervals and the smallest detectable effect stand beside the tests, by layer and head.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from reportgen.contrasts import Arrangement, Design, arrange
from reportgen.notices import Notice
from reportgen.spec.model import ContrastSection, Correction, TestName, TestsSection
from reportgen.stats.corrections import adjust, criterion
from reportgen.stats.differences import (
    MeanDifference,
    PerHead,
    Scores,
    describe,
    paired_difference,
    pooled_difference,
    welch_difference,
)
from reportgen.stats.effects import (
    Interval,
    cohens_dz,
    hedges_g,
    independent_bootstrap_interval,
    mean_interval,
    paired_bootstrap_interval,
    t_interval,
)
from reportgen.stats.power import detectable
from reportgen.stats.tests import TestStatistics, mann_whitney, paired_t, student, welch, wilcoxon

_CELL = ("layer", "head")


@dataclass(frozen=True)
class HeadTests:
    """What one contrast shows at every head.

    `heads` has the dimensions layer and head (and correction, for `adjusted`). Means, standard deviations,
    effect (mean of A minus mean of B) and `detectable` are shares of attention; `_low` and `_high` bound
    intervals of level 1 - α; `standardized` is Cohen's d_z when paired and Hedges' g when not. Heads that
    cannot be tested have a `reason` and NaN for statistic, p-values, standardized and detectable effect.
    `a` and `b` are the scores compared, [statement, layer, head], row by row of one pair when paired. `n_a`
    and `n_b` count statements; when paired both are the number of pairs. `test` is never `auto`.
    """

    contrast: ContrastSection
    settings: TestsSection
    design: Design
    test: TestName
    heads: xr.Dataset
    a: xr.DataArray
    b: xr.DataArray
    notices: tuple[Notice, ...]

    @property
    def n_a(self) -> int:
        return int(self.a.sizes["statement"])

    @property
    def n_b(self) -> int:
        return int(self.b.sizes["statement"])

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
    def family_size(self) -> int:
        """How many heads were tested and are corrected for."""
        return int((self.heads.reason == "").sum())

    def adjusted(self, correction: Correction) -> xr.DataArray:
        """Adjusted p-values, [layer, head]. Raises KeyError for a correction that the spec does not list."""
        adjusted: xr.DataArray = self.heads.adjusted.sel(correction=correction, drop=True)
        return adjusted

    def significant(self, correction: Correction) -> xr.DataArray:
        """Whether each head is significant at α under that correction, [layer, head]."""
        significant: xr.DataArray = self.adjusted(correction) <= self.alpha
        return significant

    def recall_heads(self) -> xr.DataArray:
        """Heads significant under the headline correction whose effect, in either direction, is at least the
        smallest effect of interest, [layer, head]."""
        large: xr.DataArray = np.abs(self.heads.effect) >= self.smallest_effect
        return self.significant(self.headline) & large

    def strongest(self, k: int) -> list[tuple[int, int]]:
        """The first k heads as (layer, head) from 0: significant ones first, then by size of effect.

        Ties keep the order of the model; heads without an effect come last.
        """
        weak = ~self.significant(self.headline).to_numpy().ravel()
        effect = np.nan_to_num(np.abs(self.heads.effect.to_numpy().ravel()), nan=-1.0)
        order = np.lexsort((-effect, weak))[:k]
        per_layer = self.heads.sizes["head"]
        return [(int(index) // per_layer, int(index) % per_layer) for index in order]


@dataclass(frozen=True)
class _Procedure:
    """How a test of the spec is carried out, with the effect, the interval and the error that go with it.

    `bootstrap` is None where the interval is that of the t distribution.
    """

    test: Callable[[Scores, Scores], TestStatistics]
    difference: Callable[[Scores, Scores], MeanDifference]
    standardized: Callable[[Scores, Scores], PerHead]
    bootstrap: Callable[[Scores, Scores, float, np.random.Generator], Interval] | None = None

    def interval(self, a: Scores, b: Scores, difference: MeanDifference, tests: TestsSection) -> Interval:
        if self.bootstrap is None:
            return t_interval(difference, 1 - tests.alpha)
        return self.bootstrap(a, b, 1 - tests.alpha, np.random.default_rng(tests.seed))


_PROCEDURES: dict[TestName, _Procedure] = {
    "paired_t": _Procedure(paired_t, paired_difference, cohens_dz),
    "wilcoxon": _Procedure(wilcoxon, paired_difference, cohens_dz, paired_bootstrap_interval),
    "student": _Procedure(student, pooled_difference, hedges_g),
    "welch": _Procedure(welch, welch_difference, hedges_g),
    "mann_whitney": _Procedure(mann_whitney, welch_difference, hedges_g, independent_bootstrap_interval),
}


def test_heads(scores: xr.DataArray, contrast: ContrastSection, tests: TestsSection) -> HeadTests:
    """Test every head of `scores` (statement, layer, head; shares of attention) in one contrast.

    Raises what `contrasts.arrange` raises where the contrast cannot be carried out on these statements.
    """
    ordered = scores.transpose("statement", *_CELL)
    arrangement = arrange(_columns(ordered), contrast, tests.test)
    a, b = ordered.isel(statement=arrangement.a), ordered.isel(statement=arrangement.b)
    heads = _heads(a, b, arrangement, tests)
    return HeadTests(
        contrast=contrast,
        settings=tests,
        design=arrangement.design,
        test=arrangement.test,
        heads=heads,
        a=a,
        b=b,
        notices=(*arrangement.notices, *_untested(contrast, heads)),
    )


def _columns(scores: xr.DataArray) -> dict[str, np.ndarray]:
    return {
        str(name): labels.to_numpy()
        for name, labels in scores.coords.items()
        if labels.dims == ("statement",) and name != "statement"
    }


def _heads(a: xr.DataArray, b: xr.DataArray, arrangement: Arrangement, tests: TestsSection) -> xr.Dataset:
    procedure, flat_a, flat_b = _PROCEDURES[arrangement.test], _flat(a), _flat(b)
    result = procedure.test(flat_a, flat_b)
    difference = procedure.difference(flat_a, flat_b)
    interval = procedure.interval(flat_a, flat_b, difference, tests)
    family_size = int((result.reason == "").sum())
    results = {
        **_set_summary("a", flat_a, tests.alpha),
        **_set_summary("b", flat_b, tests.alpha),
        "effect": difference.estimate,
        "effect_low": interval.low,
        "effect_high": interval.high,
        "standardized": procedure.standardized(flat_a, flat_b),
        "statistic": result.statistic,
        "p_value": result.p_value,
        "detectable": _detectable(difference, family_size, tests),
        "reason": result.reason,
    }
    shape = a.shape[1:]
    cells = {name: (_CELL, values.reshape(shape)) for name, values in results.items()}
    adjusted = np.stack([adjust(result.p_value, name).reshape(shape) for name in tests.corrections])
    return xr.Dataset(
        {**cells, "adjusted": (("correction", *_CELL), adjusted)},
        coords={"correction": list(tests.corrections), "layer": a.layer, "head": a["head"]},
    )


def _flat(scores: xr.DataArray) -> Scores:
    return scores.to_numpy().reshape(scores.sizes["statement"], -1)


def _set_summary(name: str, scores: Scores, alpha: float) -> dict[str, PerHead]:
    moments, interval = describe(scores), mean_interval(scores, 1 - alpha)
    return {
        f"mean_{name}": moments.mean,
        f"mean_{name}_low": interval.low,
        f"mean_{name}_high": interval.high,
        f"sd_{name}": moments.standard_deviation,
    }


def _detectable(difference: MeanDifference, family_size: int, tests: TestsSection) -> PerHead:
    """For the α that the headline correction leaves a first finding; a family of none is not corrected."""
    return detectable(difference, criterion(tests.headline).strictest(tests.alpha, max(family_size, 1)))


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
