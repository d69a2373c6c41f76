"""How many layers and heads a model has, read from its configuration alone: no weights, no transformers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
_HEADS = ("num_attention_heads", "n_head", "n_heads", "num_heads")


@dataclass(frozen=True)
class Shape:
    """Layers, and heads in each."""

    layers: int
    heads: int


def shape_of(folder: Path) -> Shape | None:
    """The shape of the model in a folder; None where its config.json does not say.

    A model of several parts says it of the one that reads text.
    """
    try:
        said = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    of_text = said.get("text_config", said)
    layers, heads = _first(of_text, _LAYERS), _first(of_text, _HEADS)
    return Shape(layers, heads) if layers and heads else None


def heads_in(folder: Path) -> int:
    """The heads of all layers of the model in a folder; 0 where its config.json does not say."""
    shape = shape_of(folder)
    return 0 if shape is None else shape.layers * shape.heads


def _first(said: Mapping[str, Any], names: tuple[str, ...]) -> int:
    return next((value for name in names if isinstance(value := said.get(name), int)), 0)
