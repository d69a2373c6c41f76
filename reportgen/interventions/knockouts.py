"""Heads knocked out: how likely a model finds objects when sets of heads put out something else than they do.

1. One clean run over all pairs (`prompts`) keeps what every head puts out at each place, the states that enter each layer,
   and the mean of what heads put out over each role.
2. An ablation says what a head that is knocked out puts out at a place: nothing (`zero`), the mean over the place's role
   (`mean`; Wang et al. 2022, https://arxiv.org/abs/2211.00593), or what it puts out for another pair there (`resample`; Zhang &
   Nanda 2024, https://arxiv.org/abs/2309.16042). It is knocked out at every place.
3. Many sets of heads share a pass (`packed`), each with a tree of its own. A pass begins at the lowest layer in which any of
   its sets has a head, since below it nothing differs from the clean run.
4. The direct effect of a set is what its heads' own contribution to the final residual stream does, with every other head and
   layer as in the clean run: the difference between what they write when knocked out and when not is added to the stream
   that enters the final norm. That norm, and one after attention, are computed anew. Total less direct effect is what comes
   through later layers.

All of it is proven before it is used: clean log-probabilities against the plain model, and a pass that begins behind the last
layer against the clean one.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from reportgen.capture.thrift import is_out_of_memory, within_memory
from reportgen.capture.tree import Pack, leaves, pack, plan_packs
from reportgen.errors import StudyError
from reportgen.interventions.clean_run import Clean, CleanNotes, LogProbabilities
from reportgen.interventions.direct_path import find_path
from reportgen.interventions.packed import Begun, Change, PackedModel, log_probabilities, running_packed
from reportgen.interventions.prompts import Asked, Prompts
from reportgen.interventions.writing import Writer
from reportgen.spec.experiments import Ablation

HeadSet = tuple[tuple[int, int], ...]

TOLERANCE = {torch.float32: 2e-3, torch.bfloat16: 0.5}
"""By how many nats clean log-probabilities may differ from the plain model's."""
_PROVEN_PAIRS = 4


Where = tuple[int, int, int]


@dataclass(frozen=True)
class Replacing:
    """What heads put out when they are knocked out: rows [layer, row, head, part], and the row of each place, [place]."""

    rows: torch.Tensor
    of: torch.Tensor

    def at(self, layer: int, places: torch.Tensor) -> torch.Tensor:
        """What the heads of a layer put out at these places, [place, head, part]."""
        return self.rows[layer].index_select(0, self.of[places])


@dataclass(frozen=True)
class _Wanted:
    """A token of an object: which set, pair and side it belongs to, and the node at which it is predicted."""

    where: Where
    node: int
    token: int


@dataclass(frozen=True)
class _Run:
    """One pass: the set and the place of each node, [node], and the tokens that are predicted."""

    packed: Pack
    sets: torch.Tensor
    places: torch.Tensor
    wanted: tuple[_Wanted, ...]


class Knockouts:
    """A model whose heads are knocked out; made by `knocking_out`. `no_direct` says why direct effects cannot be had, or
    nothing where they can. `passes` and `nodes` count forward passes and the tokens in them."""

    def __init__(
        self, packed: PackedModel, prompts: Prompts, budget: int, writers: Sequence[Writer], no_direct: str
    ) -> None:
        self._packed, self._prompts, self._writers = packed, prompts, writers
        self._device = packed.device
        self.budget, self.no_direct, self.passes, self.nodes = budget, no_direct, 0, 0
        self.clean: Clean = self._within_memory(self._run_clean)

    def replacing(self, ablation: Ablation, rng: np.random.Generator) -> tuple[Replacing, int]:
        """What an ablation puts in place of the heads' outputs, and in how many pairs it has to take the mean instead."""
        kept, means = self._prompts.kept, self.clean.means
        roles = torch.as_tensor(self._prompts.numbered_roles[:kept], device=self._device)
        if ablation == "mean":
            return Replacing(means, roles), 0
        if ablation == "zero":
            return Replacing(torch.zeros_like(means[:, :1]), torch.zeros_like(roles)), 0
        donors, lonely = self._prompts.donors(rng)
        donor = torch.as_tensor(donors, device=self._device)
        rows = torch.cat([self.clean.outputs, means], dim=1)
        return Replacing(rows, torch.where(donor < 0, roles + kept, donor)), lonely

    def total(self, sets: Sequence[HeadSet], replacing: Replacing) -> LogProbabilities:
        """The log-probabilities of the objects with each set knocked out, [set, pair, side], in nats.

        Raises StudyError where a single sequence does not fit into memory.
        """
        return np.asarray(self._within_memory(lambda budget: self._total(sets, replacing, budget)))

    def direct(self, sets: Sequence[HeadSet], replacing: Replacing) -> LogProbabilities:
        """The same with only what the set's heads write themselves taken out, [set, pair, side]; NaN where direct effects
        cannot be had."""
        if self.no_direct:
            return np.full((len(sets), self._prompts.evaluated, 2), np.nan)
        return np.asarray(self._within_memory(lambda budget: self._direct(sets, replacing, budget)))

    def require_proven(self, said: LogProbabilities) -> None:
        """Raise StudyError unless the clean log-probabilities are those that the plain model gives of the first pairs,
        [pair, side], and a pass that begins behind the last layer gives all of them again."""
        clean = self.clean.found
        limit = TOLERANCE.get(self._packed.model.dtype, TOLERANCE[torch.bfloat16])
        missed = np.abs(said - clean[: len(said)]).max()
        if not missed <= limit:
            raise StudyError(
                f"this architecture does not prove itself: log-probabilities are off by {missed:.2g} nats where statements "
                "share a pass"
            )
        nothing, _ = self.replacing("zero", np.random.default_rng(0))
        if not np.abs(self.total([()], nothing)[0] - clean).max() <= limit:
            raise StudyError("this architecture does not prove itself: its layers cannot be left out")

    def _within_memory(self, run: Callable[[int], Any]) -> Any:
        """What a run gives with the budget, or with the largest of its halves that memory suffices for, from then on."""

        def attempt(budget: int) -> Any:
            found = run(budget)
            self.budget = budget
            return found

        try:
            return within_memory(attempt, self.budget)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            reason = str(error).partition("\n")[0]
        raise StudyError(
            f"a statement does not fit into memory, even alone ({reason}). Free memory, or choose another device or a "
            "smaller model."
        )

    def _run_clean(self, budget: int) -> Clean:
        prompts, packed = self._prompts, self._packed
        notes = CleanNotes(prompts, packed.layers, self._device)
        found = np.full((1, prompts.evaluated, 2), np.nan)
        for run in self._runs(range(1), len(prompts.pairs), budget):
            notes.begin(run.places)
            with packed.recording(notes.entered):
                self._read(run, notes.put_out, None, found)
        return notes.clean(found[0])

    def _total(self, sets: Sequence[HeadSet], replacing: Replacing, budget: int) -> LogProbabilities:
        order = sorted(range(len(sets)), key=lambda number: self._lowest(sets[number]))
        chosen = [sets[number] for number in order]
        masks = self._masks(chosen)
        found = np.full((len(sets), self._prompts.evaluated, 2), np.nan)
        for run in self._runs(range(len(sets)), self._prompts.evaluated, budget):
            first = self._lowest(chosen[int(run.sets.min())])
            begun = Begun(first, self.clean.states[first][run.places]) if first else None
            self._read(run, _knocking(masks[:, run.sets], replacing, run.places), begun, found)
        return found[np.argsort(order)]

    def _direct(self, sets: Sequence[HeadSet], replacing: Replacing, budget: int) -> LogProbabilities:
        found = np.zeros((len(sets), self._prompts.evaluated, 2))
        masks = self._masks(sets)
        ends = self._ends()
        at = sorted({end.node for end in ends})
        for start in range(0, len(at), budget):
            rows = {place: row for row, place in enumerate(at[start : start + budget])}
            here = [end for end in ends if end.node in rows]
            places = torch.as_tensor(list(rows), device=self._device)
            for number in range(len(sets)):
                stream = self.clean.states[-1][places] + self._moved(masks[:, number], replacing, places)
                likely = log_probabilities(
                    self._end(stream), [rows[end.node] for end in here], [end.token for end in here]
                )
                for end, value in zip(here, likely, strict=True):
                    found[number, end.where[1], end.where[2]] += value
        return found

    def _ends(self) -> list[_Wanted]:
        """The tokens of all objects that are asked about, with the places at which they are predicted."""
        return [
            _Wanted((0, number, side), place, token)
            for number, pair in enumerate(self._prompts.pairs[: self._prompts.evaluated])
            for side, asked in enumerate(pair)
            for place, token in zip(asked.predicting, asked.object, strict=True)
        ]

    def _moved(self, mask: torch.Tensor, replacing: Replacing, places: torch.Tensor) -> torch.Tensor:
        """What the heads of a mask [layer, head] write when knocked out, less what they write clean, [place, width]."""
        moved = torch.zeros_like(self.clean.states[0][places])
        for layer in mask.any(dim=1).nonzero().flatten().tolist():
            before = self.clean.outputs[layer][places]
            after = torch.where(mask[layer][None, :, None], replacing.at(layer, places), before)
            writer, device = self._writers[layer], self._packed.devices[layer]
            written = [writer.written(output.flatten(1).to(device)) for output in (after, before)]
            moved += (written[0] - written[1]).to(moved)
        return moved

    def _end(self, stream: torch.Tensor) -> torch.Tensor:
        """The logits that follow from final residual streams [row, width], [row, token]."""
        rows = range(len(stream))
        nothing = torch.zeros(len(stream), dtype=torch.long)
        return self._packed.logits(
            pack([(row,) for row in rows]), nothing, torch.as_tensor(rows), begun=Begun(self._packed.layers, stream)
        )

    def _masks(self, sets: Sequence[HeadSet]) -> torch.Tensor:
        """Which heads each set knocks out, [layer, set, head]."""
        masks = np.zeros((self._packed.layers, len(sets), self._packed.heads), bool)
        for number, heads in enumerate(sets):
            for layer, head in heads:
                masks[layer, number, head] = True
        return torch.as_tensor(masks, device=self._device)

    def _lowest(self, heads: HeadSet) -> int:
        """The lowest layer in which a set has a head; the number behind the last where it has none."""
        return min((layer for layer, _ in heads), default=self._packed.layers)

    def _runs(self, sets: range, pairs: int, budget: int) -> Iterator[_Run]:
        """Every set with the first so many pairs, in passes of at most so many nodes, the first sets first."""
        prompts, size = self._prompts, len(self._prompts.tokens)
        asked = [(number, pair, side) for number in sets for pair in range(pairs) for side in range(2)]
        found = leaves(
            [tuple(number * size + place for place in prompts.pairs[pair][side].path) for number, pair, side in asked]
        )
        for taken in plan_packs([leaf.tokens for leaf in found], budget):
            chosen = found[taken.start : taken.stop]
            packed = pack([leaf.tokens for leaf in chosen])
            codes = torch.as_tensor(packed.tokens, device=self._device)
            wanted = [
                wish
                for path, leaf in zip(packed.paths, chosen, strict=True)
                for place in leaf.places
                for wish in self._wishes(asked[place], path.tolist())
            ]
            yield _Run(packed, codes // size, codes % size, tuple(wanted))

    def _wishes(self, where: Where, path: Sequence[int]) -> Iterator[_Wanted]:
        """What is predicted along a path of nodes; nothing of pairs that are not asked about."""
        _, pair, side = where
        if pair < self._prompts.evaluated:
            asked = self._prompts.pairs[pair][side]
            for node, token in zip(path[asked.first : len(asked.path)], asked.object, strict=True):
                yield _Wanted(where, node, token)

    def _read(self, run: _Run, change: Change, begun: Begun | None, found: LogProbabilities) -> None:
        """Run a pass, and write the log-probabilities of the objects into `found` [set, pair, side]."""
        kept = sorted({wish.node for wish in run.wanted}) or [0]
        rows = {node: row for row, node in enumerate(kept)}
        tokens = torch.as_tensor(self._prompts.tokens, device=self._device)[run.places]
        logits = self._packed.logits(run.packed, tokens, torch.as_tensor(kept), change, begun)
        self.passes += 1
        self.nodes += len(tokens)
        likely = log_probabilities(
            logits, [rows[wish.node] for wish in run.wanted], [wish.token for wish in run.wanted]
        )
        for wish, value in zip(run.wanted, likely, strict=True):
            before = found[wish.where]
            found[wish.where] = value if np.isnan(before) else before + value


def _knocking(masks: torch.Tensor, replacing: Replacing, places: torch.Tensor) -> Change:
    """The change that knocks out the heads of the masks [layer, node, head] at these places [node]."""
    layers = masks.any(dim=2).any(dim=1).tolist()

    def change(layer: int, output: torch.Tensor) -> torch.Tensor:
        if not layers[layer]:
            return output
        out = masks[layer].to(output.device)
        return torch.where(out[..., None], replacing.at(layer, places).to(output), output)

    return change


@contextmanager
def knocking_out(model: Any, prompts: Prompts, budget: int) -> Iterator[Knockouts]:
    """Within the context, a causal model of plain transformers is asked about the pairs with heads knocked out, in passes of
    so many tokens; after it, it is as before.

    Raises StudyError about an architecture that does not allow this, or does not prove itself.
    """
    with torch.inference_mode():
        said = _plainly(model, prompts)
    writers, why = _writers(model, prompts)
    with running_packed(model) as packed:
        try:
            knockouts = Knockouts(packed, prompts, budget, writers, why)
            knockouts.require_proven(said)
        except Exception as error:  # what an architecture that is built in another way stumbles over
            if isinstance(error, StudyError) or is_out_of_memory(error):
                raise
            raise StudyError(
                f"{type(model).__name__}: heads cannot be knocked out in this architecture ({type(error).__name__}: {error})"
            ) from error
        yield knockouts


def _plainly(model: Any, prompts: Prompts) -> LogProbabilities:
    """What the plain model says of the first pairs, statement by statement, [pair, side]."""
    device = model.get_input_embeddings().weight.device

    def of(asked: Asked) -> float:
        logits = model(torch.as_tensor(prompts.tokens[list(asked.path)], device=device)[None], use_cache=False).logits[
            0
        ]
        return sum(log_probabilities(logits[asked.first :], range(len(asked.object)), asked.object))

    return np.array([[of(side) for side in pair] for pair in prompts.pairs[: min(_PROVEN_PAIRS, prompts.evaluated)]])


def _writers(model: Any, prompts: Prompts) -> tuple[tuple[Writer, ...], str]:
    """How the attention of each layer writes, or why what heads write cannot be told from the residual stream."""
    if model.dtype != torch.float32:
        return (), f"{model.dtype} is too coarse to prove them in".replace("torch.", "")
    try:
        return find_path(model, prompts.tokens[list(prompts.pairs[0][0].path)].tolist()).writers, ""
    except StudyError as error:
        return (), str(error)
