"""Corrections for testing many heads at once: adjusted p-values, and what each correction promises."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from reportgen.stats.differences import PerHead

Method = Literal["none", "bonferroni", "holm", "benjamini_hochberg", "benjamini_yekutieli"]


@dataclass(frozen=True)
class Criterion:
    """What a correction promises, in words, and its numbers for one α and one family of heads.

    `controls` is the error rate held at α; `dependence` says under which dependence between heads;
    `threshold` says which raw p-values pass; `reference` is the key of the source in the bibliography ("" for no
    correction).
    """

    method: Method
    controls: Literal["each head's own error rate", "FWER", "FDR"]
    dependence: str
    threshold: str
    reference: str
    library_name: str

    def strictest(self, alpha: float, family_size: int) -> float:
        """The raw p-value that is significant whatever the other heads show: α for no correction, α/m for
        Bonferroni, Holm and Benjamini–Hochberg (a first discovery), α/(m·Σ1/i) for Benjamini–Yekutieli.

        Raises ValueError for an empty family.
        """
        if family_size < 1:
            raise ValueError("a family needs at least one head")
        match self.method:
            case "none":
                return alpha
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
        method="holm",
        controls="FWER",
        dependence=_ANY,
        threshold="step-down: the k-th smallest p ≤ α/(m − k + 1), up to the first that fails",
        reference="holm1979",
        library_name="holm",
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
        method="benjamini_yekutieli",
        controls="FDR",
        dependence=_ANY,
        threshold="step-up: the largest k whose k-th smallest p ≤ kα/(m·Σ1/i), and every smaller p",
        reference="benjamini2001",
        library_name="fdr_by",
    ),
)


def criterion(method: Method) -> Criterion:
    """What that correction promises. Raises ValueError for a name that none of them has."""
    for known in CRITERIA:
        if known.method == method:
            return known
    raise ValueError(f"no correction is called {method!r}")


def adjust(p_values: PerHead, method: Method) -> PerHead:
    """Adjusted p-values, [head]: a head is significant at α exactly where its adjusted p-value is at most α.

    NaN marks a head that cannot be tested: it stays NaN and is not counted in the family. Sources: Dunn
    (1961), Holm (1979), Benjamini & Hochberg (1995), Benjamini & Yekutieli (2001), as in statsmodels.
    """
    adjusted = np.array(p_values, dtype=np.float64)
    tested = ~np.isnan(adjusted)
    library_name = criterion(method).library_name
    if library_name and tested.any():
        # Imported here because it brings pandas and half a second, and no other function needs it.
        from statsmodels.stats.multitest import multipletests  # noqa: PLC0415

        adjusted[tested] = multipletests(adjusted[tested], method=library_name)[1]
    return adjusted
