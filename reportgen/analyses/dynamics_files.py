"""The course of attention to the subject as CSV files: by position, and by head."""

import numpy as np

from reportgen.analyses.dynamics import NEVER, Aligned, Dynamics
from reportgen.report.csv_files import heads_csv


def courses(found: Dynamics) -> dict[str, np.ndarray]:
    """A row for each alignment, position and head."""
    parts = [_rows("subject end", found.from_subject), _rows("query position", found.to_query)]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    adjusted = np.full(len(columns["position"]), np.nan)
    heads = found.a.position.size
    for place, offset in enumerate(found.parting.offsets):
        start = found.from_subject.offsets.index(offset) * heads
        adjusted[start : start + heads] = found.parting.adjusted[place].ravel()
    return {**columns, "adjusted_p_max_t": adjusted}


def _rows(name: str, aligned: Aligned) -> dict[str, np.ndarray]:
    positions, layers, heads = aligned.a.shape
    cells = positions * layers * heads
    return {
        "counted_from": np.repeat(name, cells),
        "position": np.repeat(np.array(aligned.offsets), layers * heads),
        "statements": np.repeat(np.array(aligned.reached), layers * heads),
        "layer": np.tile(np.repeat(np.arange(layers), heads), positions),
        "head": np.tile(np.arange(heads), positions * layers),
        "mean_a": aligned.a.ravel(),
        "mean_b": aligned.b.ravel(),
    }


def lock_on_csv(found: Dynamics) -> bytes:
    """A row for each head: where it locks on in both sets, and from where on they differ."""
    columns: dict[str, np.ndarray] = {}
    for name, one in (("a", found.a), ("b", found.b)):
        for part, values in (("", one.position), ("_low", one.low), ("_high", one.high)):
            columns[f"lock_on_{name}{part}"] = np.where(one.found, values, np.nan)
        columns[f"attention_{name}"], columns[f"most_{name}"] = one.attention, one.most
    first = found.parting.first
    return heads_csv({**columns, "sets_differ_from": np.where(first == NEVER, np.nan, first)})
