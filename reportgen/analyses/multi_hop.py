"""Multi-hop: through which pairs of heads attention leads from the start of a chain of facts, by way of its middle, to the
position before its answer; in true chains, against shuffled ones in which the link is broken (`chains`).

1. Of every chain is read, through each token m of the link: attention from m to the start, from m to the middle's earlier
   mentions, and from the last position to m. The study's statements are not touched.
2. Each of these hops is tested at every head, true against shuffled chain of one fact; a token's own looking back is
   averaged over the link's tokens, what is looked at is added up.
3. The strength of a path through a pair of heads is in `stats.paths`. Pairs are chosen by their strength over true and
   shuffled chains together. Exchanging the two leaves that as it is, so that the choice says nothing about their difference
   (Bourgon, Gentleman & Huber 2010, https://doi.org/10.1073/pnas.0914005107) and those chosen are the whole family.
4. As baselines attention rollout and flow (`stats.rollout`) from the last position to start and link, over the whole
   patterns of some of the chains.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from reportgen.analyses.analysis import Needs, Study
from reportgen.capture.record import Scores
from reportgen.capture.request import Request
from reportgen.chains import Chain, ChainPair, Chains, make_chains
from reportgen.clusters import DESIGNS
from reportgen.errors import StudyError, shown
from reportgen.families import Member, adjust_family
from reportgen.inference import HeadTests, test_units
from reportgen.procedures import procedure_of
from reportgen.report.results import Plan
from reportgen.spec.experiments import MultiHopSection
from reportgen.spec.model import ContrastSection, StatementSet, TestsSection
from reportgen.stats.differences import PerHead, means_of_groups
from reportgen.stats.paths import Hops, Rows, count_pairs, strongest_pairs
from reportgen.stats.rollout import flow, rollout

FAMILY = 1000
TRUE, SHUFFLED = "true chains", "shuffled chains"


@dataclass(frozen=True)
class Tested:
    """Columns compared in true and shuffled chains: means, their difference with an interval that allows for all columns,
    p-values adjusted over them, and the differences that could have been found, [column] each; NaN where a column cannot be
    tested."""

    true: PerHead
    shuffled: PerHead
    effect: PerHead
    low: PerHead
    high: PerHead
    adjusted: PerHead
    detectable: PerHead
    tests: TestsSection

    @property
    def found(self) -> npt.NDArray[np.bool_]:
        """Which differ by at least the smallest effect of interest, [column]."""
        return np.asarray((self.adjusted <= self.tests.alpha) & (np.abs(self.effect) >= self.tests.smallest_effect))

    @property
    def order(self) -> Rows:
        """Those that differ first, then by the size of the difference."""
        return np.lexsort((-np.nan_to_num(np.abs(self.effect), nan=-1.0), ~self.found))


@dataclass(frozen=True)
class Paths:
    """The paths through the chosen pairs of heads, strongest in all chains first; heads are numbered layer by layer.

    `possible` counts all pairs whose second head is in a later layer.
    """

    earlier: Rows
    later: Rows
    tested: Tested
    possible: int


@dataclass(frozen=True)
class Baselines:
    """Rollout to the start and to the link, then flow to both, over so many chains."""

    tested: Tested
    chains: int


@dataclass(frozen=True)
class MultiHop:
    """What the chains show. `to_start` and `to_again` are hops from the link back to the start and to the middle's earlier
    mentions, `to_link` the hop from the last position to the link; `units` are facts, or clusters of them."""

    chains: Chains
    to_start: HeadTests
    to_again: HeadTests
    to_link: HeadTests
    paths: Paths
    baselines: Baselines | None
    units: int


def needs(plan: Plan, section: MultiHopSection) -> Needs:
    """Three scores a token of each link, and one for each place of some chains' whole patterns.

    Raises what `make_chains` raises.
    """
    chains = make_chains(plan.facts, section, plan.tokenizer)
    return Needs((*_hop_requests(chains), *_pattern_requests(_examples(chains, section))))


def _hop_requests(chains: Chains) -> Iterator[Request]:
    """From each token of each link to the start and to the middle before, and from the last position to it."""
    for chain in chains.each():
        for token in chain.link:
            yield Request(chain.looking(token, chain.start), "sum")
            yield Request(chain.looking(token, chain.again), "sum")
            yield Request(chain.looking(chain.statement.query, (token,)), "sum")


def _examples(chains: Chains, section: MultiHopSection) -> list[ChainPair]:
    """The chains whose whole patterns are read, spread evenly over all."""
    count = min(section.examples, len(chains.pairs))
    places = np.linspace(0, len(chains.pairs) - 1, count).astype(int)
    return [chains.pairs[place] for place in places.tolist()]


def _pattern_requests(pairs: Sequence[ChainPair]) -> Iterator[Request]:
    """Every position up to the last one, to every position before it and itself."""
    for pair in pairs:
        for chain in (pair.true, pair.shuffled):
            for query, key in zip(*_triangle(chain), strict=True):
                yield Request(chain.looking(int(query), (int(key),)), "sum")


def _triangle(chain: Chain) -> tuple[Rows, Rows]:
    return np.tril_indices(chain.statement.query + 1)


def find(study: Study, section: MultiHopSection, scores: Scores) -> MultiHop:
    """Hops at every head, paths through pairs of heads, and the baselines.

    Raises StudyError where a path has no second layer to go on in, or all chains are in one cluster.
    """
    chains = make_chains(study.plan.facts, section, study.plan.tokenizer)
    layers, per_layer = scores.shape[1:]
    sizes = np.array([len(chain.link) for chain in chains.each()])
    reads = 3 * int(sizes.sum())
    to_start, to_again, to_link = scores[:reads].reshape(-1, 3, layers * per_layer).transpose(1, 0, 2)
    units = _Units.of(chains.pairs, study.spec.tests)
    _require_two(layers, units)
    hops = Hops(to_start, to_link, sizes)
    middles = sizes[:, np.newaxis]

    def hop(name: str, values: PerHead) -> HeadTests:
        return _test_hop(name, values.reshape(-1, layers, per_layer), units)

    return MultiHop(
        chains=chains,
        to_start=hop("link-to-start", hops.by_chain(to_start) / middles),
        to_again=hop("link-to-earlier", hops.by_chain(to_again) / middles),
        to_link=hop("last-to-link", hops.by_chain(to_link)),
        paths=_paths(hops, layers, per_layer, units),
        baselines=_baselines(chains, section, scores[reads:], units),
        units=units.count,
    )


def _require_two(layers: int, units: "_Units") -> None:
    if layers < 2:
        raise StudyError("a path leads through two heads in different layers, and this model has one layer")
    if units.count < 2:
        raise StudyError(
            f"all chains are in one cluster by {shown(str(units.column))}, and two are compared at least: choose facts of "
            "several, or another column as tests.cluster"
        )


@dataclass(frozen=True)
class _Units:
    """What is independent among the facts, [fact] → unit, by which column, and the settings by which pairs of chains are
    tested."""

    of_fact: Rows
    names: tuple[str, ...]
    tests: TestsSection
    column: str

    @classmethod
    def of(cls, pairs: Sequence[ChainPair], tests: TestsSection) -> "_Units":
        column = tests.cluster or "pair"
        labels = [str(pair.true.statement.labels.get(column) or pair.fact.pair) for pair in pairs]
        names, of_fact = np.unique(labels, return_inverse=True)
        fitting = "auto" if DESIGNS[tests.test] == "independent" else tests.test
        paired = tests.model_copy(update={"test": fitting, "alternative": "two-sided", "cluster": None})
        return cls(of_fact.astype(np.intp), tuple(names.tolist()), paired, column)

    @property
    def count(self) -> int:
        return len(self.names)

    def sides(self, values: PerHead) -> tuple[PerHead, PerHead]:
        """Values of true and shuffled chains in turn, [chain, …] → [unit, …] of each."""
        return self.mean(values[::2]), self.mean(values[1::2])

    def mean(self, values: PerHead) -> PerHead:
        return means_of_groups(values, self.of_fact, self.count)

    def chosen(self, places: Sequence[int]) -> "_Units":
        """Those of some of the facts."""
        names, of_fact = np.unique(self.of_fact[list(places)], return_inverse=True)
        return _Units(
            of_fact.astype(np.intp), tuple(self.names[name] for name in names.tolist()), self.tests, self.column
        )

    def test(self, values: PerHead) -> Tested:
        """Columns of values [chain, column] as one family, corrected as the spec's headline says."""
        tests = self.tests
        a, b = self.sides(values)
        name = "paired_t" if tests.test == "auto" else tests.test
        procedure = procedure_of(name, "paired")
        result, difference = procedure.test(a, b, tests.alternative), procedure.difference(a, b)
        member = Member(a, b, result, difference, procedure, self.names, name == "permutation")
        [adjusted] = adjust_family([member], tests)
        return Tested(
            a.mean(axis=0),
            b.mean(axis=0),
            difference.estimate,
            adjusted.interval.low,
            adjusted.interval.high,
            adjusted.by_correction[tests.corrections.index(tests.headline)],
            adjusted.detectable,
            tests,
        )


def _test_hop(name: str, values: PerHead, units: _Units) -> HeadTests:
    """True against shuffled chains at every head, of values [chain, layer, head]."""
    contrast = ContrastSection(
        id=name,
        title=name,
        a=StatementSet(name=TRUE, where={"chain": "true"}),
        b=StatementSet(name=SHUFFLED, where={"chain": "shuffled"}),
    )
    a, b = (_labelled(side) for side in units.sides(values))
    return test_units(a, b, "paired", contrast, units.tests)


def _labelled(values: PerHead) -> xr.DataArray:
    _, layers, heads = values.shape
    return xr.DataArray(
        values, dims=("unit", "layer", "head"), coords={"layer": np.arange(layers), "head": np.arange(heads)}
    )


def _paths(hops: Hops, layers: int, per_layer: int, units: _Units) -> Paths:
    earlier, later = strongest_pairs(hops.mean_strength(), per_layer, FAMILY)
    tested = units.test(hops.strength(earlier, later))
    return Paths(earlier, later, tested, count_pairs(layers, per_layer))


def _baselines(chains: Chains, section: MultiHopSection, scores: Scores, units: _Units) -> Baselines | None:
    """None where no whole patterns were read, or fewer than two facts' were."""
    examples = _examples(chains, section)
    places = [chains.pairs.index(pair) for pair in examples]
    chosen = units.chosen(places) if places else units
    if len(examples) < 2 or chosen.count < 2:
        return None
    values, begun = [], 0
    averaged = scores.mean(axis=2, dtype=np.float64)
    for pair in examples:
        for chain in (pair.true, pair.shuffled):
            cells = len(_triangle(chain)[0])
            values.append(_reach(chain, averaged[begun : begun + cells]))
            begun += cells
    return Baselines(chosen.test(np.array(values)), len(examples))


def _reach(chain: Chain, cells: PerHead) -> PerHead:
    """Rollout to the start and the link, and flow to both, from attention averaged over heads, [cell, layer]."""
    query = chain.statement.query
    patterns = np.zeros((cells.shape[1], query + 1, query + 1))
    patterns[:, *_triangle(chain)] = cells.T
    spread = rollout(patterns, query)
    spans = (chain.start, chain.link)
    return np.array([*(spread[list(span)].sum() for span in spans), *(flow(patterns, query, span) for span in spans)])
