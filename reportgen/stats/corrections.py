"""Corrections for testing many heads at once: adjusted p-values, and what each correction promises.

1. A criterion says in words what a correction controls and which raw p-values pass.
2. All corrections but max-T turn raw p-values into adjusted ones (`adjust`), all but Holm's by statsmodels.
3. Max-T needs the scores themselves: its adjusted p-values come from `stats.maxt`, and `adjust` refuses it.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from reportgen.stats.differences import PerHead

Method = Literal[
    "none",
    "bonferroni",
    "sidak",
    "holm",
    "hommel",
    "benjamini_hochberg",
    "two_stage_benjamini_hochberg",
    "benjamini_yekutieli",
    "max_t",
    "max_t_step_down",
]


@dataclass(frozen=True)
class Criterion:
    """What a correction promises, in words, and its numbers for one α and one family of heads.

    `controls` is the error rate held at α; `dependence` says under which dependence between heads;
    `threshold` says which raw p-values (for max-T: which statistics) pass; `reference` is the key of the source in
    the bibliography ("" for no correction); `library_name` is statsmodels' name ("" where it is not asked);
    `resampled` means that adjusted p-values come from arrangements of the scores (`stats.maxt`).
    """

    method: Method
    controls: Literal["each head's own error rate", "FWER", "FDR"]
    dependence: str
    threshold: str
    reference: str
    library_name: str
    resampled: bool = False

    def strictest(self, alpha: float, family_size: int) -> float:
        """The raw p-value that is significant whatever the other heads show, which is what a first finding needs:
        α for no correction; 1 - (1 - α)^(1/m) for Šidák; α/((1 + α)m) for two-stage Benjamini–Hochberg, whose first
        stage has to pass a head; α/(m·Σ1/i) for Benjamini–Yekutieli; α/m for all others.

        Raises ValueError for an empty family, and for max-T, which has no such raw p-value: there a statistic has
        to exceed a critical value, `stats.maxt.Resampled.critical`.
        """
        if family_size < 1:
            raise ValueError("a family needs at least one head")
        _require_from_p_values(self, "the critical value of its statistic")
        match self.method:
            case "none":
                return alpha
            case "sidak":
                return float(-np.expm1(np.log1p(-alpha) / family_size))
            case "two_stage_benjamini_hochberg":
                return alpha / ((1 + alpha) * family_size)
            case "benjamini_yekutieli":
                return alpha / (family_size * sum(1 / i for i in range(1, family_size + 1)))
            case _:
                return alpha / family_size

    def expected_heads(self, alpha: float, family_size: int) -> float | None:
        """How many heads pass on average where none truly differs; None where only their chance is bounded."""
        return alpha * family_size if self.method == "none" else None

    def probability_of_any(self, alpha: float) -> float | None:
        """The bound on the chance that any head passes where none truly differs; None where there is none.

        Where no head differs every finding is false, so the false discovery rate is the family-wise error.
        """
        return None if self.method == "none" else alpha


_ANY = "any dependence between heads"
_ANY_EXCHANGEABLE = (
    f"{_ANY}, where labels or signs are exchangeable if nothing differs (a head whose differences are skewed about a "
    "mean of 0 is not)"
)

CRITERIA: tuple[Criterion, ...] = (
    Criterion(
        method="none",
        controls="each head's own error rate",
        dependence="no promise about the family",
        threshold="p ≤ α",
        reference="",
        library_name="",
    ),
    Criterion(
        method="bonferroni",
        controls="FWER",
        dependence=_ANY,
        threshold="p ≤ α/m",
        reference="dunn1961",
        library_name="bonferroni",
    ),
    Criterion(
        method="sidak",
        controls="FWER",
        dependence="independence or positive dependence between heads (any dependence for two-sided tests of normal means)",
        threshold="p ≤ 1 − (1 − α)^(1/m)",
        reference="sidak1967",
        library_name="sidak",
    ),
    Criterion(
        method="holm",
        controls="FWER",
        dependence=_ANY,
        threshold="step-down: the k-th smallest p ≤ α/(m − k + 1), up to the first that fails",
        reference="holm1979",
        library_name="",
    ),
    Criterion(
        method="hommel",
        controls="FWER",
        dependence="independence or positive regression dependence between heads",
        threshold="closed: every set of heads that holds this one has, for some k, its k-th smallest p ≤ kα/(size of the set)",
        reference="hommel1988",
        library_name="hommel",
    ),
    Criterion(
        method="benjamini_hochberg",
        controls="FDR",
        dependence="independence or positive regression dependence between heads",
        threshold="step-up: the largest k whose k-th smallest p ≤ kα/m, and every smaller p",
        reference="benjamini1995",
        library_name="fdr_bh",
    ),
    Criterion(
        method="two_stage_benjamini_hochberg",
        controls="FDR",
        dependence="independence between heads",
        threshold="step-up at α/(1 + α) finds r heads; once more with m − r in place of m",
        reference="benjamini2006",
        library_name="fdr_tsbky",
    ),
    Criterion(
        method="benjamini_yekutieli",
        controls="FDR",
        dependence=_ANY,
        threshold="step-up: the largest k whose k-th smallest p ≤ kα/(m·Σ1/i), and every smaller p",
        reference="benjamini2001",
        library_name="fdr_by",
    ),
    Criterion(
        method="max_t",
        controls="FWER",
        dependence=_ANY_EXCHANGEABLE,
        threshold="at most a share α of the arrangements has, at any head, a statistic as large",
        reference="westfall1993",
        library_name="",
        resampled=True,
    ),
    Criterion(
        method="max_t_step_down",
        controls="FWER",
        dependence=_ANY_EXCHANGEABLE,
        threshold="step-down: as max-T, over this head and the weaker ones, up to the first that fails",
        reference="westfall1993",
        library_name="",
        resampled=True,
    ),
)


def criterion(method: Method) -> Criterion:
    """What that correction promises. Raises ValueError for a name that none of them has."""
    for known in CRITERIA:
        if known.method == method:
            return known
    raise ValueError(f"no correction is called {method!r}")


def adjust(p_values: PerHead, method: Method, alpha: float) -> PerHead:
    """Adjusted p-values, [head]: a head is significant at `alpha` exactly where its adjusted p-value is at most it.

    NaN marks a head that cannot be tested: it stays NaN and is not counted in the family. Sources: Dunn (1961),
    Šidák (1967), Holm (1979), Hommel (1988), Benjamini & Hochberg (1995), Benjamini & Yekutieli (2001) and, as
    definition 6, Benjamini, Krieger & Yekutieli (2006), all as in statsmodels. There, `fdr_tsbky` is the two-stage
    procedure that is proven to hold α; `fdr_tsbh` leaves out the 1 + α and exceeds it.

    Two-stage values are right at this `alpha` alone: another one gives another first stage. Where most heads differ
    they can lie below the raw p-values. All other values do not depend on `alpha`.

    Raises ValueError for max-T, whose adjusted p-values come from `stats.maxt`.
    """
    rule = criterion(method)
    _require_from_p_values(rule, "adjusted p-values")
    adjusted = np.array(p_values, dtype=np.float64)
    tested = ~np.isnan(adjusted)
    if tested.any():
        adjusted[tested] = _adjusted(adjusted[tested], rule, alpha)
    return adjusted


def _adjusted(p_values: PerHead, rule: Criterion, alpha: float) -> PerHead:
    match rule.method:
        case "none":
            return p_values
        case "holm":
            return _holm(p_values)
        case _:
            return _by_statsmodels(p_values, rule.library_name, alpha)


def _holm(p_values: PerHead) -> PerHead:
    """As statsmodels' `holm`, which collects garbage at every call: 20 ms and more where all else takes 0.05 ms."""
    order = np.argsort(p_values)
    adjusted = np.empty(p_values.shape)
    adjusted[order] = np.maximum.accumulate(p_values[order] * np.arange(len(p_values), 0, -1))
    return np.minimum(adjusted, 1.0)


def _by_statsmodels(p_values: PerHead, library_name: str, alpha: float) -> PerHead:
    # Imported here because it brings pandas and half a second, and no other function needs it.
    from statsmodels.stats.multitest import multipletests  # noqa: PLC0415

    # Šidák's logarithm of 1 - p is -∞ at p = 1, which is right and no reason to warn.
    with np.errstate(divide="ignore"):
        return np.asarray(multipletests(p_values, alpha=alpha, method=library_name)[1])


def _require_from_p_values(rule: Criterion, wanted: str) -> None:
    if rule.resampled:
        raise ValueError(
            f"{rule.method} takes {wanted} from arrangements of the scores (stats.maxt), not from p-values"
        )
