"""A data set of the Hugging Face hub, by name and revision.

1. The revision is resolved to a commit, whose tables are taken from the hub's local cache, or fetched into it. The hub is
   asked only where the revision is no whole commit; where it does not answer, the cache's last known commit is taken.
2. The library `datasets` finds the split's files and reads them, from the local folder of that commit; nothing of a data set
   is run.
3. A copy beside the spec (`study.dataset.jsonl` beside `study.yml`) takes the hub's place, if it is of this data set. A
   results folder holds such a copy, so that its page can be made where neither hub nor library is.
"""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from reportgen.errors import InputError, Problem, StudyError, shown
from reportgen.facts.readers.arrow import Batches, require_size
from reportgen.facts.readers.json_lines import read_json
from reportgen.facts.readers.raw import MOST_BYTES, Number, RawRow, RawTable, Value, reason_of
from reportgen.spec.facts_section import DatasetSection
from reportgen.spec.wording import listed

_TABLES = ("*.csv", "*.tsv", "*.json", "*.jsonl", "*.ndjson", "*.parquet", "*.arrow", "*.md", "*.yaml", "*.txt")
_BATCH = 512


@dataclass(frozen=True)
class HubTable:
    """The rows of a split, and the commit that they are of."""

    raw: RawTable
    commit: str


def copy_path(spec_path: Path) -> Path:
    """Where a copy of a spec's data set lies."""
    return spec_path.with_name(f"{spec_path.stem}.dataset.jsonl")


def commit_of(section: DatasetSection) -> str:
    """The commit that the section's revision is; raises StudyError where nobody can say."""
    return _snapshot(section.name, section.revision).name


def read_dataset(section: DatasetSection, spec_path: Path) -> HubTable:
    """The rows of the section's split, from the copy beside the spec where there is one.

    Raises InputError where the data set has no such configuration or split, or is too large, StudyError where it cannot be
    had.
    """
    copy = copy_path(spec_path)
    if copy.is_file():
        return _of_copy(section, copy, f"{spec_path}: facts.dataset")
    folder = _snapshot(section.name, section.revision)
    raw = _table(section, folder, f"{spec_path}: facts.dataset")
    return HubTable(raw, folder.name)


def copy_of(section: DatasetSection, spec_path: Path) -> bytes:
    """The rows as a file of JSON Lines that `read_dataset` takes in the hub's place; its first line says what it is."""
    found = read_dataset(section, spec_path)
    lines = [
        {"dataset": section.model_dump(mode="json"), "commit": found.commit},
        *(row.values for row in found.raw.rows),
    ]
    return "".join(f"{json.dumps(_marked(line), ensure_ascii=True)}\n" for line in lines).encode()


def _marked(value: Any) -> Any:
    """Numbers as objects, so that they are numbers again, as they were written, when they are read."""
    if isinstance(value, Number):
        return {_NUMBER: str(value)}
    if isinstance(value, Mapping):
        return {name: _marked(one) for name, one in value.items()}
    return [_marked(one) for one in value] if isinstance(value, list) else value


_NUMBER = "\u0000number"


def _unmarked(value: Value) -> Value:
    if isinstance(value, dict):
        if list(value) == [_NUMBER]:
            return Number(value[_NUMBER])
        return {name: _unmarked(one) for name, one in value.items()}
    return [_unmarked(one) for one in value] if isinstance(value, list) else value


def _of_copy(section: DatasetSection, copy: Path, named_in: str) -> HubTable:
    found = read_json(copy, named_in)
    if found.problems or not found.rows:
        raise InputError(*found.problems)
    first, *rows = found.rows
    commit = first.values.get("commit")
    if first.values.get("dataset") != section.model_dump(mode="json") or not isinstance(commit, str):
        message = f"{copy} is no copy of {shown(section.name)} as facts.dataset names it"
        raise InputError(Problem(named_in, message, "remove the copy, to read the data set from the hub"))
    own = tuple(
        RawRow(f"{section.name}: row {number}", {name: _unmarked(value) for name, value in row.values.items()})
        for number, row in enumerate(rows, start=1)
    )
    return HubTable(_raw(section, tuple(dict.fromkeys(name for row in own for name in row.values)), own), commit)


def _raw(section: DatasetSection, columns: tuple[str, ...], rows: tuple[RawRow, ...]) -> RawTable:
    return RawTable(section.name, f"its columns are {listed(columns)}", columns, rows)


def _table(section: DatasetSection, folder: Path, named_in: str) -> RawTable:
    import datasets  # noqa: PLC0415

    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory(prefix="reportgen-") as cache:
        try:
            split = datasets.load_dataset(str(folder), section.config, split=section.split, cache_dir=cache)
        except Exception as err:  # whatever the library makes of a repository's files
            message = f"{shown(section.name)} cannot be read as a data set: {reason_of(err)}"
            raise InputError(Problem(named_in, message, "look at its configurations and splits on its page")) from err
        finally:
            datasets.enable_progress_bars()
        return _rows(section, split, named_in)


def _rows(section: DatasetSection, split: Any, named_in: str) -> RawTable:
    columns = tuple(split.column_names)
    require_size(named_in, len(split), len(columns))
    if not len(split):
        raise InputError(Problem(named_in, f"the split {shown(section.split)} has no row", "choose another"))
    names = {column: tuple(kind.names) for column, kind in split.features.items() if hasattr(kind, "int2str")}
    batches = Batches(section.name)
    rows = tuple(
        RawRow(f"{section.name}: row {number}", _in_words(values, names))
        for table in split.with_format("arrow").iter(_BATCH)
        for batch in table.combine_chunks().to_batches()
        for number, values in batches.rows(batch)
    )
    return _raw(section, columns, rows)


def _in_words(values: dict[str, Value], names: Mapping[str, tuple[str, ...]]) -> dict[str, Value]:
    """Classes by their names, where the data set numbers them."""
    found = {column: int(str(values[column])) for column in names if values[column] is not None}
    return values | {column: names[column][at] for column, at in found.items() if 0 <= at < len(names[column])}


@lru_cache(maxsize=16)
def _snapshot(name: str, revision: str | None) -> Path:
    """The folder of a commit in the hub's cache, with its tables in it: the same one for the whole of a run."""
    if find_spec("datasets") is None:
        raise StudyError(
            'facts.dataset: a data set of the hub needs the library `datasets`: pip install "reportgen[datasets]"'
        )
    from huggingface_hub import snapshot_download  # noqa: PLC0415
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError  # noqa: PLC0415

    wanted: dict[str, Any] = {"repo_type": "dataset", "revision": revision, "allow_patterns": list(_TABLES)}
    at = shown(name) + (f" at revision {shown(revision)}" if revision else "")
    try:
        _require_small(name, wanted)
        return Path(snapshot_download(name, **wanted))
    except LocalEntryNotFoundError as error:
        raise StudyError(
            f"facts.dataset: {at} is not in the local cache, and the hub cannot be reached. Connect once, or put the facts "
            "into a file beside the spec."
        ) from error
    except (HfHubHTTPError, HFValidationError) as error:
        raise StudyError(
            f"facts.dataset: {at} cannot be had from the hub ({type(error).__name__}: {reason_of(error)}). Check its name and "
            "revision on its page; for a private or gated one log in with `hf auth login`."
        ) from error
    except OSError as error:
        raise StudyError(f"facts.dataset: {at} cannot be kept in the hub's cache ({reason_of(error)}).") from error


def _require_small(name: str, wanted: Mapping[str, Any]) -> None:
    """Raises StudyError where more would be fetched than a study's facts may be; what is there already is there."""
    from huggingface_hub import snapshot_download  # noqa: PLC0415
    from huggingface_hub.errors import DryRunError  # noqa: PLC0415

    try:
        files = snapshot_download(name, dry_run=True, **wanted)
    except DryRunError:
        return
    to_fetch = sum(file.file_size or 0 for file in files if file.will_download)
    if to_fetch > MOST_BYTES:
        raise StudyError(
            f"facts.dataset: {shown(name)} holds {to_fetch:,} bytes of tables, more than the {MOST_BYTES:,} allowed. Put the "
            "facts that the study needs into a file."
        )
