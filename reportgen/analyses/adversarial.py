"""True statements read behind a sentence that names a wrong answer, and behind one of as many tokens that names none.

1. Each misleading sentence has a neutral twin: the same words with a phrase for {other} that says nothing, the first that makes
   both readings equally long in tokens, so that the statement stands at the same positions. Both are checked.
2. Attention from the study's query position to the subject in the statement itself is compared between the two, fact by fact,
   averaged over the sentences: a shift away from the subject is a negative effect.
3. The model's answer is the likelier of the true and the false object where the statement has its object. It flips where the
   true one is likelier behind neutral sentences, and the false one behind misleading ones, both on average over the sentences.
4. Among the facts that are answered rightly behind neutral sentences: does a head's attention tell which flip? Each head alone
   (`ranking`), and out of sample all heads together and the best one (`predicting`), as the Lookback Lens does for
   hallucinations (Chuang et al. 2024, https://arxiv.org/abs/2407.07071); once from what heads do behind neutral sentences, which
   is known before anyone misleads, and once behind misleading ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import stats

from reportgen.analyses.analysis import Needs, Passes, Study
from reportgen.analyses.misleading import Misled, mislead
from reportgen.capture.record import Scores
from reportgen.capture.request import ask
from reportgen.clusters import DESIGNS
from reportgen.inference import HeadTests, test_heads
from reportgen.interventions.likelihoods import Continuation, count_tokens, read_likelihoods
from reportgen.notices import Notice
from reportgen.report.results import Plan
from reportgen.spec.experiments import AdversarialSection
from reportgen.spec.model import ContrastSection, StatementSet, TestsSection
from reportgen.statements import Statement
from reportgen.stats.corrections import adjust
from reportgen.stats.differences import Flags, PerHead
from reportgen.stats.predicting import Predicted, assess, ridge, single
from reportgen.stats.ranking import Area, Groups, area

FEWEST = 10
"""So many facts must flip, and so many must not, for a prediction to be tried."""

Side = Literal["misleading", "neutral"]
_SIDES: tuple[Side, ...] = get_args(Side)
_BEHIND, _ANSWER = "read_behind", "model_answer"


@dataclass(frozen=True)
class Margins:
    """By how many nats the true object is likelier than the false one, [sentence, fact], behind misleading and behind neutral
    sentences; `plain` [fact] with nothing before the statement, NaN where that is not known."""

    misleading: npt.NDArray[np.float64]
    neutral: npt.NDArray[np.float64]
    plain: PerHead

    @property
    def answered(self) -> Flags:
        """Facts whose true object is the likelier behind neutral sentences, on average, [fact]."""
        return np.asarray(self.neutral.mean(axis=0) > 0)

    @property
    def flipped(self) -> Flags:
        """Those of them whose false object is the likelier behind misleading ones, [fact]."""
        return np.asarray(self.answered & (self.misleading.mean(axis=0) < 0))

    @property
    def drop(self) -> PerHead:
        """By how much the misleading sentence lowers the margin, [fact]; negative where it does."""
        return np.asarray((self.misleading - self.neutral).mean(axis=0))


@dataclass(frozen=True)
class Foretold:
    """How well heads tell beforehand which answers flip, from what they do on one `side`: each head alone (`heads` compares
    facts that flip with those that do not; its dominance is 2·area − 1), and out of sample all together and the best one. The
    p-values of these two are adjusted over both sides."""

    side: Side
    heads: HeadTests
    together: Predicted
    best: Predicted
    together_p: float
    best_p: float


@dataclass(frozen=True)
class Beside:
    """How well something that is no head's attention tells flips, for comparison; larger where an answer flips."""

    name: str
    area: Area


@dataclass(frozen=True)
class Share:
    """Some of many, with the Wilson interval of their share."""

    part: int
    whole: int
    low: float
    high: float


@dataclass(frozen=True)
class Adversarial:
    """What misleading sentences do. `by_template` has the flips of each sentence alone; `foretold` and `beside` are empty where
    too few flip or too few do not."""

    misled: Misled
    shift: HeadTests
    margins: Margins
    flips: Share
    by_template: tuple[Share, ...]
    foretold: tuple[Foretold, ...]
    beside: tuple[Beside, ...]
    notices: tuple[Notice, ...]


def needs(plan: Plan, section: AdversarialSection) -> Needs:
    """A score to the subject of each true statement behind each sentence and its twin, and the likelihood of both objects
    there. Raises what `mislead` raises."""
    misled = mislead(plan, section)
    texts, tokens = count_tokens(_continuations(misled))
    return Needs(ask(_together(misled), plan.file.spec.measure.aggregation), Passes(forward=texts, tokens=tokens))


def _together(misled: Misled) -> list[Statement]:
    """[side, sentence, fact], one after the other."""
    return [pair.true for side in _SIDES for pairs in misled.read(side) for pair in pairs]


def _continuations(misled: Misled) -> list[Continuation]:
    """[side, sentence, fact, true or false], one after the other."""
    return [
        Continuation(one.tokens.ids[: one.object[0]], one.tokens.ids[one.object[0] : one.object[-1] + 1])
        for side in _SIDES
        for pairs in misled.read(side)
        for pair in pairs
        for one in (pair.true, pair.false)
    ]


def find(study: Study, section: AdversarialSection, scores: Scores) -> Adversarial:
    """The shift of attention, the flips, and how well they are told beforehand."""
    misled, tests = mislead(study.plan, section), study.spec.tests
    behind = dict(
        zip(
            _SIDES,
            scores.reshape(2, len(misled.templates), len(misled.rows), *scores.shape[1:]).mean(axis=1),
            strict=True,
        )
    )
    margins = _margins(study, misled)
    true, kept = study.scores.isel(statement=list(misled.rows)), margins.answered
    return Adversarial(
        misled=misled,
        shift=shift(true, behind, tests),
        margins=margins,
        flips=share(margins.flipped, kept),
        by_template=tuple(
            share((one > 0) & (other < 0), one > 0)
            for one, other in zip(margins.neutral, margins.misleading, strict=True)
        ),
        foretold=foretell(true, behind, kept, margins.flipped, section.folds, tests),
        beside=_beside(true, misled, margins, tests) if are_enough(margins.flipped[kept]) else (),
        notices=misled.notices,
    )


def _margins(study: Study, misled: Misled) -> Margins:
    likelihoods = read_likelihoods(
        _continuations(misled), study.model, study.statements, study.spec.measure.aggregation
    )
    true, false = np.moveaxis(likelihoods.reshape(2, len(misled.templates), len(misled.rows), 2), -1, 0)
    misleading, neutral = true - false
    known = {fact.pair: fact.margin for fact in study.knowledge.facts}
    plain = [known.get(study.statements[row].fact.pair, np.nan) for row in misled.rows]
    return Margins(misleading, neutral, np.array(plain, dtype=np.float64))


def shift(true: xr.DataArray, behind: Mapping[Side, Scores], tests: TestsSection) -> HeadTests:
    """The contrast of misleading and neutral sentences, fact by fact and both ways; `true` has the facts' labels, and `behind`
    their scores [fact, layer, head]."""
    sides = [
        true.copy(data=behind[side]).assign_coords({_BEHIND: ("statement", [side] * len(true))}) for side in _SIDES
    ]
    labelled = xr.concat(sides, dim="statement")
    return test_heads(labelled, _two_sets("adversarial", _BEHIND, *_SIDES), _in_pairs(tests))


def _in_pairs(tests: TestsSection) -> TestsSection:
    """The study's settings, with a test of pairs, both ways."""
    test = "auto" if DESIGNS[tests.test] == "independent" else tests.test
    return tests.model_copy(update={"test": test, "alternative": "two-sided"})


def _two_sets(name: str, column: str, a: str, b: str) -> ContrastSection:
    first, second = (StatementSet(name=value, where={column: value}) for value in (a, b))
    return ContrastSection(id=name, title=name, a=first, b=second)


def share(part: Flags, whole: Flags) -> Share:
    """Some of many facts, with Wilson's interval (1927) of level 95 %; NaN of nothing."""
    count, total = int(part.sum()), int(whole.sum())
    if not total:
        return Share(0, 0, np.nan, np.nan)
    interval = stats.binomtest(count, total).proportion_ci(0.95, method="wilson")
    return Share(count, total, float(interval.low), float(interval.high))


def foretell(
    true: xr.DataArray, behind: Mapping[Side, Scores], answered: Flags, flipped: Flags, folds: int, tests: TestsSection
) -> tuple[Foretold, ...]:
    """How well heads tell the facts that flip from those that do not, among those answered rightly, on either side; nothing
    where there are fewer than `FEWEST` of a kind."""
    flips = flipped[answered]
    if not are_enough(flips):
        return ()
    labels = true.isel(statement=np.flatnonzero(answered))
    groups = _groups(labels, tests.cluster)
    judged = {side: _out_of_sample(behind[side][answered], flips, groups, folds, tests) for side in _SIDES}
    p_values = np.array([one.p_value for own in judged.values() for one in own])
    adjusted = adjust(p_values, "holm", tests.alpha).reshape(2, 2)
    return tuple(
        Foretold(
            side,
            _each_head(labels.copy(data=behind[side][answered]), flips, tests),
            together,
            best,
            float(together_p),
            float(best_p),
        )
        for (side, (together, best)), (together_p, best_p) in zip(judged.items(), adjusted, strict=True)
    )


def are_enough(flips: Flags) -> bool:
    """Whether enough facts flip, and enough do not."""
    return min(int(flips.sum()), int((~flips).sum())) >= FEWEST


def _beside(true: xr.DataArray, misled: Misled, margins: Margins, tests: TestsSection) -> tuple[Beside, ...]:
    """What tells flips without looking at any head: a small margin, and how many tokens the subject has."""
    kept = margins.answered
    groups = _groups(true.isel(statement=np.flatnonzero(kept)), tests.cluster)
    lengths = np.array([len(pair.true.subject) for pair in misled.neutral[0]], dtype=np.float64)
    return tuple(
        Beside(name, area(scores[kept], margins.flipped[kept], groups, 1 - tests.alpha, tests.seed))
        for name, scores in (
            ("how unsure the model is, neutral", -margins.neutral.mean(axis=0)),
            ("how many tokens the subject has", lengths),
        )
    )


def _out_of_sample(
    scores: Scores, flips: Flags, groups: Groups, folds: int, tests: TestsSection
) -> tuple[Predicted, Predicted]:
    """All heads together, and the best one, chosen and fitted without the facts that are predicted."""
    rows = scores.reshape(len(scores), -1)
    together, best = (assess(rows, flips, groups, fit, folds, 1 - tests.alpha, tests.seed) for fit in (ridge, single))
    return together, best


def _groups(labels: xr.DataArray, cluster: str | None) -> Groups:
    """What is independent: clusters where the spec names one, else facts."""
    _, groups = np.unique(labels[cluster or "pair"].to_numpy().astype(str), return_inverse=True)
    return np.asarray(groups, dtype=np.intp)


def _each_head(scores: xr.DataArray, flips: Flags, tests: TestsSection) -> HeadTests:
    """Facts that flip against those that do not, by ranks, since the area under the curve is a matter of ranks."""
    answer = np.where(flips, "flips", "stays")
    return test_heads(
        scores.assign_coords({_ANSWER: ("statement", answer)}),
        _two_sets("flips", _ANSWER, "flips", "stays"),
        tests.model_copy(
            update={"test": "mann_whitney", "alternative": "two-sided", "smallest_effect": 0.0, "cluster": None}
        ),
    )
