"""How others capture, and the forward pass that all of them need: what our capture is measured against.

Each gives a function from statements to their scores [statement, layer, head], each the
attention from the query position summed over the key span; the bare forward pass has none to give.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from reportgen.statements import Statement

BATCH = 64

Read = Callable[[Sequence[Statement]], torch.Tensor]


def bare_forward(folder: Path, device: str) -> Callable[[Sequence[Statement]], None]:
    """Plain transformers with SDPA and no LM head, in batches of like length; nothing is captured."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa")
    base = model.to(device).eval().base_model

    @torch.inference_mode()
    def run(statements: Sequence[Statement]) -> None:
        for _, tokens, mask in _batches(statements):
            states = base(tokens.to(device), attention_mask=mask.to(device), use_cache=False).last_hidden_state
        states[0, 0, 0].item()  # waits for a device that works ahead

    return run


def bridge_hooks(bridge: Any) -> Read:
    """TransformerLens with a hook on every pattern, in batches of like length."""

    @torch.inference_mode()
    def read(statements: Sequence[Statement]) -> torch.Tensor:
        scores = torch.empty(len(statements), bridge.cfg.n_layers, bridge.cfg.n_heads)
        for places, tokens, _ in _batches(statements):
            chosen = [statements[place] for place in places]
            queries = torch.tensor([statement.query for statement in chosen])
            keys = torch.zeros(tokens.shape, device=bridge.cfg.device)
            for row, statement in enumerate(chosen):
                keys[row, list(statement.keys)] = 1

            def keep(pattern: torch.Tensor, hook: Any, places=places, queries=queries, keys=keys) -> None:  # type: ignore[no-untyped-def]
                rows = pattern[range(len(places)), :, queries]
                scores[places, hook.layer()] = (rows * keys[:, None]).sum(-1).cpu()

            hooks = [(lambda name: name.endswith("attn.hook_pattern"), keep)]
            bridge.run_with_hooks(tokens.to(bridge.cfg.device), return_type=None, fwd_hooks=hooks)
        return scores

    return read


def notebook(bridge: Any) -> Read:
    """TransformerLens with one prompt at a time and every activation cached."""

    @torch.inference_mode()
    def read(statements: Sequence[Statement]) -> torch.Tensor:
        scores = torch.empty(len(statements), bridge.cfg.n_layers, bridge.cfg.n_heads)
        for place, statement in enumerate(statements):
            _, cached = bridge.run_with_cache(torch.tensor([statement.tokens.ids], device=bridge.cfg.device))
            for layer in range(bridge.cfg.n_layers):
                pattern = cached[f"blocks.{layer}.attn.hook_pattern"]
                scores[place, layer] = pattern[0, :, statement.query, list(statement.keys)].sum(-1)
        return scores

    return read


def _batches(statements: Sequence[Statement]) -> Iterator[tuple[list[int], torch.Tensor, torch.Tensor]]:
    """Places of statements of like length, their tokens padded on the right, and where these are real."""
    order = sorted(range(len(statements)), key=lambda place: len(statements[place].tokens.ids))
    for start in range(0, len(order), BATCH):
        places = order[start : start + BATCH]
        longest = max(len(statements[place].tokens.ids) for place in places)
        tokens = torch.zeros(len(places), longest, dtype=torch.long)
        mask = torch.zeros_like(tokens)
        for row, place in enumerate(places):
            ids = statements[place].tokens.ids
            tokens[row, : len(ids)], mask[row, : len(ids)] = torch.tensor(ids), 1
        yield places, tokens, mask
