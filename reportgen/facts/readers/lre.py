"""The relations of "Linearity of Relation Decoding" (data/*/*.json of evandez/relations): a file a relation, or a folder of
them.

A file has the relation's `name`, its `samples` with `subject` and `object`, and prompts with {} in the subject's place that
end where the object begins: `prompt_templates_zs` for a model that is shown no examples, which are taken where there are any,
else `prompt_templates`. What `properties` says of the relation becomes columns. In some of the published files accents stand
as \\u00ed; they are read as the letters that they mean.
"""

import re
from pathlib import Path

from reportgen.errors import InputError, Problem
from reportgen.facts.readers.json_lines import read_document
from reportgen.facts.readers.plain_file import files_below
from reportgen.facts.readers.published import UnplacedError, name_in, name_of, open_template, place_all
from reportgen.facts.readers.raw import RawRow, RawTable, Value, require_rows
from reportgen.facts.table import Layout, Record, Table

LAYOUT = Layout("LRE", "Hernandez et al. 2024, Linearity of Relation Decoding in Transformer LMs, arXiv:2308.09124")

_PROPERTIES = ("relation_type", "domain_name", "range_name")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


def files(path: Path, named_in: str) -> tuple[Path, ...]:
    """The relations' files: `path` itself, or all below it."""
    return files_below(path, "**/*.json", named_in) if path.is_dir() else (path,)


def read(path: Path, named_in: str) -> Table:
    """The facts of one relation, or of all in a folder, in their relation's wordings."""
    paths = files(path, named_in)
    rows = tuple(row for file in paths for row in _rows(file, named_in))
    require_rows(str(path), len(rows))
    return place_all(
        RawTable(str(path), "a relation has `name`, `prompt_templates` and `samples`", (), rows), LAYOUT, _record
    )


def _rows(path: Path, named_in: str) -> tuple[RawRow, ...]:
    """A row a sample, with the relation's name, wordings and properties."""
    document = read_document(path, named_in)
    samples = document.get("samples") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(samples, list):
        raise InputError(
            Problem(
                str(path),
                f"this is no relation of {LAYOUT.name}: it has no list of `samples`",
                "is `facts.format` right?",
            )
        )
    prompts = document.get("prompt_templates_zs") or document.get("prompt_templates")
    shared = {"name": document.get("name"), "prompts": prompts, "properties": document.get("properties")}
    return tuple(
        RawRow(f"{path}: sample {number}", {**shared, **(sample if isinstance(sample, dict) else {})})
        for number, sample in enumerate(samples, start=1)
    )


def _record(row: RawRow) -> Record:
    prompts, properties = row.values["prompts"], row.values["properties"]
    if not isinstance(prompts, list) or not prompts:
        raise UnplacedError("its relation has no `prompt_templates`")
    told = properties if isinstance(properties, dict) else {}
    cells = {
        "subject": _spelt(name_in(row, "subject")),
        "relation": name_in(row, "name"),
        "object": _spelt(name_in(row, "object")),
        **{name: _told(told.get(name)) for name in _PROPERTIES},
    }
    templates = tuple(dict.fromkeys(open_template(name_of(prompt, "prompt_templates")) for prompt in prompts))
    return Record(row.where, cells, templates)


def _told(value: Value) -> str:
    return value if isinstance(value, str) else ""


def _spelt(name: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), name)
