"""Facts as a file in our columns, whatever they were read from, and what a spec that studies them has to say.

The file has `subject`, `relation` and `object`; `false_object`, `truth` and `pair` where any fact uses them; and every other
column. What the source says of itself stands at the top of a CSV and in the metadata of a Parquet file. A relation's wordings
stand in the spec, so they are handed back as its lines.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from reportgen.errors import StudyError
from reportgen.facts.rows import Row
from reportgen.spec.reference import flow_yaml
from reportgen.spec.section import Value, Values
from reportgen.store import write_atomically

ENDINGS = (".csv", ".tsv", ".jsonl", ".parquet")


def write_facts(rows: Sequence[Row], comment: str, path: Path, *, force: bool = False) -> None:
    """Write the rows in the format of the file's ending, one of `ENDINGS`.

    Raises StudyError where a file is there already (unless `force`), or where it cannot be written.
    """
    if path.exists() and not force:
        raise StudyError(f"{path}: is there already. Name another file, or replace it with --force.")
    columns = _columns(rows)
    cells = [_cells(row, columns) for row in rows]
    content = {
        ".csv": lambda: _csv(cells, columns, comment, ","),
        ".tsv": lambda: _csv(cells, columns, comment, "\t"),
        ".jsonl": lambda: _json_lines(cells),
        ".parquet": lambda: _parquet(cells, columns, comment),
    }[path.suffix.lower()]()
    write_atomically(path, content)


def _columns(rows: Sequence[Row]) -> tuple[str, ...]:
    known = (
        *("subject", "relation", "object"),
        *(("false_object",) if any(row.false_object for row in rows) else ()),
        *(("truth",) if not all(row.truth for row in rows) else ()),
        *(("pair",) if any(row.pair for row in rows) else ()),
    )
    return (*known, *dict.fromkeys(name for row in rows for name in row.columns))


def _cells(row: Row, columns: Sequence[str]) -> dict[str, str]:
    own = {
        "subject": row.subject,
        "relation": row.relation,
        "object": row.object,
        "false_object": row.false_object,
        "truth": str(row.truth).lower(),
        "pair": row.pair,
    }
    return {name: own[name] if name in own else row.columns.get(name, "") for name in columns}


def _csv(cells: Sequence[Mapping[str, str]], columns: Sequence[str], comment: str, separator: str) -> bytes:
    stream = io.StringIO()
    for line in comment.splitlines():
        stream.write(f"# {line}\n")
    writer = csv.DictWriter(stream, columns, delimiter=separator, lineterminator="\n")
    writer.writeheader()
    writer.writerows(cells)
    return stream.getvalue().encode()


def _json_lines(cells: Sequence[Mapping[str, str]]) -> bytes:
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in cells).encode()


def _parquet(cells: Sequence[Mapping[str, str]], columns: Sequence[str], comment: str) -> bytes:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    schema = pa.schema([(name, pa.string()) for name in columns], metadata={"comment": comment} if comment else None)
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(list(cells), schema=schema), sink)
    return bytes(sink.getvalue().to_pybytes())


def spec_lines(rows: Sequence[Row], path: Path, only: Mapping[str, Value | Values]) -> Iterator[str]:
    """The `facts` section of a spec beside the file, as YAML; where the facts of a relation are not all worded alike, a remark
    says so in place of its wordings."""
    yield "facts:"
    yield f"  file: {flow_yaml(path.name)}"
    if only:
        yield f"  only: {flow_yaml({name: _plain(value) for name, value in only.items()})}"
    yield "  relations:"
    wordings: dict[str, set[tuple[str, ...]]] = {}
    for row in rows:
        wordings.setdefault(row.relation, set()).add(row.templates)
    for relation, own in wordings.items():
        if len(own) == 1 and (templates := next(iter(own))):
            yield f"    {flow_yaml(relation)}: {flow_yaml({'templates': list(templates)})}"
        elif len(own) == 1:
            yield f'    {flow_yaml(relation)}: {{template: "…"}}  # its wording, such as: {{subject}} is {{object}}'
        else:
            yield f'    {flow_yaml(relation)}: {{template: "…"}}  # its facts have {len(own)} different wordings'


def _plain(value: Value | Values) -> object:
    return list(value) if isinstance(value, tuple) else value
