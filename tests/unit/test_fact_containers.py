"""Facts in CSV, TSV, JSON Lines, Parquet and Excel say the same, by whatever names their columns have."""

import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from reportgen.errors import InputError, Problem
from reportgen.facts.load import load_facts
from reportgen.facts.read import FactRows, read_facts
from reportgen.facts.source import source_files, source_identity
from reportgen.notices import Notice
from reportgen.spec.facts_section import ColumnsSection, FactsSection, RelationSection

DATA = Path(__file__).parents[1] / "data" / "facts"
CAPITAL = {"capital": RelationSection(template="The capital of {subject} is {object}")}
ROWS = [("Peru", "Lima", 33, 1.5, True), ("Norway", "Oslo", 5, 2.0, False)]
NAMES = ("country", "city", "people", "share", "island")


def read(folder: Path, file: str, **more: Any) -> FactRows:
    return read_facts(FactsSection(file=file, relations=more.pop("relations", CAPITAL), **more), folder / "spec.yml")


def problem_of(folder: Path, file: str, **more: Any) -> Problem:
    with pytest.raises(InputError) as caught:
        read(folder, file, **more)
    return caught.value.problems[0]


def workbook(path: Path, rows: list[tuple[Any, ...]]) -> None:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)


def write(path: Path) -> None:
    columns = list(zip(*ROWS, strict=True))
    match path.suffix:
        case ".parquet":
            pq.write_table(pa.table(dict(zip(NAMES, map(list, columns), strict=True))), path)
        case ".xlsx":
            workbook(path, [NAMES, *ROWS])
        case ".jsonl":
            lines = ('{"country": "%s", "city": "%s", "people": %s, "share": %s, "island": %s}' for _ in ROWS)
            texts = (line % (*row[:4], str(row[4]).lower()) for line, row in zip(lines, ROWS, strict=True))
            path.write_text("\n".join(texts))
        case ".json":
            write(path.with_suffix(".jsonl"))
            path.write_text(f"[{path.with_suffix('.jsonl').read_text().replace(chr(10), ',')}]")
        case suffix:
            separator = "\t" if suffix == ".tsv" else ","
            rows = [NAMES, *((*row[:4], str(row[4]).lower()) for row in ROWS)]
            path.write_text("\n".join(separator.join(map(str, row)) for row in rows))


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl", ".json", ".parquet", ".xlsx"])
def test_every_container_says_the_same(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"facts{ending}"
    write(file)
    found = read(tmp_path, file.name, columns=ColumnsSection(subject="country", object="city"))
    assert [(row.subject, row.relation, row.object) for row in found.rows] == [
        ("Peru", "capital", "Lima"),
        ("Norway", "capital", "Oslo"),
    ]
    shares = ("1.5", "2") if ending == ".xlsx" else ("1.5", "2.0")
    assert [dict(row.columns) for row in found.rows] == [
        {"people": "33", "share": shares[0], "island": "true"},
        {"people": "5", "share": shares[1], "island": "false"},
    ]
    assert found.source == f"The facts stand in facts{ending}."
    assert found.notices == ()


@pytest.mark.parametrize(
    ("ending", "format_"), [(".csv", "csv"), (".jsonl", "json_lines"), (".parquet", "parquet"), (".xlsx", "excel")]
)
def test_a_format_says_what_an_ending_does_not(tmp_path: Path, ending: str, format_: Any) -> None:
    write(tmp_path / f"facts{ending}")
    (tmp_path / f"facts{ending}").rename(tmp_path / "facts.data")
    columns = ColumnsSection(subject="country", object="city")
    problem = problem_of(tmp_path, "facts.data", columns=columns)
    assert problem.where == f"{tmp_path / 'spec.yml'}: facts.file"
    assert "the ending `.data`" in problem.message
    assert len(read(tmp_path, "facts.data", columns=columns, format=format_).rows) == 2


def test_numbers_stay_as_written_and_what_is_nested_is_json(tmp_path: Path) -> None:
    (tmp_path / "own.jsonl").write_bytes((DATA / "own.jsonl").read_bytes())
    first, second = read(tmp_path, "own.jsonl", columns=ColumnsSection(subject="country", object="capital")).rows
    assert dict(first.columns) == {"population": "10.50", "seas": '["Pacific"]', "island": "false", "note": ""}
    assert (second.columns["population"], second.columns["seas"], second.columns["note"]) == ("1e6", "[]", "")


def test_nested_numbers_and_texts_are_json_again(tmp_path: Path) -> None:
    (tmp_path / "f.jsonl").write_text('{"subject": "a", "object": "b", "x": {"n": [1.50, null, true, "é \\"q\\""]}}\n')
    assert read(tmp_path, "f.jsonl").rows[0].columns["x"] == '{"n": [1.50, null, true, "é \\"q\\""]}'


def test_a_row_of_json_lines_lacks_what_it_does_not_name(tmp_path: Path) -> None:
    (tmp_path / "f.jsonl").write_text(
        '{"subject": "a", "object": "b"}\n\n{"subject": "c"}\n{"object": "d", "subject": 7}\n'
    )
    problem = problem_of(tmp_path, "f.jsonl")
    assert problem == Problem(f"{tmp_path}/f.jsonl:3", "`object` is empty", "fill it in, or remove the fact")


def test_dates_and_missing_numbers_of_a_table_are_text_and_empty(tmp_path: Path) -> None:
    table = pa.table(
        {
            "subject": ["a", "b"],
            "object": ["x", "y"],
            "day": [datetime.date(1969, 7, 20), None],
            "share": [float("nan"), 2.0],
            "seas": [["Pacific"], []],
        }
    )
    pq.write_table(table, tmp_path / "f.parquet")
    first, second = read(tmp_path, "f.parquet").rows
    assert dict(first.columns) == {"day": "1969-07-20", "share": "", "seas": '["Pacific"]'}
    assert (second.columns["day"], second.columns["share"]) == ("", "2.0")


def test_a_workbook_is_read_by_its_first_sheet_and_comment(tmp_path: Path) -> None:
    book = Workbook()
    for row in [
        ("# From a lecture.",),
        (),
        ("subject", "object", "year"),
        ("Peru", "Lima", 1535),
        (),
        ("Norway", "Oslo"),
    ]:
        book.active.append(row)
    book.create_sheet("Notes").append(["nothing"])
    book.save(tmp_path / "f.xlsx")
    found = read(tmp_path, "f.xlsx")
    assert [(row.where, row.subject, row.columns["year"]) for row in found.rows] == [
        (f"{tmp_path}/f.xlsx:4", "Peru", "1535"),
        (f"{tmp_path}/f.xlsx:6", "Norway", ""),
    ]
    assert found.source == "The facts stand in f.xlsx.\nFrom a lecture."
    line = "f.xlsx: sheet `Notes`: only the first sheet is read"
    assert found.notices == (Notice("left out", "1 entry of f.xlsx is left out.", (line,)),)


def test_a_formula_is_what_was_saved_with_it(tmp_path: Path) -> None:
    workbook(tmp_path / "f.xlsx", [("subject", "object"), ("Peru", '="Li"&"ma"')])
    assert problem_of(tmp_path, "f.xlsx").message == "`object` is empty"  # openpyxl saves none


def test_a_column_that_is_not_there_suggests_the_nearest(tmp_path: Path) -> None:
    write(tmp_path / "facts.csv")
    problem = problem_of(tmp_path, "facts.csv", columns=ColumnsSection(subject="contry", object="city"))
    assert problem == Problem(
        f"{tmp_path / 'spec.yml'}: facts.columns.subject",
        "the facts have no column `contry`",
        "did you mean `country`?",
    )
    far = problem_of(tmp_path, "facts.csv", columns=ColumnsSection(subject="xyz", object="city"))
    assert far.remedy == "there are `country`, `city`, `people`, `share`, `island`"
    twice = problem_of(tmp_path, "facts.csv", columns=ColumnsSection(subject="city", object="city"))
    assert twice.message == "the column `city` is named twice"


def test_a_column_that_gives_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("subject,relation,relation_id,object\nPeru,of {} is,capital,Lima\n")
    found = read(tmp_path, "f.csv", columns=ColumnsSection(relation="relation_id"))
    assert (found.rows[0].relation, dict(found.rows[0].columns)) == ("capital", {})
    line = "f.csv:1: the column `relation` is not read, since `relation_id` is named in its place"
    assert [notice.items for notice in found.notices] == [(line,)]


def test_without_a_column_of_relations_the_spec_must_have_one_alone(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("subject,object\nPeru,Lima\n")
    assert read(tmp_path, "f.csv").rows[0].relation == "capital"
    two = {**CAPITAL, "sea": RelationSection(template="{subject} lies at {object}")}
    assert problem_of(tmp_path, "f.csv", relations=two).message.startswith("the column `relation` is missing")


@pytest.mark.parametrize(("true", "false"), [("1", "0"), ("yes", "No"), ("TRUE", "false")])
def test_truth_is_said_in_three_ways(tmp_path: Path, true: str, false: str) -> None:
    (tmp_path / "f.csv").write_text(f"subject,object,label,pair\nPeru,Lima,{true},a\nPeru,Oslo,{false},a\n")
    facts = FactsSection(file="f.csv", relations=CAPITAL, columns=ColumnsSection(truth="label"), false_objects="given")
    found = load_facts(facts, tmp_path / "spec.yml", len)
    assert [(fact.object, fact.truth) for fact in found.facts] == [("Lima", True), ("Oslo", False)]


def test_what_facts_are_read_from_changes_their_identity(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("subject,object\nPeru,Lima\n")
    section = FactsSection(file="f.csv", relations=CAPITAL)
    spec = tmp_path / "spec.yml"
    before = source_identity(section, spec)
    assert source_files(section, spec) == (tmp_path / "f.csv",)
    (tmp_path / "f.csv").write_text("subject,object\nPeru,Oslo\n")
    assert before
    assert source_identity(section, spec) not in ("", before)
    assert source_identity(FactsSection(file="none.csv", relations=CAPITAL), spec) == ""
