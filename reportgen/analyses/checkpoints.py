"""The study's first contrast at checkpoints of one training: when heads appear, when facts are known, and who has which role.

1. Every checkpoint is asked by itself (`elsewhere`): the study's scores, the attention to each role of a token, and how likely
   it finds each pair's true and false object. It must tokenize the statements as the study's model does.
2. Each checkpoint's heads are tested as the study's are; the sets are those of the study, also where they go by what its model
   knows. A head appears at the first checkpoint from which it is found at all later ones (`stats.onset`).
3. Facts are known from the first checkpoint from which significantly more than half of the pairs have the true object likelier
   than the false one, at it and at all later ones (exact binomial test, one-sided).
4. Each head has a kind: the role that it attends to more than an even spread over tokens would (`stats.kinds`). That a kind
   keeps its number while the heads of that kind change is what Tigges et al. (2024, arXiv:2407.10827) saw of mechanisms.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

import numpy as np
import numpy.typing as npt

from reportgen import numbers
from reportgen.analyses.analysis import Needs, Study
from reportgen.analyses.clustering import ROLES, role_shares, roles
from reportgen.analyses.counted import Counted, count_heads
from reportgen.analyses.elsewhere import Answer, Question, consult, passes, require_folders
from reportgen.capture.record import Scores
from reportgen.capture.request import Request, ask
from reportgen.errors import InputError, StudyError, shown
from reportgen.inference import HeadTests, test_heads
from reportgen.knowledge import RelationKnowledge, summarize
from reportgen.report.results import Plan
from reportgen.scores import columns_of
from reportgen.spec.model import Aggregation
from reportgen.spec.other_models import CheckpointsSection
from reportgen.statements import Statement
from reportgen.stats.differences import means_of_groups
from reportgen.stats.kinds import drawn_kinds, kinds_of, redrawn
from reportgen.stats.onset import NEVER, better_than_even, onset
from reportgen.stats.overlap import jaccard

KINDS = (*ROLES, "spread evenly")
DRAWS = 500

Map = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Look:
    """One checkpoint: the first contrast in it, how many heads differ, what it knows, and the p-value that it knows nothing."""

    step: int
    name: str
    tests: HeadTests
    counted: Counted
    knowledge: RelationKnowledge
    nothing_known: float


@dataclass(frozen=True)
class KindsOverTime:
    """The kind of each head at each checkpoint, [look, layer, head]; for every kind of `KINDS` how many heads are of it, and what
    share of them are the same as at the last checkpoint, with percentile intervals, [estimate/low/high, look, kind]."""

    kinds: npt.NDArray[np.int8]
    counts: Map
    same: Map


@dataclass(frozen=True)
class Checkpoints:
    """All checkpoints in order. `appears` is the place of the look from which each head stays found, [layer, head], `known`
    that from which facts stay known, `begins` that from which some head is always found; `NEVER` where there is none."""

    looks: tuple[Look, ...]
    appears: npt.NDArray[np.intp]
    known: int
    begins: int
    kinds: KindsOverTime

    @property
    def found(self) -> npt.NDArray[np.bool_]:
        """The heads found, [look, layer, head]."""
        return np.stack([look.counted.found for look in self.looks])

    @property
    def effects(self) -> Map:
        """The effects, shares of attention, [look, layer, head]."""
        return np.stack([look.tests.heads.effect.to_numpy() for look in self.looks])

    @property
    def same(self) -> Map:
        """What share of the heads found at either are found both at a checkpoint and at the last one, [look]."""
        return np.array([jaccard(found, self.found[-1]) for found in self.found])


def needs(plan: Plan, section: CheckpointsSection) -> Needs:
    """Nothing of the study's own model. Raises StudyError where a checkpoint's folder is not there."""
    require_folders(plan, plan.file.spec.checkpoint_models)
    return Needs(passes=passes(plan, _question(plan), len(section.checkpoints)))


def _question(plan: Plan) -> Question:
    wanted = partial(_wanted, aggregation=plan.file.spec.measure.aggregation)
    return Question("checkpoint", wanted, knows=True, check=partial(_require_same, plan.statements.statements))


def _wanted(statements: Sequence[Statement], aggregation: Aggregation) -> list[Request]:
    by_role = ([Request(replace(one, keys=at), "sum") for at in roles(one) if at] for one in statements)
    return [*ask(statements, aggregation), *chain.from_iterable(by_role)]


def _require_same(own: Sequence[Statement], its: Sequence[Statement]) -> None:
    """Raise StudyError where a checkpoint reads the statements as other tokens."""
    other = {statement.id: statement.tokens.ids for statement in its}
    unlike = [statement for statement in own if other.get(statement.id) != statement.tokens.ids]
    if unlike:
        raise StudyError(
            f"it reads {numbers.count(len(unlike))} of {numbers.count(len(own))} statements as other tokens than the study's "
            f"model does, the first being {shown(unlike[0].text)}. Checkpoints of one training share a tokenizer; models that "
            "do not are compared by `across_models`"
        )


def find(study: Study, section: CheckpointsSection, _: Scores) -> Checkpoints:
    """Ask every checkpoint. Raises StudyError where one is not found, reads otherwise, or has other heads."""
    points, question, answers = section.checkpoints, _question(study.plan), []
    for place, (point, model) in enumerate(zip(points, study.spec.checkpoint_models, strict=True), start=1):
        study.model.progress.say(f"checkpoint {place} of {len(points)}: step {numbers.count(point.step)}")
        try:
            answers.append(consult(study, model, question))
            _require_heads(answers[-1], study)
        except (StudyError, InputError) as error:
            raise StudyError(f"the checkpoint {shown(point.name)} cannot be used: {error}") from error
    return follow(study, [point.step for point in points], answers)


def _require_heads(answer: Answer, study: Study) -> None:
    own, its = study.scores.shape[1:], answer.scores.shape[1:]
    if own != its:
        raise StudyError(f"it has {its[0]} layers of {its[1]} heads, and the study's model {own[0]} of {own[1]}")


def follow(study: Study, steps: Sequence[int], answers: Sequence[Answer]) -> Checkpoints:
    """What the answers of checkpoints in order say together."""
    looks = tuple(_look(study, step, answer) for step, answer in zip(steps, answers, strict=True))
    found = np.stack([look.counted.found for look in looks])
    some = np.array([bool(look.counted.found.any()) for look in looks])
    knows = np.array([look.nothing_known <= study.spec.tests.alpha for look in looks])
    return Checkpoints(
        looks=looks,
        appears=onset(found),
        known=int(onset(knows)),
        begins=int(onset(some)),
        kinds=_kinds(study, answers),
    )


def _look(study: Study, step: int, answer: Answer) -> Look:
    own = answer.scores[: len(study.statements)]
    tests = test_heads(study.label(own), study.tests.contrast, study.spec.tests)
    known = summarize("all", answer.known)
    [p_value] = better_than_even([known.preferred], [known.compared])
    return Look(step, answer.name, tests, count_heads(tests), known, float(p_value))


def _kinds(study: Study, answers: Sequence[Answer]) -> KindsOverTime:
    statements = study.statements
    even = np.array([[len(at) / (one.query + 1) for at in roles(one)] for one in statements])
    units = _units(study)
    count = int(units.max()) + 1
    weights = redrawn(count, DRAWS, study.spec.tests.seed)
    kinds, drawn = [], []
    for answer in answers:
        shares = role_shares(statements, answer.scores[len(statements) :])
        heads = shares.reshape(*shares.shape[:2], -1) - even[:, :, np.newaxis]
        excess = means_of_groups(heads, units, count)
        kinds.append(kinds_of(excess.mean(axis=0)))
        drawn.append(drawn_kinds(excess, weights))
    observed, draws = np.stack(kinds), np.stack(drawn)
    tail = (1 - study.spec.tests.alpha) / 2
    quantiles = (0.5 - tail, 0.5 + tail)
    return KindsOverTime(
        observed.reshape(len(answers), *study.scores.shape[1:]),
        _with_interval(_counts(observed), _counts(draws), quantiles),
        _with_interval(_alike(observed), _alike(draws), quantiles),
    )


def _units(study: Study) -> npt.NDArray[np.intp]:
    """What is drawn again as one, [statement]: the study's clusters, or pairs."""
    columns = columns_of(study.scores)
    return np.unique(columns[study.spec.tests.cluster or "pair"], return_inverse=True)[1].astype(np.intp)


def _counts(kinds: npt.NDArray[np.int8]) -> Map:
    """[look, …, head] → [look, kind, …]."""
    return np.stack([(kinds == kind).sum(axis=-1) for kind in range(len(KINDS))], axis=1).astype(np.float64)


def _alike(kinds: npt.NDArray[np.int8]) -> Map:
    """What share of the heads of a kind, at a look or at the last, are of it at both, [look, …, head] → [look, kind, …]; NaN
    where there is none (Jaccard 1912)."""
    shares = []
    for kind in range(len(KINDS)):
        now, last = kinds == kind, kinds[-1:] == kind
        union, both = (now | last).sum(axis=-1), (now & last).sum(axis=-1)
        shares.append(np.divide(both, union, out=np.full(union.shape, np.nan), where=union > 0))
    return np.stack(shares, axis=1)


def _with_interval(observed: Map, drawn: Map, quantiles: tuple[float, float]) -> Map:
    """The estimate and its percentile interval; NaN where most draws have none."""
    known = np.isfinite(drawn).mean(axis=-1) > 0.5
    filled = np.where(known[..., np.newaxis], drawn, 0.0)
    low, high = np.nanquantile(filled, quantiles, axis=-1)
    return np.stack([observed, np.where(known, low, np.nan), np.where(known, high, np.nan)])


__all__ = ["KINDS", "NEVER", "Checkpoints", "Look", "find", "follow", "needs"]
