"""The study's first contrast in several models: how deep in each heads are found, and which heads do the same in two of them.

1. Every other model is asked by itself (`elsewhere`), reading the facts by its own tokenizer. Statements are the same where
   their facts are; a pair that has no place in one of the models is left out in all, and counted.
2. Each model's heads are tested as the study's are, on the shared statements; the sets are those of the study, also where they
   go by what its model knows.
3. The depth of the heads found is compared with the same draws of units in every model (`stats.depth`).
4. The study's heads are matched with each other model's by how they respond to the same units (`stats.matching`): differences
   of pairs, or scores around the mean of their set where sets are independent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from reportgen.analyses.analysis import Needs, Study
from reportgen.analyses.counted import Counted, count_heads
from reportgen.analyses.elsewhere import Answer, Question, consult, passes, require_folders
from reportgen.capture.record import Scores
from reportgen.capture.request import ask
from reportgen.errors import InputError, StudyError, shown
from reportgen.inference import HeadTests, test_heads
from reportgen.report.results import Plan
from reportgen.scores import flat, label_scores
from reportgen.spec.other_models import AcrossModelsSection
from reportgen.stats.depth import Depth, Estimate, depth_of, relative_depths
from reportgen.stats.kinds import redrawn
from reportgen.stats.matching import DRAWS, HALVES, Matching, match_heads

REDRAWN = 2000

Map = npt.NDArray[np.float64]


@dataclass(frozen=True)
class InModel:
    """One model: what it is called, the first contrast in it on the shared statements, how many heads differ, and how deep the
    heads found lie."""

    name: str
    origin: str
    tests: HeadTests
    counted: Counted
    depth: Estimate

    @property
    def layers(self) -> int:
        """How many layers it has."""
        return int(self.tests.heads.sizes["layer"])

    @property
    def per_layer(self) -> int:
        """How many heads a layer has."""
        return int(self.tests.heads.sizes["head"])

    def name_of(self, head: int) -> tuple[int, int]:
        """Layer and head of a head by its number in the whole model."""
        return head // self.per_layer, head % self.per_layer


@dataclass(frozen=True)
class Compared:
    """Another model beside the study's own: by how much its heads lie deeper, how heads match, and how many heads that are
    found in the study's model are matched with one that is found there (`both`), beside how many would be by chance."""

    model: InModel
    deeper: Estimate
    matching: Matching
    both: int
    by_chance: float


@dataclass(frozen=True)
class AcrossModels:
    """The study's own model and the others. `shared` pairs of `pairs` have a place in all; `unplaced` says of which model each
    other pair has none in, and why."""

    own: InModel
    others: tuple[Compared, ...]
    shared: int
    pairs: int
    unplaced: tuple[str, ...]

    @property
    def models(self) -> tuple[InModel, ...]:
        """All models, the study's own first."""
        return (self.own, *(other.model for other in self.others))


def needs(plan: Plan, section: AcrossModelsSection) -> Needs:
    """Nothing of the study's own model. Raises StudyError where another's folder is not there."""
    require_folders(plan, section.models)
    return Needs(passes=passes(plan, _question(plan), len(section.models)))


def _question(plan: Plan) -> Question:
    return Question("scores", partial(ask, aggregation=plan.file.spec.measure.aggregation), knows=False)


def find(study: Study, section: AcrossModelsSection, _: Scores) -> AcrossModels:
    """Ask every model. Raises StudyError where one is not found, or too few pairs have a place in all."""
    question, answers = _question(study.plan), []
    for place, model in enumerate(section.models, start=1):
        study.model.progress.say(f"other model {place} of {len(section.models)}")
        try:
            answers.append(consult(study, model, question))
        except (StudyError, InputError) as error:
            named = model.hub or model.folder or model.gguf or model.package or ""
            raise StudyError(f"the model {shown(named)} cannot be used: {error}") from error
    return compare_models(study, answers)


def compare_models(study: Study, answers: Sequence[Answer]) -> AcrossModels:
    """What the answers of other models say beside the study's own scores."""
    there = [set(answer.statements) for answer in answers]
    rows = [place for place, one in enumerate(study.statements) if all(one.id in names for names in there)]
    if not rows:
        raise StudyError("no fact has a place in all of these models")
    own = study.scores.isel(statement=rows)
    kept = [study.statements[row] for row in rows]
    measured = study.knowledge.columns(kept)
    labelled = [own]
    for answer in answers:
        at = {name: place for place, name in enumerate(answer.statements)}
        labelled.append(label_scores(answer.scores[[at[one.id] for one in kept]], kept, measured))
    names = _told_apart([study.plan.source.name, *(answer.name for answer in answers)])
    origins = [study.plan.source.origin, *(answer.origin for answer in answers)]
    tested = [test_heads(scores, study.tests.contrast, study.spec.tests) for scores in labelled]
    depths = _depths(tested)
    level = 1 - study.spec.tests.alpha
    models = [
        InModel(name, origin, tests, count_heads(tests), depth.estimate(level))
        for name, origin, tests, depth in zip(names, origins, tested, depths, strict=True)
    ]
    with study.model.progress.counting("match heads", len(answers) * (DRAWS + HALVES), "matchings") as advance:
        matchings = [
            match_heads(*_profiles(tested[0], other), study.spec.tests.seed, advance=advance) for other in tested[1:]
        ]
    pairs = {one.fact.pair for one in study.statements}
    return AcrossModels(
        own=models[0],
        others=tuple(
            _compared(models[0], model, depth.minus(depths[0], level), matching)
            for model, depth, matching in zip(models[1:], depths[1:], matchings, strict=True)
        ),
        shared=len({one.fact.pair for one in kept}),
        pairs=len(pairs),
        unplaced=tuple(
            f"{name}: {why}" for name, answer in zip(names[1:], answers, strict=True) for why in answer.unplaced
        ),
    )


def _told_apart(names: Sequence[str]) -> list[str]:
    """The names, those that stand there again with a number."""
    return [
        f"{name} ({names[: place + 1].count(name)})" if name in names[:place] else name
        for place, name in enumerate(names)
    ]


def _depths(tested: Sequence[HeadTests]) -> list[Depth]:
    """How deep the heads found lie in each model, under the same draws of units."""
    first = tested[0]
    seed = first.settings.seed
    sides: list[list[tuple[npt.NDArray[np.floating[Any]], Map]]]
    if first.design == "paired":
        weights = redrawn(first.n_a, REDRAWN, seed)
        sides = [[(_differences(tests), weights)] for tests in tested]
    else:
        a, b = redrawn(first.n_a, REDRAWN, seed), -redrawn(first.n_b, REDRAWN, seed + 1)
        sides = [[(flat(tests.units_a), a), (flat(tests.units_b), b)] for tests in tested]
    return [
        depth_of(units, tests.recall_heads().to_numpy().ravel(), relative_depths(*tests.heads.effect.shape))
        for units, tests in zip(sides, tested, strict=True)
    ]


def _differences(tests: HeadTests) -> Map:
    return flat(tests.units_a).astype(np.float64) - flat(tests.units_b)


def _profiles(one: HeadTests, other: HeadTests) -> tuple[Map, Map, npt.NDArray[np.intp]]:
    """The profiles of both models' heads over the same units, [unit, head] each, and the block of each unit."""
    if one.design == "paired":
        return _differences(one), _differences(other), np.zeros(one.n_a, dtype=np.intp)
    blocks = np.repeat([0, 1], [one.n_a, one.n_b])
    return _around_sets(one), _around_sets(other), blocks


def _around_sets(tests: HeadTests) -> Map:
    return np.concatenate([_centred(tests.units_a), _centred(tests.units_b)])


def _centred(units: xr.DataArray) -> Map:
    rows = flat(units).astype(np.float64)
    return np.asarray(rows - rows.mean(axis=0))


def _compared(own: InModel, other: InModel, deeper: Estimate, matching: Matching) -> Compared:
    mine, theirs = own.counted.found.ravel(), other.counted.found.ravel()
    first, second = matching.matched.first, matching.matched.second
    like = matching.p_value <= own.tests.alpha
    both = int((mine[first] & theirs[second] & like).sum())
    return Compared(other, deeper, matching, both, float((mine[first] & like).sum()) * float(theirs.mean()))


__all__ = ["AcrossModels", "Compared", "InModel", "compare_models", "find", "needs"]
