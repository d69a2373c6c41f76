"""The study's first contrast in each wording by itself: which heads it finds there, and at which the wording matters.

1. The pairs of each wording (the column `template`) are tested as the study's are, a family of heads each.
2. At every head it is tested whether the effect differs between wordings. Every fact is a block: its mean over wordings is
   taken away, and wordings are shuffled within it (`stats.oneway`). That a fact has a large effect in all wordings is no
   sign of a difference.
3. Wordings are a sample of all that could have been written. The effect in one more wording lies, with probability 1 - α,
   within mean ± t(k - 1) · s · √(1 + 1/k), where s is the standard deviation of the effects in k wordings (the prediction
   interval of a normal sample, Geisser 1993): wide with few wordings, as it has to be.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reportgen.analyses.analysis import Needs, Study
from reportgen.analyses.split import Parted, Split, differences_in, placed, split_by
from reportgen.capture.record import Scores
from reportgen.contrasts import Labels
from reportgen.errors import StudyError
from reportgen.facts.wordings import FACT, TEMPLATE
from reportgen.inference import HeadTests, test_heads
from reportgen.report.experiment import Map
from reportgen.report.results import Plan
from reportgen.scores import columns_of, label_columns
from reportgen.spec.experiments import ParaphrasesSection
from reportgen.spec.model import ContrastSection, TestsSection
from reportgen.stats.oneway import Grouped, one_way

FEWEST_TO_PREDICT = 3


@dataclass(frozen=True)
class Paraphrases:
    """What the wordings show. `tests` has one entry for each of `wordings.parts`.

    `p_value` and `adjusted` say whether the effect differs between wordings, [layer, head]; `low` and `high` bound the effect
    in one more wording (a share of attention). NaN where a head cannot be tested in every wording, or, for the bounds, where
    there are fewer than three.
    """

    wordings: Split
    tests: tuple[HeadTests, ...]
    p_value: Map
    adjusted: Map
    low: Map
    high: Map

    @property
    def names(self) -> tuple[str, ...]:
        """The numbers of the wordings, as text."""
        return self.wordings.names

    @property
    def found(self) -> npt.NDArray[np.bool_]:
        """The heads found in each wording, [wording, layer, head]."""
        return np.stack([tests.recall_heads().to_numpy() for tests in self.tests])

    @property
    def effects(self) -> npt.NDArray[np.float64]:
        """The effect in each wording, shares of attention, [wording, layer, head]."""
        return np.stack([tests.heads.effect.to_numpy() for tests in self.tests])


def needs(plan: Plan, _: ParaphrasesSection) -> Needs:
    """Nothing beyond the study's own scores. Raises StudyError where fewer than two wordings have pairs enough, as far as that
    is known before the model is asked."""
    labels, contrast = label_columns(plan.statements.statements), plan.file.spec.contrasts[0]
    if {*contrast.a.where, *contrast.b.where} <= set(labels):
        _split(labels, contrast, plan.file.spec.tests)
    return Needs()


def find(study: Study, _: ParaphrasesSection, __: Scores) -> Paraphrases:
    """The first contrast by wording, and all wordings compared."""
    contrast, tests = study.tests.contrast, study.spec.tests
    wordings = _split(columns_of(study.scores), contrast, tests)
    tested = tuple(test_heads(study.scores.isel(statement=part.rows), contrast, tests) for part in wordings.parts)
    testable = np.all([(one.heads.reason == "").to_numpy() for one in tested], axis=0)
    if not testable.any():
        raise StudyError("no head can be tested in every wording")
    p_value, adjusted = _differing(wordings, tested, testable, tests)
    low, high = _in_one_more(np.stack([one.heads.effect.to_numpy() for one in tested]), 1 - tests.alpha)
    return Paraphrases(wordings, tested, p_value, adjusted, low, high)


def _split(labels: Labels, contrast: ContrastSection, tests: TestsSection) -> Split:
    """Raises StudyError where facts have one wording, and what `split_by` raises."""
    if TEMPLATE not in labels or FACT not in labels:
        raise StudyError(
            "wordings are compared where facts have several, and here each has one. Give a relation several `templates` "
            "under `facts.relations`"
        )
    by_wording = Parted(
        column=TEMPLATE,
        values=sorted({str(one) for one in labels[TEMPLATE].tolist()}, key=int),
        plural="wordings",
        remedy="Give the relations more `templates`, or more facts",
    )
    return split_by(by_wording, labels, contrast, tests)


def _differing(
    split: Split, tested: Sequence[HeadTests], testable: npt.NDArray[np.bool_], tests: TestsSection
) -> tuple[Map, Map]:
    """p-values of a difference between wordings, of each head alone and over all heads."""
    rows = differences_in(tested)[:, testable.ravel()]
    try:
        found = one_way(rows, Grouped(split.labels, split.blocks), tests.resamples, tests.seed)
    except ValueError as error:
        raise StudyError(
            "wordings are compared over facts that stand in several of them, and here there are too few"
        ) from error
    return placed(found.p_value, testable), placed(found.adjusted, testable)


def _in_one_more(effects: npt.NDArray[np.float64], level: float) -> tuple[Map, Map]:
    """Bounds of the effect in one more wording, from those in k, [wording, layer, head]."""
    from scipy.stats import t  # noqa: PLC0415

    k = len(effects)
    if k < FEWEST_TO_PREDICT:
        return np.full(effects.shape[1:], np.nan), np.full(effects.shape[1:], np.nan)
    reach = t.ppf((1 + level) / 2, k - 1) * effects.std(axis=0, ddof=1) * np.sqrt(1 + 1 / k)
    return effects.mean(axis=0) - reach, effects.mean(axis=0) + reach
