"""The files beside a page: every head's numbers, all scores, the statements, the spec and the references."""

import csv
import io
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from reportgen.findings import Finding
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
    "standardized",
    "statistic",
    "p_value",
)


@dataclass(frozen=True)
class Download:
    """A file beside the page, and what it holds in a few words."""

    name: str
    what: str
    content: bytes


def downloads(results: Results, cited: Iterable[str]) -> tuple[Download, ...]:
    """All files of a study's page."""
    plan = results.plan
    heads = (
        Download(
            f"heads-{finding.tests.contrast.id}.csv",
            f"every head's means, effect, p-value and adjusted p-values ({finding.tests.contrast.title})",
            _heads_csv(finding),
        )
        for finding in results.findings
    )
    return (
        *heads,
        Download("scores.nc", "all scores by statement, layer and head (NetCDF)", _netcdf(results.scores)),
        Download(
            "statements.csv",
            "the statements with their tokens and positions",
            _statements_csv(plan.statements.statements),
        ),
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


def _heads_csv(finding: Finding) -> bytes:
    heads = finding.tests.heads
    corrections = heads.correction.values.tolist()
    rows = [["layer", "head", *_HEAD_COLUMNS, *(f"adjusted_{name}" for name in corrections), "not_tested_because"]]
    columns = [heads[name] for name in _HEAD_COLUMNS] + [finding.tests.adjusted(name) for name in corrections]
    values, reasons = [column.to_numpy() for column in columns], heads.reason.to_numpy()
    for place in np.ndindex(reasons.shape):
        numbers = (f"{float(value[place]):.9g}" for value in values)
        blank = ("" if number == "nan" else number for number in numbers)
        rows.append([*map(str, place), *blank, str(reasons[place])])
    return _csv(rows)


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
    return _csv(rows)


def _csv(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _netcdf(scores: xr.DataArray) -> bytes:
    """NetCDF 3, which needs no library beyond SciPy; it knows no truth values, so they become 0 and 1."""
    plain = scores.assign_coords(
        {name: coord.astype("int8") for name, coord in scores.coords.items() if coord.dtype == bool}
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scores.nc"
        plain.to_netcdf(path, engine="scipy")
        return path.read_bytes()
