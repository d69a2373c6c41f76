"""Tables as CSV: plain numbers with nine digits, an empty cell where there is none."""

import csv
import io
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt


def csv_bytes(rows: Iterable[Iterable[str]]) -> bytes:
    """The rows as a CSV file in UTF-8."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def columns_csv(columns: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """Columns of one length, by name."""
    return csv_bytes([list(columns), *zip(*(map(cell, column.tolist()) for column in columns.values()), strict=True)])


def heads_csv(columns: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """A row for each head, from columns [layer, head]."""
    layers, per_layer = next(iter(columns.values())).shape
    places = {"layer": np.repeat(np.arange(layers), per_layer), "head": np.tile(np.arange(per_layer), layers)}
    return columns_csv({**places, **{name: column.ravel() for name, column in columns.items()}})


def cell(value: float | int | str) -> str:
    """One value."""
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.9g}"
    return str(value).lower() if isinstance(value, bool) else str(value)
