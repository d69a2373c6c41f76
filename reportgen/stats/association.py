"""How each head's score goes along with a column of numbers: Pearson's or Spearman's correlation, tested.

The p-value of a head alone is that of t = r·√((n - 2)/(1 - r²)) with n - 2 degrees of freedom (Student 1908), for
ranks an approximation; max-T over heads comes from shuffling the column (`maxt.association_null`).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special, stats

from reportgen.stats.arrangements import column_shuffles
from reportgen.stats.differences import Flags, PerHead, Scores, describe
from reportgen.stats.maxt import Resampled, association_null, max_t, step_down
from reportgen.stats.tests import Alternative

Association = Literal["pearson", "spearman"]
FEWEST = 4


@dataclass(frozen=True)
class Associations:
    """Correlations and p-values [head], NaN where a head does not vary; `step_down` holds adjusted p-values.

    `resampled` and `step_down` cover the heads in `varies` alone.
    """

    correlation: PerHead
    p_value: PerHead
    varies: Flags
    resampled: Resampled | None
    step_down: PerHead


def associate(
    scores: Scores, column: PerHead, method: Association, alternative: Alternative, resamples: int, seed: int
) -> Associations:
    """Correlate a column [unit] with `scores` [unit, head].

    Raises ValueError with fewer than four units or a column that does not vary.
    """
    if len(column) < FEWEST or np.ptp(column) == 0:
        raise ValueError("a correlation needs at least 4 units and a column that varies")
    varies = np.asarray(describe(scores).variance > 0)
    correlation = np.full(len(varies), np.nan)
    if not varies.any():
        return Associations(correlation, correlation, varies, None, np.empty(0))
    values, dose = np.asarray(scores[:, varies], dtype=np.float64), column
    if method == "spearman":
        values, dose = stats.rankdata(values, axis=0), stats.rankdata(column)
    dose = _standard(dose)
    null = association_null(values, column_shuffles(dose, resamples, seed))
    resampled = max_t([null], alternative)
    correlation[varies] = null.statistic.of(dose[np.newaxis])[0]
    return Associations(
        correlation=correlation,
        p_value=_p_value(correlation, len(column), alternative),
        varies=varies,
        resampled=resampled,
        step_down=step_down([null], alternative),
    )


def _standard(column: PerHead) -> PerHead:
    """About 0 and up to 1 in size, so that float32 holds what varies in it; correlations stay as they are."""
    scaled = column / np.abs(column).max()
    centred = scaled - scaled.mean()
    return np.asarray(centred / np.abs(centred).max())


def _p_value(correlation: PerHead, units: int, alternative: Alternative) -> PerHead:
    within = np.clip(correlation, -1.0, 1.0)
    with np.errstate(divide="ignore"):
        t = within * np.sqrt((units - 2) / (1 - within**2))
    match alternative:
        case "two-sided":
            return np.asarray(2 * special.stdtr(units - 2, -np.abs(t)))
        case "greater":
            return np.asarray(special.stdtr(units - 2, -t))
        case _:
            return np.asarray(special.stdtr(units - 2, t))
