"""How much each head's look at the subject adds to the answer, by gradients, and whether gradients tell the truth.

1. For some pairs, drawn at random, the model is asked for the true and for the false object. Of every head: the gradient of
   the loss by its attention from the position before the object to the subject, gradient × attention, and the gradient
   integrated along the attention weights (`interventions.gradients` has the definitions and sources).
2. What heads add to the true object's log-probability, and to that of the true over the false one, is tested over pairs
   against nothing.
3. In some of the pairs each head's look is taken away by itself, and what the object then loses is set beside what the
   gradients say, head by head.
4. Recall heads are set beside the other heads of their layers, where the model finds the true object likelier than the
   false one and where it does not (`influence`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reportgen import numbers
from reportgen.analyses.analysis import Needs, Passes, Study
from reportgen.analyses.influence import Influence, influence_of
from reportgen.capture.record import Scores
from reportgen.errors import StudyError
from reportgen.inference import HeadTests, test_heads
from reportgen.interventions.gradients import Asked, Measured, Slopes, measure
from reportgen.knowledge import is_asked
from reportgen.models.shape import heads_in
from reportgen.report.results import Plan
from reportgen.scores import label_scores
from reportgen.spec.experiments import GradientSection
from reportgen.spec.model import TRUTH
from reportgen.statements import Statement, twins
from reportgen.stats import agreement
from reportgen.stats.agreement import Agreement, agree

Map = npt.NDArray[np.float64]

_FEWEST = 2


@dataclass(frozen=True)
class Pairs:
    """The pairs (true, false) that are asked about, of so many `possible` ones, and those of them that are checked by
    cutting."""

    asked: tuple[tuple[Statement, Statement], ...]
    checked: tuple[tuple[Statement, Statement], ...]
    possible: int

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Those that are asked about, true and false in turn."""
        return tuple(statement for pair in self.asked for statement in pair)


@dataclass(frozen=True)
class Means:
    """Means over the true objects, [layer, head]: the gradient of the loss and its size, in nats for a whole share of
    attention; gradient × attention of the look at the subject (`product`) and of the whole pattern (`everywhere`), in nats
    of the log-probability; and the attention to the subject itself."""

    gradient: Map
    size: Map
    product: Map
    everywhere: Map
    attention: Map


@dataclass(frozen=True)
class Check:
    """Over so many true objects, what they lose where each head's look alone is `cut`, and what was foretold, in nats,
    [layer, head]; how both go together over heads, and how far they are apart in the mean over heads."""

    objects: int
    cut: Map
    product: Map
    integrated: Map
    with_product: Agreement
    with_integrated: Agreement

    @property
    def off_product(self) -> float:
        """How far gradient × attention is from the cut, in the mean over heads, in nats."""
        return float(np.abs(self.product - self.cut).mean())

    @property
    def off_integrated(self) -> float:
        """The same of integrated gradients."""
        return float(np.abs(self.integrated - self.cut).mean())


@dataclass(frozen=True)
class Complete:
    """What true objects lose without all looks together, in the mean, and what integrated gradients add up to; and by how
    much the two differ, at most, in any object."""

    lost: float
    added: float
    worst: float


@dataclass(frozen=True)
class Gradients:
    """What every head adds to the log-probability of the true object, and to that of the true over the false one (`margin`),
    by integrated gradients, in nats and tested over pairs; and what stands beside."""

    pairs: Pairs
    integrated: HeadTests
    margin: HeadTests
    means: Means
    check: Check
    complete: Complete
    recall: int
    influence: Influence | None


def needs(plan: Plan, section: GradientSection) -> Needs:
    """No scores; passes over the objects of the pairs that are asked about.

    Raises StudyError where fewer than two can be.
    """
    pairs = choose_pairs(plan.statements.statements, section, plan.file.spec.tests.seed)
    asked = [Asked.of(statement) for statement in pairs.statements]
    passes = [_slopes_passes(one, section.steps) for one in asked]
    heads = heads_in(plan.tokenizer.folder)
    passes += [_cut_passes(Asked.of(true), heads) for true, _ in pairs.checked]
    totals = (sum(getattr(each, name) for each in passes) for name in ("forward", "backward", "tokens"))
    return Needs(passes=Passes(*totals))


def _slopes_passes(one: Asked, steps: int) -> Passes:
    """As it is, forward and backward; what stands before; and the object alone for every step and the path's beginning."""
    before = int(one.query > 0)
    tokens = 2 * (len(one.tokens) - 1) + one.query + 2 * (steps + 1) * one.length
    return Passes(steps + 2 + before, steps + 2, tokens)


def _cut_passes(one: Asked, heads: int) -> Passes:
    return Passes(heads + int(one.query > 0), 0, one.query + heads * one.length)


def choose_pairs(statements: Sequence[Statement], section: GradientSection, seed: int) -> Pairs:
    """Pairs drawn at random, in an order that does not change with their number, then put in the study's.

    Raises StudyError where there are fewer than two whose objects the model can be asked for.
    """
    there = twins(statements)
    possible = [number for number, pair in enumerate(there) if all(map(is_asked, pair))]
    if len(possible) < _FEWEST:
        raise StudyError(
            f"{numbers.things(len(possible), 'pair')} of {numbers.count(len(there))} can be asked about, and gradients need "
            "two at least: true statements with their false twins, in which the subject comes before the object"
        )
    drawn = np.random.default_rng(seed).permutation(possible)
    asked, checked = (sorted(drawn[:count].tolist()) for count in (section.facts, min(section.checked, section.facts)))
    return Pairs(tuple(there[n] for n in asked), tuple(there[n] for n in checked), len(possible))


def find(study: Study, section: GradientSection, _: Scores) -> Gradients:
    """Gradients and cuts, from the store or the model, and what they show."""
    pairs = choose_pairs(study.statements, section, study.spec.tests.seed)
    asked = [Asked.of(statement) for statement in pairs.statements]
    measured = measure(study.model, asked, [Asked.of(true) for true, _ in pairs.checked], section.steps)
    return conclude(study, section, pairs, measured)


def conclude(study: Study, section: GradientSection, pairs: Pairs, measured: Measured) -> Gradients:
    """What the slopes and cuts of the pairs' objects show."""
    slopes = [measured.slopes[Asked.of(statement)] for statement in pairs.statements]
    true, false = slopes[::2], slopes[1::2]
    integrated = _stacked(true, "integrated")
    recall = study.tests.recall_heads().to_numpy()
    return Gradients(
        pairs=pairs,
        integrated=_against_nothing(integrated, study, section, pairs),
        margin=_against_nothing(integrated - _stacked(false, "integrated"), study, section, pairs),
        means=Means(
            *(_stacked(true, name).mean(axis=0) for name in ("gradient", "size", "product", "everywhere", "attention"))
        ),
        check=_check(study, pairs, measured),
        complete=_complete(true, slopes),
        recall=int(recall.sum()),
        influence=influence_of(integrated, recall, study, [pair[0] for pair in pairs.asked]),
    )


def _stacked(slopes: Sequence[Slopes], name: str) -> Map:
    """One of the maps of each, [object, layer, head]."""
    return np.stack([getattr(each, name) for each in slopes])


def _against_nothing(values: Map, study: Study, section: GradientSection, pairs: Pairs) -> HeadTests:
    """One value a pair, [pair, layer, head], tested against nothing as the study's own pairs are: the false twin's is 0.

    The study's own smallest effect of interest is one of attention, so the experiment has its own.
    """
    both = np.zeros((2 * len(values), *values.shape[1:]), dtype=np.float32)
    both[::2] = values
    labelled = label_scores(both, pairs.statements, study.knowledge.columns(pairs.statements))
    settings = {"test": "paired_t", "alternative": "two-sided", "smallest_effect": section.smallest_effect}
    return test_heads(labelled, TRUTH, study.spec.tests.model_copy(update=settings))


def _check(study: Study, pairs: Pairs, measured: Measured) -> Check:
    asked = [Asked.of(true) for true, _ in pairs.checked]
    slopes = [measured.slopes[one] for one in asked]
    cut = np.stack([each.intact - measured.cuts[one] for one, each in zip(asked, slopes, strict=True)])
    product, integrated = (_stacked(slopes, name) for name in ("product", "integrated"))
    level, seed = 1 - study.spec.tests.alpha, study.spec.tests.seed
    together = [
        agree([agreement.Measured(_rows(foretold), _rows(cut))], level, seed) for foretold in (product, integrated)
    ]
    return Check(len(asked), cut.mean(axis=0), product.mean(axis=0), integrated.mean(axis=0), *together)


def _rows(values: Map) -> Map:
    return values.reshape(len(values), -1)


def _complete(true: Sequence[Slopes], every: Sequence[Slopes]) -> Complete:
    return Complete(
        lost=float(np.mean([each.intact - each.without for each in true])),
        added=float(np.mean([each.integrated.sum() for each in true])),
        worst=max(abs(each.integrated.sum() - (each.intact - each.without)) for each in every),
    )
