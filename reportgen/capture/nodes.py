"""Tokens run once and kept to go on from: the nodes of a tree, with their keys and values.

1. A pass takes rows of new tokens, as many in each, and for each row the path of nodes before them. It runs the new
   tokens alone, by plain transformers, and keeps them as nodes.
2. In every layer attention is given the keys and values along each whole path, gathered from the nodes by a layer of
   transformers' cache. So any rows can share a pass, whatever they have in common.
3. Paths of different lengths are padded on the left and masked; positions count from each one's first token.
"""

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from transformers.cache_utils import Cache, DynamicLayer

from reportgen.capture.thrift import is_out_of_memory
from reportgen.capture.tree import Ids
from reportgen.errors import StudyError

LOGITS_AT_ONCE = 16  # rows that stay in a processor's cache

Path = tuple[int, ...]


class NothingKeptError(StudyError):
    """The model keeps no keys and values to go on from, or keeps something else beside them."""


@dataclass
class _Rows:
    """What a pass runs: `paths` [row, position], the nodes of its rows from their first token, padded on the left.

    The nodes `fresh`, row by row, are new, and so are the positions from `before` on. There are `count` nodes.
    """

    paths: torch.Tensor
    fresh: torch.Tensor
    before: int = 0
    count: int = 0


class _Layer(DynamicLayer):  # type: ignore[misc]
    """One layer's keys and values of all nodes, [node, head, part]."""

    def __init__(self, rows: _Rows) -> None:
        super().__init__()
        self.keys: torch.Tensor | None = None
        self.values: torch.Tensor | None = None
        self._rows = rows

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Keep the new nodes' states, [row, head, new, part], and give those along the paths, [row, head, position, part]."""
        keys, values = self._kept(self.keys, key_states), self._kept(self.values, value_states)
        self.keys, self.values = keys, values
        return self._along(keys), self._along(values)

    def get_seq_length(self) -> int:
        """How many positions come before the new ones."""
        return self._rows.before

    def _kept(self, nodes: torch.Tensor | None, states: torch.Tensor) -> torch.Tensor:
        fresh = states.transpose(1, 2).flatten(0, 1)
        if nodes is None or self._rows.count > len(nodes):
            more = fresh.new_empty(2 * self._rows.count, *fresh.shape[1:])
            nodes = more if nodes is None else torch.cat([nodes, more[len(nodes) :]])
        return nodes.index_copy_(0, self._rows.fresh.to(nodes.device), fresh)

    def _along(self, nodes: torch.Tensor) -> torch.Tensor:
        paths = self._rows.paths.to(nodes.device)
        return nodes.index_select(0, paths.flatten()).view(*paths.shape, *nodes.shape[1:]).transpose(1, 2)


@dataclass(frozen=True)
class Next:
    """What comes next after each row of a pass: its logits, [row, token], and the log of the sum of their exponentials."""

    logits: torch.Tensor
    norms: torch.Tensor

    def of(self, rows: Sequence[int], tokens: Sequence[int]) -> list[float]:
        """The log-probability of each of these tokens after the row beside it, in nats."""
        found: list[float] = (self.logits[rows, tokens] - self.norms[rows]).tolist()
        return found


class Nodes:
    """All tokens that have been run and are kept, and the model that runs them."""

    def __init__(self, model: Any) -> None:
        nothing = torch.zeros(0, dtype=torch.long)
        self._model, self._rows = model, _Rows(nothing, nothing)
        self._free: list[int] = []
        self._cache = Cache(layer_class_to_replicate=partial(_Layer, self._rows))
        self._nothing_kept = f"{type(model).__name__} keeps no keys and values to go on from"
        self._takes_positions = "position_ids" in inspect.signature(model.forward).parameters

    @property
    def count(self) -> int:
        """For how many nodes there is room."""
        return self._rows.count

    def keep(self, paths: Iterable[Path]) -> None:
        """Keep the nodes on these paths; all others may be written over."""
        kept = set[int]().union(*paths)
        self._free = [node for node in range(self.count) if node not in kept]

    def run(self, paths: Sequence[Path], tokens: Sequence[Ids]) -> tuple[list[Path], Next]:
        """Run new tokens after each path, as many after each: the longer paths, and what comes next after them.

        Raises NothingKeptError where the model keeps no keys and values.
        """
        new = len(tokens[0])
        longer = self._grow(paths, new)
        logits = self._logits(tokens, self._layout([len(path) for path in paths], new))[:, -1].float()
        return longer, Next(logits, torch.cat([rows.logsumexp(-1) for rows in logits.split(LOGITS_AT_ONCE)]))

    def _logits(self, tokens: Sequence[Ids], layout: dict[str, torch.Tensor]) -> Any:
        given = torch.tensor(tokens, device=self._model.device)
        try:
            output = self._model(given, past_key_values=self._cache, use_cache=True, logits_to_keep=1, **layout)
        except Exception as error:  # what an architecture that keeps something else stumbles over
            if is_out_of_memory(error):
                raise
            raise NothingKeptError(f"{self._nothing_kept} ({type(error).__name__}: {error})") from error
        if not self._cache.layers:
            raise NothingKeptError(self._nothing_kept)
        return output.logits

    def _grow(self, paths: Sequence[Path], new: int) -> list[Path]:
        fresh = self._take(len(paths) * new)
        longer = [(*path, *fresh[row * new : (row + 1) * new]) for row, path in enumerate(paths)]
        longest = max(map(len, longer))
        padded = [(0,) * (longest - len(path)) + path for path in longer]
        self._rows.paths = torch.tensor(padded, device=self._model.device)
        self._rows.fresh = torch.tensor(fresh, device=self._model.device)
        self._rows.before = longest - new
        return longer

    def _take(self, wanted: int) -> list[int]:
        taken, self._free = self._free[:wanted], self._free[wanted:]
        more = range(self.count, self.count + wanted - len(taken))
        self._rows.count = more.stop
        return [*taken, *more]

    def _layout(self, lengths: Sequence[int], new: int) -> dict[str, torch.Tensor]:
        """The mask of what is no padding, [row, position], and, for a model that takes them, the new tokens' positions."""
        before = torch.tensor(lengths, device=self._model.device)[:, None]
        columns = torch.arange(self._rows.before + new, device=self._model.device)
        mask = (columns >= self._rows.before - before).long()
        return {"attention_mask": mask} | ({"position_ids": before + columns[:new]} if self._takes_positions else {})
