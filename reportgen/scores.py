"""The labelled scores: one number per statement, layer and head.

xarray, which brings pandas, is imported where scores are labelled: a check has labels alone, and stays quick.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import xarray as xr

CELL = ("layer", "head")


class Described(Protocol):
    """What the scores need to know of a statement to label it."""

    @property
    def id(self) -> str: ...
    @property
    def labels(self) -> dict[str, str | bool]: ...


def label_columns(statements: Sequence[Described]) -> dict[str, npt.NDArray[Any]]:
    """Every statement's labels as columns [statement]; a label that a statement lacks is the empty string."""
    columns: dict[str, list[str | bool]] = {}
    for row, statement in enumerate(statements):
        for name, label in statement.labels.items():
            if name not in columns:
                columns[name] = [""] * len(statements)
            columns[name][row] = label
    return {name: np.array(columns[name]) for name in sorted(columns)}


def label_scores(
    values: npt.NDArray[np.float32],
    statements: Sequence[Described],
    measured: Mapping[str, npt.NDArray[Any]] | None = None,
) -> xr.DataArray:
    """Label raw scores `values` [statement, layer, head], shares of attention from 0 to 1.

    Every statement's labels (truth, relation, pair, subject, object and the columns of its facts file) become
    coordinates along `statement`, so that contrasts can filter by them; so do `measured` columns [statement].
    """
    import xarray as xr  # noqa: PLC0415

    columns = {**label_columns(statements), **(measured or {})}
    return xr.DataArray(
        values,
        dims=("statement", "layer", "head"),
        coords={
            "statement": [statement.id for statement in statements],
            "layer": np.arange(values.shape[1]),
            "head": np.arange(values.shape[2]),
            **{name: ("statement", column) for name, column in columns.items()},
        },
        name="score",
        attrs={"units": "share of attention", "long_name": "attention from the query position to the key span"},
    )


def columns_of(scores: xr.DataArray) -> dict[str, npt.NDArray[Any]]:
    """The columns along `statement` that labelled scores carry, each [statement]."""
    return {
        str(name): labels.to_numpy()
        for name, labels in scores.coords.items()
        if labels.dims == ("statement",) and name != "statement"
    }


def flat(scores: xr.DataArray) -> npt.NDArray[np.floating[Any]]:
    """Labelled scores as rows, [row, head of any layer]."""
    values: npt.NDArray[np.floating[Any]] = scores.to_numpy().reshape(len(scores), -1)
    return values


def by_head(values: npt.NDArray[np.float64], like: xr.DataArray) -> xr.DataArray:
    """Values of all heads, [head of any layer], by the layers and heads of other labelled ones."""
    import xarray as xr  # noqa: PLC0415

    shape = (like.sizes["layer"], like.sizes["head"])
    return xr.DataArray(values.reshape(shape), dims=CELL, coords={"layer": like.layer, "head": like["head"]})
