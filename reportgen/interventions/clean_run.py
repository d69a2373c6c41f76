"""What is kept of the clean run of a study's pairs, in which no head is knocked out."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from reportgen.errors import StudyError
from reportgen.interventions.prompts import Prompts

LogProbabilities = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Clean:
    """The clean run: what heads put out at each kept place, [layer, place, head, part], the states that enter each layer
    there, [layer or behind the last, place, width], the means over roles, [layer, role, head, part], and the log-probabilities
    of the objects, [pair, side]."""

    outputs: torch.Tensor
    states: torch.Tensor
    means: torch.Tensor
    found: LogProbabilities


class CleanNotes:
    """What the clean run leaves, written down pass by pass; a place that comes by twice counts once."""

    def __init__(self, prompts: Prompts, layers: int, device: torch.device) -> None:
        self._kept, self._device = prompts.kept, device
        self._weights = torch.as_tensor(prompts.weights, dtype=torch.float32, device=device)
        self._roles = torch.as_tensor(prompts.numbered_roles, device=device)
        self._done = torch.zeros(len(self._roles), dtype=torch.bool, device=device)
        self._outputs: list[torch.Tensor | None] = [None] * layers
        self._states: list[torch.Tensor | None] = [None] * (layers + 1)
        self._sums: list[torch.Tensor | None] = [None] * layers

    def begin(self, places: torch.Tensor) -> None:
        """The places [node] of the pass that follows."""
        self._places, self._fresh = places, ~self._done[places]
        self._done[places] = True

    def entered(self, layer: int, states: torch.Tensor) -> None:
        """The states [node, width] that enter a layer."""
        self._keep(self._states, layer, states)

    def put_out(self, layer: int, output: torch.Tensor) -> torch.Tensor:
        """What the heads of a layer put out, [node, head, part]: noted, and left as it is."""
        self._keep(self._outputs, layer, output)
        fresh = self._places[self._fresh]
        here = output.to(self._device)[self._fresh].float() * self._weights[fresh, None, None]
        roles = int(self._roles.max()) + 1
        sums = self._sums[layer]
        before = here.new_zeros(roles, *here.shape[1:]) if sums is None else sums
        self._sums[layer] = before.index_add_(0, self._roles[fresh], here)
        return output

    def clean(self, found: LogProbabilities) -> Clean:
        """All of it together. Raises StudyError where heads of different layers are not of one size."""
        outputs, sums = _stacked([_there(table) for table in self._outputs]), [_there(table) for table in self._sums]
        counts = self._weights.new_zeros(len(sums[0])).index_add_(0, self._roles, self._weights)
        means = torch.stack(sums) / counts[:, None, None]
        return Clean(outputs, torch.stack([_there(table) for table in self._states]), means.to(outputs.dtype), found)

    def _keep(self, tables: list[torch.Tensor | None], layer: int, rows: torch.Tensor) -> None:
        table = tables[layer]
        if table is None:
            table = tables[layer] = torch.zeros(self._kept, *rows.shape[1:], dtype=rows.dtype, device=self._device)
        kept = self._places < self._kept
        table[self._places[kept]] = rows.to(self._device)[kept]


def _stacked(layers: list[torch.Tensor]) -> torch.Tensor:
    sizes = sorted({layer.shape[-1] for layer in layers})
    if len(sizes) > 1:
        raise StudyError(
            f"heads put out {' or '.join(map(str, sizes))} numbers, by their layer; only where all put out as many can they "
            "be knocked out"
        )
    return torch.stack(layers)


def _there(table: torch.Tensor | None) -> torch.Tensor:
    assert table is not None
    return table
