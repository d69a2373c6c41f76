"""The study's first contrast in each relation by itself: which heads it finds there, and how far relations share them.

1. The pairs of each relation are tested as the study's are, a family of heads each. A relation with too few is left out.
2. The heads found in two relations overlap by so much, and their effects at all heads correlate; both are set beside what
   comes out when relations are shuffled over pairs (`stats.overlap`). p-values are corrected over pairs of relations (Holm).
3. At every head it is tested whether the effect differs between relations (`stats.oneway`).
4. Relations are grouped by their effects: distance 1 − r over heads, average linkage.

Where the study names a cluster that stands in several relations, as a subject may, relations are shuffled within it alone.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
from scipy.spatial.distance import squareform

from reportgen.analyses.analysis import Needs, Study
from reportgen.analyses.split import Parted, Split, differences_in, placed, split_by
from reportgen.capture.record import Scores
from reportgen.contrasts import Labels
from reportgen.errors import StudyError
from reportgen.inference import HeadTests, test_heads
from reportgen.report.experiment import Map
from reportgen.report.results import Plan
from reportgen.scores import columns_of, label_columns
from reportgen.spec.experiments import RelationsSection
from reportgen.spec.model import ContrastSection, TestsSection
from reportgen.stats.corrections import adjust
from reportgen.stats.differences import PerHead
from reportgen.stats.oneway import Grouped, one_way
from reportgen.stats.overlap import Alike, Sets, compare_groups


@dataclass(frozen=True)
class Differing:
    """Whether the effect differs between relations, [layer, head]: Welch's F, its p-value, and that which allows for all heads;
    NaN where a head cannot be tested in every relation."""

    statistic: Map
    p_value: Map
    adjusted: Map


@dataclass(frozen=True)
class Relations:
    """What the relations show. `tests` has one entry for each of `split.parts`; `within` says whether labels were shuffled
    within clusters, and `repeated` how many subjects count as independent though they stand in several relations.

    `overlap_p` and `correlation_p` are adjusted over pairs of relations. `tree` is SciPy's linkage of the relations, [step, 4],
    and `order` the order of its leaves.
    """

    split: Split
    tests: tuple[HeadTests, ...]
    alike: Alike
    overlap_p: PerHead
    correlation_p: PerHead
    differing: Differing
    within: bool
    repeated: int
    tree: npt.NDArray[np.float64]
    order: tuple[int, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The relations, in the order of the facts."""
        return self.split.names

    @property
    def found(self) -> npt.NDArray[np.bool_]:
        """The heads found in each relation, [relation, layer, head]."""
        return np.stack([tests.recall_heads().to_numpy() for tests in self.tests])

    @property
    def effects(self) -> npt.NDArray[np.float64]:
        """The effect in each relation, shares of attention, [relation, layer, head]."""
        return np.stack([tests.heads.effect.to_numpy() for tests in self.tests])


def needs(plan: Plan, _: RelationsSection) -> Needs:
    """Nothing beyond the study's own scores. Raises StudyError where fewer than two relations have pairs enough, as far as
    that is known before the model is asked."""
    labels, contrast = label_columns(plan.statements.statements), plan.file.spec.contrasts[0]
    if {*contrast.a.where, *contrast.b.where} <= set(labels):
        _split(labels, contrast, plan.file.spec.tests)
    return Needs()


def find(study: Study, _: RelationsSection, __: Scores) -> Relations:
    """The first contrast by relation, and all relations compared."""
    labels, tests = columns_of(study.scores), study.spec.tests
    split = _split(labels, study.tests.contrast, tests)
    tested = tuple(
        test_heads(study.scores.isel(statement=part.rows), study.tests.contrast, tests) for part in split.parts
    )
    grouped = _grouped(split)
    rows = differences_in(tested)
    sizes = [int(one.recall_heads().sum()) for one in tested]
    testable = np.all([(one.heads.reason == "").to_numpy() for one in tested], axis=0)
    if not testable.any():
        raise StudyError("no head can be tested in every relation")
    alike = compare_groups(
        rows[:, testable.ravel()], grouped, Sets(sizes, tests.smallest_effect, tests.alternative), tests.seed
    )
    effects = np.stack([one.heads.effect.to_numpy()[testable] for one in tested])
    tree = _tree(effects)
    return Relations(
        split=split,
        tests=tested,
        alike=alike,
        overlap_p=adjust(alike.overlap.p_value, "holm", tests.alpha),
        correlation_p=adjust(alike.correlation.p_value, "holm", tests.alpha),
        differing=_differing(rows, grouped, testable, tests),
        within=grouped.within_blocks,
        repeated=0 if tests.cluster else _repeated(labels, split),
        tree=tree,
        order=tuple(leaves_list(tree).tolist()),
    )


def _split(labels: Labels, contrast: ContrastSection, tests: TestsSection) -> Split:
    """Raises what `split_by` raises."""
    by_relation = Parted(
        column="relation",
        values=(str(name) for name in dict.fromkeys(labels["relation"].tolist())),
        plural="relations",
        remedy="Give the facts a second relation under `facts.relations`, or more facts",
    )
    return split_by(by_relation, labels, contrast, tests)


def _grouped(split: Split) -> Grouped:
    """Units by relation. Blocks are what stands in several relations under one name, unless too little does."""
    labels, blocks = split.labels, split.blocks
    several = np.bincount(blocks)[blocks] > 1
    crossed = np.bincount(labels[several], minlength=len(split.parts)) >= 2
    return Grouped(labels, blocks if crossed.all() else np.zeros(len(labels), dtype=np.intp))


def _repeated(labels: Labels, split: Split) -> int:
    subjects = [set(labels["subject"][part.rows].tolist()) for part in split.parts]
    return sum(sum(name in own for own in subjects) > 1 for name in set[Any]().union(*subjects))


def _differing(rows: PerHead, grouped: Grouped, testable: npt.NDArray[np.bool_], tests: TestsSection) -> Differing:
    found = one_way(rows[:, testable.ravel()], grouped, tests.resamples, tests.seed)
    return Differing(*(placed(values, testable) for values in (found.statistic, found.p_value, found.adjusted)))


def _tree(effects: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Average linkage of the effects [relation, head] by 1 − r, its leaves ordered so that neighbours are alike; a relation
    whose effects do not vary correlates with none."""
    spread = effects.std(axis=1) > 0
    correlation = np.eye(len(effects))
    correlation[np.ix_(spread, spread)] = np.corrcoef(effects[spread]) if spread.any() else 1.0
    np.fill_diagonal(correlation, 1.0)
    distances = squareform(np.clip(1 - correlation, 0, 2), checks=False)
    return np.asarray(optimal_leaf_ordering(linkage(distances, "average"), distances))
