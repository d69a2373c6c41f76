"""Files of facts that are broken, far too large, or other than the spec says: each is told, with its place, and none takes
the machine's memory."""

import json
import os
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from reportgen.errors import InputError, Problem, StudyError
from reportgen.facts.read import read_facts
from reportgen.facts.readers import excel, plain_file, raw
from reportgen.spec.facts_section import ColumnsSection, FactsFormat, FactsSection, RelationSection

DATA = Path(__file__).parents[1] / "data" / "facts"
CAPITAL = {"capital": RelationSection(template="The capital of {subject} is {object}")}


def problems(folder: Path, file: str, **more: Any) -> tuple[Problem, ...]:
    with pytest.raises(InputError) as caught:
        read_facts(FactsSection(file=file, **{"relations": CAPITAL, **more}), folder / "spec.yml")
    assert all(
        len(str(problem)) < 1500 and str(problem).replace("\n", "").isprintable() for problem in caught.value.problems
    )
    return caught.value.problems


def only(folder: Path, file: str, **more: Any) -> Problem:
    (problem,) = problems(folder, file, **more)
    return problem


def saved(folder: Path, name: str, content: str | bytes) -> str:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return name


# --- every container


ENDINGS = (".csv", ".tsv", ".json", ".jsonl", ".parquet", ".xlsx")
LAYOUTS: tuple[FactsFormat, ...] = ("counterfact", "known_1000", "lre", "pararel", "geometry_of_truth", "popqa")


@pytest.mark.parametrize("ending", ENDINGS)
def test_more_than_100_megabytes_are_refused_unread(tmp_path: Path, ending: str) -> None:
    with (tmp_path / f"facts{ending}").open("wb") as file:
        file.truncate(100_000_001)
    assert "more than the 100,000,000 allowed" in only(tmp_path, f"facts{ending}").message


@pytest.mark.parametrize("ending", ENDINGS)
def test_no_bytes_random_bytes_and_utf16_are_told(tmp_path: Path, ending: str) -> None:
    for content in (b"", os.urandom(2000), "subject,relation,object\nPeru,capital,Lima\n".encode("utf-16")):
        saved(tmp_path, f"facts{ending}", content)
        assert problems(tmp_path, f"facts{ending}")


@pytest.mark.parametrize("ending", ENDINGS)
def test_pipes_loops_folders_and_what_is_not_there_are_told(tmp_path: Path, ending: str) -> None:
    os.mkfifo(tmp_path / f"pipe{ending}")
    (tmp_path / f"loop{ending}").symlink_to(tmp_path / f"loop{ending}")
    (tmp_path / f"folder{ending}").mkdir()
    for name in ("pipe", "loop", "folder", "none", "../../../none"):
        assert only(tmp_path, f"{name}{ending}").where == f"{tmp_path / 'spec.yml'}: facts.file"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_file_that_is_not_there_is_told_for_every_layout(tmp_path: Path, layout: FactsFormat) -> None:
    assert "no facts file at" in only(tmp_path, "none.json", format=layout, relations={}).message


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("content", ['{"a": 1}\n', '[{"a": 1}]', "[]", "[1, null]", '{"samples": 7}', '"text"', "{"])
def test_json_of_another_layout_is_told(tmp_path: Path, layout: FactsFormat, content: str) -> None:
    saved(tmp_path, "facts.json", content)
    assert problems(tmp_path, "facts.json", format=layout, relations={})


def test_another_layout_says_what_the_first_row_lacks(tmp_path: Path) -> None:
    for file in ("known_1000.json", "popqa.tsv"):
        (tmp_path / file).write_bytes((DATA / file).read_bytes())
    assert only(tmp_path, "known_1000.json", format="counterfact", relations={}) == Problem(
        str(tmp_path / "known_1000.json"),
        "none of its 3 rows is laid out as in CounterFact; the first says: "
        f"{tmp_path}/known_1000.json: record 1: it has no `requested_rewrite`",
        "its objects have `known_id`, `subject`, `attribute`, `template`, `prediction`, `prompt`, `relation_id`. "
        "Is `facts.format` right?",
    )
    assert "`statement` is missing" in only(tmp_path, "popqa.tsv", format="geometry_of_truth", relations={}).message


def test_mixed_encodings_are_told_with_their_line(tmp_path: Path) -> None:
    line = '{"subject": "Brazil", "object": "Brasília"}\n'
    saved(tmp_path, "facts.jsonl", line.encode() + line.encode("latin-1"))
    assert only(tmp_path, "facts.jsonl").where == f"{tmp_path}/facts.jsonl:2"


# --- JSON


def test_lines_that_are_no_json_are_told_with_their_place(tmp_path: Path) -> None:
    lines = (
        '{"subject": "a", "object": NaN}',
        '{"subject": "a", "object": -Infinity}',
        '{"subject": "a" "object": "b"}',
        '{"subject": "a", "subject": "b", "object": "c"}',
        '["a", "b"]',
        f'{{"subject": "a", "object": {"[" * 3000}{"]" * 3000}}}',
    )
    found = problems(tmp_path, saved(tmp_path, "facts.jsonl", "\n".join(('{"subject": "a", "object": "b"}', *lines))))
    assert [problem.message for problem in found] == [
        "not JSON that can be read: NaN is no number in JSON",
        "not JSON that can be read: -Infinity is no number in JSON",
        "not JSON: Expecting ',' delimiter",
        "not JSON that can be read: the key `subject` stands 2 times in one object",
        "this is no JSON object: `['a', 'b']`",
        "not JSON that can be read: it is nested too deeply",
    ]
    assert [problem.where.removeprefix(f"{tmp_path}/facts.jsonl:") for problem in found] == [
        "2",
        "3",
        "4:17",
        "5",
        "6",
        "7",
    ]


def test_a_list_that_is_cut_short_is_told_with_its_place(tmp_path: Path) -> None:
    saved(tmp_path, "facts.json", '[{"subject": "a", "object": "b"},\n {"subject": "c"')
    assert only(tmp_path, "facts.json").where == f"{tmp_path}/facts.json:2:17"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("null", "`subject` is empty"),
        ('["a", "b"]', '`subject` is a list, `["a", "b"]`'),
        ('{"name": "a"}', '`subject` is an object, `{"name": "a"}`'),
        ('"\\ud800"', "`subject` holds U+D800 in `\\ud800`"),
        ('"a\\u0000b"', "`subject` holds U+0000 in `a\\x00b`"),
        (f'"{"x" * 200_000}"', "`subject` holds 200,000 characters"),
    ],
)
def test_subjects_that_are_no_name_are_told(tmp_path: Path, value: str, message: str) -> None:
    saved(tmp_path, "facts.jsonl", f'{{"subject": {value}, "object": "b"}}\n')
    assert only(tmp_path, "facts.jsonl").message == message


def test_values_nested_deeply_are_told_and_names_of_columns_too(tmp_path: Path) -> None:
    deep = f"{'[' * 60}{']' * 60}"
    saved(tmp_path, "facts.jsonl", f'{{"subject": "a", "object": "b", "x": {deep}, "y\\n": 1, "": 2}}\n')
    assert [problem.message for problem in problems(tmp_path, "facts.jsonl")] == [
        "`x` is nested more than 50 levels deep",
        "the column `y\\n` holds U+000A",
        "a column has no name",
    ]


@pytest.mark.parametrize("ending", [".json", ".jsonl", ".csv", ".tsv"])
def test_millions_of_empty_values_are_counted_before_they_are_read(tmp_path: Path, ending: str) -> None:
    mark = {".csv": ",", ".tsv": "\t"}.get(ending, "[],")
    saved(tmp_path, f"facts{ending}", "[" + mark * 5_000_001)
    assert "more than the 5,000,000 allowed" in only(tmp_path, f"facts{ending}").message
    saved(tmp_path, f"facts{ending}", f"[{'1,' * 500_000}1]" if ending == ".json" else "a\n" * 500_001)
    assert only(tmp_path, f"facts{ending}").message == "the facts have 500,001 rows, more than the 500,000 allowed"


# --- data sets


def test_single_records_that_are_wrong_are_left_out_of_a_data_set(tmp_path: Path) -> None:
    good = json.loads((DATA / "counterfact.json").read_text())[0]
    rewrite = good["requested_rewrite"]
    bad = [
        {**good, "requested_rewrite": {**rewrite, "subject": wrong}} for wrong in ("", 7.5, ["a"], True, "a\nb", None)
    ]
    bad += [
        {**good, "requested_rewrite": {**rewrite, "prompt": wrong}} for wrong in ("{} and {} are", "{{ {} }}", "{a} {}")
    ]
    bad += [
        {**good, "requested_rewrite": {**rewrite, "target_true": wrong}} for wrong in ("Polish", None, {"id": "Q1"})
    ]
    saved(tmp_path, "counterfact.json", json.dumps([good, *bad]))
    found = read_facts(FactsSection(file="counterfact.json", format="counterfact"), tmp_path / "spec.yml")
    assert [row.subject for row in found.rows] == ["Marie Curie", "7.5"]
    (notice,) = found.notices
    reasons = [item.partition(": record ")[2].partition(": ")[2] for item in notice.items]
    assert reasons[:5] == [
        "`subject` is empty",
        "`subject` is a list",
        "`subject` is a truth value",
        "`subject` is missing",
        "`{} and {} are` does not have {} exactly once, where the subject stands",
    ]
    assert "`subject` holds U+000A in `a\\nb`" in reasons
    assert len(reasons) == 11


def test_a_prompt_with_code_for_templates_is_no_template(tmp_path: Path) -> None:
    good = json.loads((DATA / "known_1000.json").read_text())[1]
    evil = "{{ ''.__class__ }} {} is"
    saved(
        tmp_path, "known.json", json.dumps([{**good, "template": evil, "prompt": evil.replace("{}", good["subject"])}])
    )
    assert (
        "does not begin as its template says" in only(tmp_path, "known.json", format="known_1000", relations={}).message
    )


def test_folders_of_other_files_and_of_too_many_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    for layout in ("lre", "pararel"):
        assert "holds no" in only(tmp_path, "data", format=layout, relations={}).message
    monkeypatch.setattr(plain_file, "MOST_FILES", 3)
    for number in range(5):
        saved(tmp_path / "data", f"P{number}.json", "{}")
        saved(tmp_path / "data", f"P{number}.jsonl", "{}")
    for layout in ("lre", "pararel"):
        assert "holds more than 3 files" in only(tmp_path, "data", format=layout, relations={}).message


def test_patterns_that_are_none_are_told(tmp_path: Path) -> None:
    for place in ("trex_lms_vocab", "pattern_data/graphs_json"):
        (tmp_path / place).mkdir(parents=True)
    saved(tmp_path / "trex_lms_vocab", "P36.jsonl", '{"sub_label": "Peru", "obj_label": "Lima"}\n')
    for content in ('{"pattern": "[X] {{ [Y] }}"}', '{"pattern": "[X] [X] [Y]"}', '{"pattern": null}', "{}"):
        saved(tmp_path / "pattern_data" / "graphs_json", "P36.jsonl", content)
        problem = only(tmp_path, "trex_lms_vocab/P36.jsonl", format="pararel", relations={})
        assert problem.message == "no line of it is a pattern with [X] and [Y]"


# --- Parquet


def written(folder: Path, columns: dict[str, Any], **more: Any) -> str:
    pq.write_table(pa.table(columns), folder / "facts.parquet", **more)
    return "facts.parquet"


def test_a_parquet_that_is_cut_short_is_told(tmp_path: Path) -> None:
    whole = (tmp_path / written(tmp_path, {"subject": ["a"] * 50, "object": ["b"] * 50})).read_bytes()
    for length in (10, len(whole) // 2, len(whole) - 1):
        saved(tmp_path, "facts.parquet", whole[:length])
        assert "this is no Parquet that can be read" in only(tmp_path, "facts.parquet").message


def test_a_parquet_whose_bytes_are_changed_is_told_or_read(tmp_path: Path) -> None:
    whole = (tmp_path / written(tmp_path, {"subject": ["a"] * 50, "object": ["b"] * 50})).read_bytes()
    for at in range(0, len(whole), 7):
        saved(tmp_path, "facts.parquet", whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
        assert problems(tmp_path, "facts.parquet")  # facts that are the same twice, at the least


@pytest.mark.parametrize("nested", [False, True])
def test_a_parquet_of_a_few_bytes_that_stands_for_gigabytes_is_refused(tmp_path: Path, nested: bool) -> None:
    word = pa.DictionaryArray.from_arrays(pa.array([0] * 3000, pa.int32()), pa.array(["x" * 1_000_000]))
    lists = pa.ListArray.from_arrays(pa.array(range(0, 3001, 300), pa.int32()), word)
    names = pa.array(["a"] * (10 if nested else 3000))
    columns = {"subject": names if nested else word, "object": names, **({"seas": lists} if nested else {})}
    pq.write_table(pa.table(columns), tmp_path / "facts.parquet", compression="zstd", store_schema=False)
    assert (tmp_path / "facts.parquet").stat().st_size < 100_000
    assert "holds a value of 1,000,000 bytes" in only(tmp_path, "facts.parquet").message


def test_many_long_words_of_one_parquet_are_weighed_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reportgen.facts.readers.arrow.MOST_EXPANDED", 1_000_000)
    written(tmp_path, {"subject": ["x" * 10_000] * 200, "object": ["b"] * 200})
    assert only(tmp_path, "facts.parquet").message == "the facts take more than 1,000,000 bytes when they are read"


def test_a_parquet_of_too_many_cells_is_refused_by_its_footer(tmp_path: Path) -> None:
    written(tmp_path, {"subject": pa.nulls(500_001, pa.string())})
    assert only(tmp_path, "facts.parquet").message == "the facts have 500,001 rows, more than the 500,000 allowed"
    written(tmp_path, {f"c{number}": pa.nulls(400_000, pa.string()) for number in range(13)})
    assert only(tmp_path, "facts.parquet").message.startswith("the facts have 400,000 rows of 13 columns")


def test_bytes_that_are_no_text_nulls_and_no_rows_are_told(tmp_path: Path) -> None:
    written(tmp_path, {"subject": [b"a", b"\xff"], "object": ["b", "c"]})
    assert only(tmp_path, "facts.parquet") == Problem(
        f"{tmp_path}/facts.parquet: row 2", "`subject` holds bytes that are no text in UTF-8", "store it as text"
    )
    written(tmp_path, {"subject": [None, float("nan")], "object": ["b", "c"]})
    assert [problem.message for problem in problems(tmp_path, "facts.parquet")] == ["`subject` is empty"] * 2
    written(tmp_path, {"subject": pa.array([], pa.string()), "object": pa.array([], pa.string())})
    assert only(tmp_path, "facts.parquet").message == "the facts file has no row"


def test_columns_of_one_name_are_told(tmp_path: Path) -> None:
    table = pa.table([["a"], ["b"], ["c"]], names=["subject", "object", "object"])
    pq.write_table(table, tmp_path / "facts.parquet")
    assert only(tmp_path, "facts.parquet").message == "2 columns are called `object`"


# --- Excel


def book(folder: Path, *rows: tuple[Any, ...]) -> bytes:
    made = Workbook()
    for row in rows:
        made.active.append(row)
    made.save(folder / "facts.xlsx")
    return (folder / "facts.xlsx").read_bytes()


def with_part(folder: Path, part: str, content: bytes) -> None:
    """The workbook with one of its parts replaced."""
    with zipfile.ZipFile(folder / "facts.xlsx") as old:
        parts = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(folder / "facts.xlsx", "w", zipfile.ZIP_DEFLATED) as new:
        for name, held in {**parts, part: content}.items():
            new.writestr(name, held)


SHEET = "xl/worksheets/sheet1.xml"
OPEN = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'


def test_a_workbook_that_is_cut_short_or_another_archive_is_told(tmp_path: Path) -> None:
    whole = book(tmp_path, ("subject", "object"), ("Peru", "Lima"))
    for length in (10, len(whole) // 2, len(whole) - 1):
        saved(tmp_path, "facts.xlsx", whole[:length])
        assert "this is no Excel workbook" in only(tmp_path, "facts.xlsx").message
    with zipfile.ZipFile(tmp_path / "facts.xlsx", "w") as archive:
        archive.writestr("letter.txt", "hello")
    assert "this is no Excel workbook that can be read" in only(tmp_path, "facts.xlsx").message


def test_a_workbook_whose_bytes_are_changed_is_told_or_read(tmp_path: Path) -> None:
    whole = book(tmp_path, ("subject", "object"), ("Peru", "Lima"), ("Peru", "Lima"))
    for at in range(0, len(whole), 97):
        saved(tmp_path, "facts.xlsx", whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
        assert problems(tmp_path, "facts.xlsx")  # the same fact twice, at the least


def test_a_zip_bomb_is_refused_by_its_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book(tmp_path, ("subject", "object"))
    monkeypatch.setattr(excel, "MOST_EXPANDED", 10_000_000)
    with_part(tmp_path, "xl/media/zeros.bin", bytes(20_000_000))
    assert (tmp_path / "facts.xlsx").stat().st_size < 100_000
    assert "the workbook unpacks to" in only(tmp_path, "facts.xlsx").message


def test_entities_of_entities_are_not_expanded(tmp_path: Path) -> None:
    book(tmp_path, ("subject", "object"))
    names = "abcdefghij"
    entities = "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in pairwise(names))
    bomb = f'<!DOCTYPE x [<!ENTITY a "{"x" * 1000}">{entities}]>'
    cell = b'<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>&j;</t></is></c></row></sheetData></worksheet>'
    with_part(tmp_path, SHEET, bomb.encode() + OPEN + cell)
    assert "this is no Excel workbook that can be read" in only(tmp_path, "facts.xlsx").message


def test_a_sheet_that_claims_or_spreads_to_billions_of_cells_is_refused_or_read(tmp_path: Path) -> None:
    book(tmp_path, ("subject", "object"))
    row = b'<row r="%d"><c r="A%d" t="inlineStr"><is><t>%s</t></is></c><c r="B%d" t="inlineStr"><is><t>%s</t></is></c></row>'
    rows = row % (1, 1, b"subject", 1, b"object") + row % (900_000, 900_000, b"Peru", 900_000, b"Lima")
    claimed = OPEN + b'<dimension ref="A1:XFD1048576"/><sheetData>' + rows + b"</sheetData></worksheet>"
    with_part(tmp_path, SHEET, claimed)
    section = FactsSection(file="facts.xlsx", relations=CAPITAL)
    assert [found.where for found in read_facts(section, tmp_path / "spec.yml").rows] == [
        f"{tmp_path}/facts.xlsx:900000"
    ]
    wide = b"".join(b'<row r="%d"><c r="XFD%d"><v>1</v></c></row>' % (number, number) for number in range(1, 400))
    with_part(tmp_path, SHEET, OPEN + b"<sheetData>" + wide + b"</sheetData></worksheet>")
    assert only(tmp_path, "facts.xlsx").message == f"the sheet has more than the {raw.MOST_VALUES:,} cells allowed"


def test_errors_empty_sheets_and_rows_that_are_too_wide_are_told(tmp_path: Path) -> None:
    book(tmp_path)
    assert only(tmp_path, "facts.xlsx").message == "the workbook has no cells"
    book(tmp_path, ("subject", "object"))
    assert only(tmp_path, "facts.xlsx").message == "the sheet has a header and no facts"
    book(tmp_path, ("subject", "object"), ("Peru", "Lima", 3))
    assert only(tmp_path, "facts.xlsx") == Problem(
        f"{tmp_path}/facts.xlsx:2", "3 cells where the header names 2", "name each column"
    )
    book(tmp_path, ("subject", "object"), ("Peru", "#N/A"))
    assert only(tmp_path, "facts.xlsx").message == "a cell holds Excel's error `#N/A`"


def test_without_openpyxl_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book(tmp_path, ("subject", "object"), ("Peru", "Lima"))
    monkeypatch.setattr(excel, "find_spec", lambda name: None)
    with pytest.raises(StudyError, match=r'pip install "reportgen\[excel\]"'):
        read_facts(FactsSection(file="facts.xlsx", relations=CAPITAL), tmp_path / "spec.yml")


# --- columns


def test_statements_without_their_column_are_told(tmp_path: Path) -> None:
    saved(tmp_path, "facts.csv", "text,label\nPeru is Lima.,1\n")
    problem = only(tmp_path, "facts.csv", statements=("{subject} is {object}.",))
    assert problem.message == "the column `statement` is missing; the header says `text,label`"
    assert problem.remedy == "name the column with whole statements as `facts.columns.statement`"
    columns = ColumnsSection(statement="label")
    assert "`1` fits no template" in only(tmp_path, "facts.csv", columns=columns).message
