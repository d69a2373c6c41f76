"""The strongest recall heads knocked out, beside random sets of heads.

1. The pairs are split at random. On one half heads are tested as the study's first contrast tests them, and the strongest k
   chosen; on pairs of the other half they are knocked out (`interventions.knockouts`), all k at once, for several k.
2. What is measured: the log-probability of the true object, in nats, and in how many pairs it is likelier than the false one.
3. The same for random sets of heads, matched by layer and by mean attention (`stats.control_sets`); p-values come from them
   (`stats.against_controls`).
4. The direct effect beside the total one, for the chosen sets and for the strongest heads one by one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from reportgen import numbers
from reportgen.analyses.analysis import Needs, Passes, Study
from reportgen.analyses.knockout_halves import Halves, halve
from reportgen.capture.record import Scores
from reportgen.errors import InputError, Problem
from reportgen.inference import HeadTests, test_heads
from reportgen.interventions.removals import LogProbabilities, Removal, Removed, remove
from reportgen.models.shape import heads_in
from reportgen.report.results import Plan
from reportgen.scores import columns_of
from reportgen.spec.experiments import Ablation, KnockoutSection
from reportgen.spec.model import ContrastSection, StatementSet
from reportgen.stats.against_controls import Against, against
from reportgen.stats.control_sets import Order, matched_by_layer, matched_by_value

SINGLES = 20

_CHANGE = ContrastSection(
    id="knockout",
    title="Knocked out against not",
    a=StatementSet(name="knocked out", where={"truth": True}),
    b=StatementSet(name="clean", where={"truth": False}),
)


@dataclass(frozen=True)
class Outcome:
    """One quantity: clean, with each number of chosen heads knocked out [size], and its change beside both kinds of control
    sets."""

    clean: float
    after: npt.NDArray[np.float64]
    by_layer: Against
    by_attention: Against

    @property
    def adjusted(self) -> npt.NDArray[np.float64]:
        """The p-value of being beyond both kinds of control sets, over sizes, [size]: the larger of the two."""
        return np.maximum(self.by_layer.adjusted, self.by_attention.adjusted)


@dataclass(frozen=True)
class Ablated:
    """One ablation: the mean log-probability of the true object and the share of pairs in which it is the likelier; tests of
    the `total` change of the former by size, and of the `direct` one where it can be had. `lonely` pairs have no other of
    their shape to exchange with."""

    ablation: Ablation
    likelihood: Outcome
    right: Outcome
    total: HeadTests
    direct: HeadTests | None
    lonely: int


@dataclass(frozen=True)
class Singles:
    """The strongest heads knocked out one by one, in order: changes of the log-probability of the true object."""

    heads: Order
    total: HeadTests
    direct: HeadTests | None


@dataclass(frozen=True)
class Knockout:
    """What is found. `chosen` are the heads, strongest first, of which the first `significant` are found on the choosing
    half alone; `controls` sets of each kind were drawn, of which `with_chosen` hold chosen heads for want of others."""

    halves: Halves
    chosen: Order
    significant: int
    sizes: tuple[int, ...]
    ablated: tuple[Ablated, ...]
    singles: Singles
    controls: int
    with_chosen: int
    no_direct: str


@dataclass(frozen=True)
class _Controls:
    """Orders of heads, for both kinds."""

    by_layer: tuple[Order, ...]
    by_attention: tuple[Order, ...]

    @property
    def orders(self) -> tuple[Order, ...]:
        return (*self.by_layer, *self.by_attention)


def needs(plan: Plan, section: KnockoutSection) -> Needs:
    """The passes, were no two random sets the same.

    Raises InputError where more heads are to be knocked out than there are, and StudyError where there are too few pairs.
    """
    heads = heads_in(plan.tokenizer.folder)
    if heads:
        require_heads(section, heads)
    halves = halve(plan, section)
    sets = 1 + SINGLES + len(section.ablations) * len(section.sizes) * (1 + 2 * section.controls)
    prompts = halves.prompts
    return Needs(
        passes=Passes(
            forward=2 * (len(prompts.pairs) + sets * len(halves.asked)),
            tokens=len(prompts.tokens) + sets * prompts.kept,
        )
    )


def require_heads(section: KnockoutSection, heads: int) -> None:
    """Raise InputError where more heads are to be knocked out than the model has."""
    most = max(section.sizes)
    if most > heads:
        raise InputError(
            Problem(
                "experiments.knockout.sizes",
                f"{numbers.things(most, 'head')} are to be knocked out, and the model has {numbers.count(heads)}",
                f"Ask for sizes of {numbers.count(heads)} at most.",
            )
        )


def find(study: Study, section: KnockoutSection, _: Scores) -> Knockout:
    """Choose, knock out, compare. Raises what `removals.remove` raises."""
    layers, heads = study.scores.shape[1:]
    require_heads(section, layers * heads)
    halves = halve(study.plan, section)
    tests = _on_choosing_half(study, halves)
    chosen: Order = tuple(tests.strongest(min(layers * heads, max(SINGLES, *section.sizes))))
    found = tests.recall_heads().to_numpy()
    largest = chosen[: max(section.sizes)]
    controls = _controls(study, section, largest, heads)
    removed = _removed(study, section, halves, chosen, controls)
    asked = _Asked(study, halves, removed)
    return Knockout(
        halves=halves,
        chosen=largest,
        significant=int(sum(found[place] for place in largest)),
        sizes=section.sizes,
        ablated=tuple(_ablated(asked, ablation, section.sizes, largest, controls) for ablation in section.ablations),
        singles=_singles(asked, section.ablations[0], chosen[:SINGLES]),
        controls=section.controls,
        with_chosen=sum(bool(set(order) & set(largest)) for order in controls.orders),
        no_direct=removed.no_direct,
    )


def _on_choosing_half(study: Study, halves: Halves) -> HeadTests:
    rows = [place for place, one in enumerate(study.statements) if one.fact.pair not in halves.testing]
    return test_heads(study.scores.isel(statement=rows), study.tests.contrast, study.spec.tests)


def _controls(study: Study, section: KnockoutSection, chosen: Order, heads: int) -> _Controls:
    rng = np.random.default_rng([study.spec.tests.seed, section.seed, 6])
    attention = study.scores.mean("statement").to_numpy().astype(float)
    return _Controls(
        matched_by_layer(chosen, heads, section.controls, rng),
        matched_by_value(chosen, attention, section.controls, rng),
    )


def _removed(study: Study, section: KnockoutSection, halves: Halves, chosen: Order, controls: _Controls) -> Removed:
    sizes, first = section.sizes, section.ablations[0]
    removals = [
        removal
        for ablation in section.ablations
        for size in sizes
        for removal in (
            *(_total(order[:size], ablation) for order in (chosen, *controls.orders)),
            _direct(chosen[:size], ablation),
        )
    ]
    singles = [make((head,), first) for head in chosen[:SINGLES] for make in (_total, _direct)]
    seed = study.spec.tests.seed + section.seed
    return remove(
        [*removals, *singles], halves.prompts, study.model, study.statements, study.spec.measure.aggregation, seed
    )


def _total(heads: Order, ablation: Ablation) -> Removal:
    return Removal(tuple(sorted(heads)), ablation)


def _direct(heads: Order, ablation: Ablation) -> Removal:
    return Removal(tuple(sorted(heads)), ablation, "direct")


@dataclass(frozen=True)
class _Asked:
    """The pairs and what was removed."""

    study: Study
    halves: Halves
    removed: Removed

    def tests(self, removals: Sequence[Removal]) -> HeadTests:
        """The change of the true object's log-probability by each removal, [1, removal], tested over the study's units."""
        rows = {one.id: place for place, one in enumerate(self.study.statements)}
        order = [rows[one.id] for pair in self.halves.asked for one in pair]
        after = self.removed.of(removals)[:, :, 0].T
        clean = np.broadcast_to(self.removed.clean[:, :1], after.shape)
        values = np.stack([after, clean], axis=1).reshape(2 * len(after), 1, -1)
        labels = columns_of(self.study.scores.isel(statement=order))
        labelled = xr.DataArray(
            values,
            dims=("statement", "layer", "head"),
            coords={
                "statement": [self.study.statements[place].id for place in order],
                "layer": [0],
                "head": np.arange(values.shape[-1]),
                **{name: ("statement", column) for name, column in labels.items()},
            },
        )
        ours = {"test": "auto", "alternative": "two-sided", "smallest_effect": 0.0}
        return test_heads(labelled, _CHANGE, self.study.spec.tests.model_copy(update=ours))


Quantity = Callable[[LogProbabilities], npt.NDArray[np.float64]]
"""From log-probabilities [set, pair, side] to one number for each set, [set]."""


def _likelihood(found: LogProbabilities) -> npt.NDArray[np.float64]:
    """The mean log-probability of the true object, in nats."""
    return np.asarray(found[..., 0].mean(axis=1))


def _right(found: LogProbabilities) -> npt.NDArray[np.float64]:
    """The share of pairs in which the true object is likelier than the false one."""
    return np.asarray((found[..., 0] > found[..., 1]).mean(axis=1))


def _ablated(asked: _Asked, ablation: Ablation, sizes: Sequence[int], chosen: Order, controls: _Controls) -> Ablated:
    removed = asked.removed
    total = [_total(chosen[:size], ablation) for size in sizes]
    direct = [_direct(chosen[:size], ablation) for size in sizes]
    likelihood, right = (
        _outcome(
            removed,
            quantity,
            total,
            [_sets(orders, ablation, sizes) for orders in (controls.by_layer, controls.by_attention)],
        )
        for quantity in (_likelihood, _right)
    )
    return Ablated(
        ablation=ablation,
        likelihood=likelihood,
        right=right,
        total=asked.tests(total),
        direct=None if removed.no_direct else asked.tests(direct),
        lonely=removed.lonely[ablation],
    )


def _sets(orders: Sequence[Order], ablation: Ablation, sizes: Sequence[int]) -> list[list[Removal]]:
    """The sets of each order, [control][size]."""
    return [[_total(order[:size], ablation) for size in sizes] for order in orders]


def _outcome(
    removed: Removed, quantity: Quantity, total: Sequence[Removal], controls: Sequence[Sequence[Sequence[Removal]]]
) -> Outcome:
    clean, after = float(quantity(removed.clean[np.newaxis])[0]), quantity(removed.of(total))
    beside = [
        against(after - clean, np.stack([quantity(removed.of(sets)) for sets in kind]) - clean, kind)
        for kind in controls
    ]
    return Outcome(clean, after, *beside)


def _singles(asked: _Asked, ablation: Ablation, heads: Order) -> Singles:
    total, direct = ([make((head,), ablation) for head in heads] for make in (_total, _direct))
    return Singles(heads, asked.tests(total), None if asked.removed.no_direct else asked.tests(direct))
