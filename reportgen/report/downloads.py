"""The files beside a page: every head's numbers, all scores, the statements, the spec and the references."""

import io
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import xarray as xr
from pyarrow.parquet import write_table

from reportgen.findings import Finding
from reportgen.report.csv_files import columns_csv, csv_bytes
from reportgen.report.render import templates_folder
from reportgen.report.results import Results
from reportgen.statements import Statement

_HEAD_COLUMNS = (
    "mean_a",
    "mean_a_low",
    "mean_a_high",
    "mean_b",
    "mean_b_low",
    "mean_b_high",
    "effect",
    "effect_low",
    "effect_high",
    "simultaneous_low",
    "simultaneous_high",
    "standardized",
    "dominance",
    "statistic",
    "p_value",
    "equivalence",
    "detectable",
)


@dataclass(frozen=True)
class Download:
    """A file beside the page, and what it holds in a few words."""

    name: str
    what: str
    content: bytes


def downloads(results: Results, data: str, cited: Iterable[str]) -> tuple[Download, ...]:
    """All files of a study's page; `data` is the page's twin as JSON."""
    plan = results.plan
    heads = (
        Download(
            f"heads-{finding.tests.contrast.id}.csv",
            f"every head's means, effect, p-value and adjusted p-values ({finding.tests.contrast.title})",
            columns_csv(_head_columns(finding)),
        )
        for finding in results.findings
    )
    return (
        *heads,
        Download("study.json", "the page as data; its schema stands in assets/study.schema.json", data.encode()),
        Download("heads.parquet", "every contrast's heads, as the tables above (Parquet)", _heads_parquet(results)),
        Download(
            "scores.parquet",
            "all scores, one row a statement and one column a head (Parquet)",
            _scores_parquet(results),
        ),
        Download("scores.nc", "all scores by statement, layer and head (NetCDF)", _netcdf(results.scores)),
        Download(
            "statements.csv",
            "the statements with their tokens and positions",
            _statements_csv(plan.statements.statements),
        ),
        *(file for one in results.experiments if one.told is not None for file in one.told.files),
        Download(f"{plan.file.spec.study.id}.yml", "the spec", plan.file.text.encode()),
        Download("references.bib", "the works cited (BibTeX)", bibtex(cited).encode()),
    )


def bibtex(keys: Iterable[str]) -> str:
    """The entries of the project's bibliography that are cited."""
    return "\n\n".join(_bibliography()[key] for key in keys) + "\n"


def _bibliography() -> Mapping[str, str]:
    text = (templates_folder() / "references.bib").read_text(encoding="utf-8")
    entries = [entry.strip() for entry in re.split(r"\n(?=@)", text) if entry.strip()]
    return {re.match(r"@\w+\{([^,]+),", entry)[1]: entry for entry in entries}  # type: ignore[index]


def _head_columns(finding: Finding) -> dict[str, npt.NDArray[Any]]:
    """Every head's numbers by name, layer by layer."""
    heads = finding.tests.heads
    layers, per_layer = heads.reason.shape
    return {
        "layer": np.repeat(np.arange(layers), per_layer),
        "head": np.tile(np.arange(per_layer), layers),
        **{name: heads[name].to_numpy().ravel() for name in _HEAD_COLUMNS},
        **{
            f"adjusted_{name}": finding.tests.adjusted(name).to_numpy().ravel()
            for name in heads.correction.values.tolist()
        },
        "bootstrap_low": finding.bootstrap.low,
        "bootstrap_high": finding.bootstrap.high,
        **_selected_columns(finding),
        "verdict": np.array([head.verdict for head in finding.all_heads]),
        "not_tested_because": heads.reason.to_numpy().ravel().astype(str),
    }


def _selected_columns(finding: Finding) -> dict[str, npt.NDArray[Any]]:
    """What units that did not choose a head say of it; nothing where there were too few to be split."""
    if finding.selected is None:
        return {}
    columns = ("cross_fitted", "chosen", "stability")
    return {name: getattr(finding.selected, name).to_numpy().ravel() for name in columns}


def _heads_parquet(results: Results) -> bytes:
    """Every contrast's heads as one table, with the contrast's id in front."""
    tables = []
    for finding in results.findings:
        columns = _head_columns(finding)
        tables.append(pa.table({"contrast": [finding.tests.contrast.id] * len(columns["head"]), **columns}))
    return _parquet(pa.concat_tables(tables))


def _scores_parquet(results: Results) -> bytes:
    """Statement, pair and truth, then the score of each head, L0H0 first."""
    statements = results.plan.statements.statements
    _, layers, heads = results.captured.values.shape
    columns = {
        "statement": [statement.id for statement in statements],
        "pair": [statement.fact.pair for statement in statements],
        "truth": [statement.fact.truth for statement in statements],
    }
    scores = {f"L{layer}H{head}": results.captured.values[:, layer, head] for layer, head in np.ndindex(layers, heads)}
    return _parquet(pa.table({**columns, **scores}))


def _parquet(table: pa.Table) -> bytes:
    packed = io.BytesIO()
    write_table(table, packed, compression="zstd")
    return packed.getvalue()


def _statements_csv(statements: Iterable[Statement]) -> bytes:
    rows = [["statement", "pair", "truth", "relation", "subject", "object", "text", "tokens", "query", "keys"]]
    for statement in statements:
        fact = statement.fact
        rows.append(
            [
                *(
                    statement.id,
                    fact.pair,
                    str(fact.truth).lower(),
                    fact.relation,
                    fact.subject,
                    fact.object,
                    statement.text,
                ),
                " ".join(map(str, statement.tokens.ids)),
                str(statement.query),
                " ".join(map(str, statement.keys)),
            ]
        )
    return csv_bytes(rows)


def _netcdf(scores: xr.DataArray) -> bytes:
    """NetCDF 3, which needs no library beyond SciPy; it knows no truth values, so they become 0 and 1."""
    plain = scores.assign_coords(
        {name: coord.astype("int8") for name, coord in scores.coords.items() if coord.dtype == bool}
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scores.nc"
        plain.to_netcdf(path, engine="scipy")
        return path.read_bytes()
