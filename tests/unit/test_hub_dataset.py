"""Data sets of the hub, read from its cache without a network, by the same layouts as files."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reportgen.errors import InputError, StudyError
from reportgen.facts.load import load_facts
from reportgen.facts.read import FactRows, read_facts
from reportgen.facts.readers import hub_dataset
from reportgen.facts.readers.hub_dataset import copy_of, copy_path
from reportgen.facts.source import source_files, source_identity
from reportgen.spec.facts_section import ColumnsSection, DatasetSection, FactsSection, RelationSection

DATA = Path(__file__).parents[1] / "data" / "facts"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
CAPITAL = {"capital": RelationSection(template="The capital of {subject} is {object}")}
README = """---
configs:
- config_name: big
  data_files:
  - {split: train, path: train.csv}
  - {split: test, path: test.csv}
- config_name: small
  data_files: small.csv
---
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's cache, empty, on a machine without a network."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    hub_dataset._snapshot.cache_clear()
    return tmp_path / "hub"


def kept(cache: Path, name: str, **files: bytes) -> None:
    """A data set as the hub's cache keeps it: the newest commit and its files."""
    folder = cache / f"datasets--{name.replace('/', '--')}"
    snapshot = folder / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(COMMIT)
    for file, content in files.items():
        (snapshot / file.replace("__", ".")).write_bytes(content)


def read(folder: Path, format_: Any = "auto", dataset: dict[str, str] | None = None, **more: Any) -> FactRows:
    section = FactsSection(
        dataset=DatasetSection(**{"name": "me/facts", **(dataset or {})}), format=format_, relations=CAPITAL, **more
    )
    return read_facts(section, folder / "spec.yml")


def capitals(cache: Path) -> None:
    kept(
        cache,
        "me/facts",
        train__csv=b"land,city\nPeru,Lima\nNorway,Oslo\n",
        test__csv=b"land,city\nChad,N'Djamena\n",
        small__csv=b"land,city\nJapan,Tokyo\n",
        README__md=README.encode(),
    )


COLUMNS = ColumnsSection(subject="land", object="city")


def test_a_split_is_read_from_the_cache_and_its_commit_named(cache: Path, tmp_path: Path) -> None:
    capitals(cache)
    found = read(tmp_path, columns=COLUMNS, dataset={"config": "big"})
    assert [(row.where, row.subject, row.object) for row in found.rows] == [
        ("me/facts: row 1", "Peru", "Lima"),
        ("me/facts: row 2", "Norway", "Oslo"),
    ]
    assert found.source == (
        "The facts stand in the data set me/facts.\n"
        f"Read from the Hugging Face hub, configuration big, split train, revision {COMMIT}."
    )
    other = read(tmp_path, columns=COLUMNS, dataset={"config": "big", "split": "test", "revision": COMMIT})
    assert [row.subject for row in other.rows] == ["Chad"]
    small = read(tmp_path, columns=COLUMNS, dataset={"config": "small"})
    assert [row.subject for row in small.rows] == ["Japan"]


def test_layouts_apply_to_the_rows_of_a_data_set(cache: Path, tmp_path: Path) -> None:
    kept(cache, "me/facts", test__tsv=(DATA / "popqa.tsv").read_bytes())
    found = read(tmp_path, "popqa", {"split": "test"})
    assert [(row.subject, row.object, row.columns["s_pop"]) for row in found.rows] == [
        ("Peru", "Lima", "9000"),
        ("Norway", "Oslo", "8000"),
        ("Marie Curie", "Warsaw", "7000"),
    ]
    assert ", in the layout of PopQA (Mallen et al. 2023, " in found.source


def test_nested_rows_and_classes_are_read_as_from_a_file(cache: Path, tmp_path: Path) -> None:
    import datasets

    rows = datasets.Dataset.from_dict(
        {"subject": ["Peru", "Chad"], "object": ["Lima", "Lima"], "truth": [1, 0], "seas": [["Pacific"], []]},
        features=datasets.Features(
            {
                "subject": datasets.Value("string"),
                "object": datasets.Value("string"),
                "truth": datasets.ClassLabel(names=["no", "yes"]),
                "seas": datasets.List(datasets.Value("string")),
            }
        ),
    )
    rows.to_parquet(tmp_path / "train.parquet")
    kept(cache, "me/facts", train__parquet=(tmp_path / "train.parquet").read_bytes())
    found = read(tmp_path)
    assert [(row.truth, row.columns["seas"]) for row in found.rows] == [(True, '["Pacific"]'), (False, "[]")]


def test_the_flat_counterfact_of_the_hub_is_read(cache: Path, tmp_path: Path) -> None:
    kept(cache, "me/facts", train__jsonl=(DATA / "counterfact_flat.jsonl").read_bytes())
    assert [row.false_object for row in read(tmp_path, "counterfact").rows] == ["German", "Rome"]


def test_a_copy_beside_the_spec_takes_the_place_of_hub_and_library(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pa.table({"subject": ["Peru", "Norway"], "object": ["Lima", "Oslo"], "n": [1.5, 2.0], "x": [[1], None]})
    pq.write_table(table, tmp_path / "train.parquet")
    kept(cache, "me/facts", train__parquet=(tmp_path / "train.parquet").read_bytes())
    section = FactsSection(dataset=DatasetSection(name="me/facts"), relations=CAPITAL)
    spec = tmp_path / "spec.yml"
    before, identity = read_facts(section, spec), source_identity(section, spec)
    assert identity == COMMIT
    copy_path(spec).write_bytes(copy_of(section.dataset, spec))
    monkeypatch.setattr(hub_dataset, "find_spec", lambda name: None)
    hub_dataset._snapshot.cache_clear()
    assert read_facts(section, spec) == before
    assert before.rows[0].columns == {"n": "1.5", "x": "[1]"}
    assert source_files(section, spec) == (tmp_path / "spec.dataset.jsonl",)
    assert source_identity(section, spec) not in ("", identity)
    assert copy_of(section.dataset, spec) == copy_path(spec).read_bytes()


def test_a_copy_of_another_data_set_is_refused(cache: Path, tmp_path: Path) -> None:
    capitals(cache)
    dataset = DatasetSection(name="me/facts", config="big")
    copy_path(tmp_path / "spec.yml").write_bytes(copy_of(dataset, tmp_path / "spec.yml"))
    with pytest.raises(InputError, match=r"is no copy of `me/facts` as facts\.dataset names it"):
        read(tmp_path, columns=COLUMNS, dataset={"config": "big", "split": "test"})
    copy_path(tmp_path / "spec.yml").write_text("{}\n")
    with pytest.raises(InputError, match="is no copy of"):
        read(tmp_path, columns=COLUMNS)


@pytest.mark.usefixtures("cache")
def test_what_cannot_be_had_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StudyError, match="`me/none` is not in the local cache, and the hub cannot be reached"):
        read(tmp_path, dataset={"name": "me/none"})
    with pytest.raises(StudyError, match="cannot be had from the hub"):
        read(tmp_path, dataset={"name": "../../etc"})
    section = FactsSection(dataset=DatasetSection(name="me/none"), relations=CAPITAL)
    assert source_identity(section, tmp_path / "spec.yml") == ""
    monkeypatch.setattr(hub_dataset, "find_spec", lambda name: None)
    hub_dataset._snapshot.cache_clear()
    with pytest.raises(StudyError, match=r'pip install "reportgen\[datasets\]"'):
        read(tmp_path)


def test_a_split_or_configuration_that_is_not_there_is_told(cache: Path, tmp_path: Path) -> None:
    capitals(cache)
    for wrong in ({"config": "none"}, {"config": "big", "split": "none"}):
        with pytest.raises(InputError, match="`me/facts` cannot be read as a data set: "):
            read(tmp_path, columns=COLUMNS, dataset=wrong)
    with pytest.raises(InputError, match="the layout `lre` is one of files"):
        read(tmp_path, "lre", {"config": "big"})


def test_facts_of_a_data_set_become_statements(cache: Path, tmp_path: Path) -> None:
    capitals(cache)
    section = FactsSection(dataset=DatasetSection(name="me/facts", config="big"), relations=CAPITAL, columns=COLUMNS)
    found = load_facts(section, tmp_path / "spec.yml", len)
    assert [fact.worded().text for fact in found.facts] == [
        "The capital of Peru is Lima",
        "The capital of Peru is Oslo",
        "The capital of Norway is Oslo",
        "The capital of Norway is Lima",
    ]
