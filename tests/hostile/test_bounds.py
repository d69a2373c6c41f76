"""Bombs: small files that stand for much, and files as large as may be. Each is answered in seconds and within two gigabytes.

Each is read by a process of its own, whose address space is bounded, and which says how much it took.
"""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

SECONDS = 20
MEGABYTES = 2048

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to its address space")

READER = f"""
import json, resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, ({MEGABYTES << 20}, {MEGABYTES << 20}))
from pathlib import Path
from reportgen.errors import InputError, StudyError
from reportgen.facts.load import load_facts
from reportgen.spec.facts_section import FactsSection
from reportgen.spec.load import load_specs
path, kind = Path(sys.argv[1]), sys.argv[2]
said = {{"relations": {{"capital": {{"template": "{{subject}} is {{object}}"}}}}}} if kind == "auto" else {{}}
try:
    if kind == "spec":
        told = f"{{len(load_specs(path))}} specs"
    else:
        told = f"{{len(load_facts(FactsSection(file=path.name, format=kind, **said), path.parent / 's.yml', len).facts)}} facts"
except (InputError, StudyError) as error:
    told = str(error)
held = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(json.dumps([told, int(held.split()[1]) >> 10, time.process_time()]))
"""


@dataclass(frozen=True)
class Answer:
    """What a reader said, the megabytes that it took and the seconds that it worked."""

    told: str
    megabytes: int
    seconds: float


def answer(path: Path, kind: str = "auto") -> Answer:
    """What becomes of a file, within the bounds."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", READER, str(path), kind],
        capture_output=True,
        text=True,
        timeout=6 * SECONDS,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = Answer(*json.loads(done.stdout))
    path.unlink()
    assert found.seconds < SECONDS
    assert found.megabytes < MEGABYTES
    assert len(found.told) < 130_000
    return found


# --- specs

HEAD = "study: {id: s, title: S}\nmodel: {hub: gpt2}\n"
FILE = 'facts: {file: f.csv, relations: {capital: {template: "{subject} is {object}"}}}\n'


def facts(
    entries: Iterable[str], relations: str = 'capital: {template: "{subject} is {object}"}', more: str = ""
) -> str:
    items = "".join(f"    - {entry}\n" for entry in entries)
    return f"{HEAD}facts:\n  relations: {{{relations}}}\n  items:\n{items}{more}"


def templates(*texts: str) -> str:
    listed = ", ".join(f"'{text}'" for text in texts)
    return f"{HEAD}facts:\n  file: f.csv\n  relations: {{capital: {{templates: [{listed}]}}}}\n"


SPECS: dict[str, tuple[Callable[[], str], str]] = {
    "aliases of aliases": (
        lambda: (
            "a: &a [x]\n"
            + "".join(
                f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n"
                for old, new in zip("abcdefgh", "bcdefghi", strict=True)
            )
        ),
        "is an anchor, which a spec cannot use",
    ),
    "nested in brackets": (lambda: "study: " + "[" * 900_000, "nested more than 30 deep"),
    "nested in mappings": (lambda: "study: " + "{a: " * 400_000, "nested more than 30 deep"),
    "nested in lines": (lambda: "\n".join(" " * depth + "a:" for depth in range(1900)), "nested more than 30 deep"),
    "nested keys": (lambda: "? " * 900_000, "nested more than 30 deep"),
    "a hundred megabytes": (lambda: "#" * 100_000_000, "larger than 2 MB"),
    "too many values": (lambda: "study: [" + "1," * 900_000 + "]", "holds more than 50,000 keys and values"),
    "too many keys": (lambda: "{" + "a: 1, " * 300_000 + "}", "holds more than 50,000 keys and values"),
    "many unknown keys": (
        lambda: "{" + ",".join(f"k{place}: 1" for place in range(24_000)) + "}",
        "a spec has no key `k0`",
    ),
    "a number of a million digits": (lambda: f"{HEAD}{FILE}tests: {{alpha: 0.{'1' * 1_000_000}}}\n", "is too long"),
    "a number in base sixty": (lambda: f"{HEAD}{FILE}tests: {{alpha: {'1:' * 900_000}1}}\n", "is too long"),
    "a key of megabytes": (lambda: '"' + "k" * 1_900_000 + '": 1', "not valid YAML"),
    "a title of megabytes": (lambda: HEAD.replace("title: S", f"title: {'S' * 1_900_000}") + FILE, "1 specs"),
    "items without keys": (lambda: facts(["{}"] * 40_000), "lacks the key"),
    "items of many relations": (
        lambda: facts(
            (f"{{subject: a{place}, relation: capitals{place}, object: b}}" for place in range(4000)),
            ", ".join(f"capital{place}: {{template: '{{subject}} {{object}}'}}" for place in range(4000)),
        ),
        "is not among `facts.relations`",
    ),
    "a family of large specs": (
        lambda: facts(
            (f"{{subject: a{place}, relation: capital, object: b}}" for place in range(6900)),
            more=f"matrix: {{tests.seed: {list(range(64))}}}\n",
        ),
        "makes 64 studies of a spec with",
    ),
    "an axis of many values": (
        lambda: f"{HEAD}{FILE}matrix: {{tests.seed: {list(range(40_000))}}}\n",
        "has 40,000 cells",
    ),
    "very many axes": (
        lambda: f"{HEAD}{FILE}matrix: {{{', '.join(f'tests.a{place}: [1]' for place in range(16_000))}}}\n",
        "64 at most are allowed",
    ),
    "one correction often": (
        lambda: f"{HEAD}{FILE}tests: {{corrections: [{'holm,' * 49_000}]}}\n",
        "stands in this list twice",
    ),
    "very many contrasts": (
        lambda: (
            f"{HEAD}{FILE}contrasts: [{'{id: c, title: C, a: {name: a, where: {b: 1}}, b: {name: b, where: {b: 2}}},' * 2200}]\n"
        ),
        "another contrast has the id `c`",
    ),
    "very many steps": (
        lambda: f'{HEAD}{FILE}experiments: {{checkpoints: {{revision: "step{{step}}", steps: [{"1," * 40_000}]}}}}\n',
        "1 stands in this list twice",
    ),
    "templates without slots": (
        lambda: templates(*(f"{{subj{place}}} is" for place in range(40_000))),
        "names {subject} exactly once",
    ),
    "a template of megabytes": (lambda: templates("{subject} {object}" + "{a} " * 450_000), "1 specs"),
    "a template of parentheses": (
        lambda: templates("{{ subject }}{{ object }}{{ " + "(" * 400_000),
        "nested too deeply",
    ),
    "a template of conditions": (
        lambda: templates("{{ subject }}{{ object }}" + "{% if a %}" * 150_000),
        "nested too deeply",
    ),
    "a number in a template": (
        lambda: templates("{{ subject }}{{ object }}{{ " + "9" * 900_000 + "}}"),
        "a number in it is too long",
    ),
}


@pytest.mark.parametrize("name", SPECS)
def test_a_spec_that_is_a_bomb_is_answered(tmp_path: Path, name: str) -> None:
    text, words = SPECS[name]
    (tmp_path / "s.yml").write_text(text())
    assert words in answer(tmp_path / "s.yml", "spec").told


# --- facts

TOP = "subject,relation,object\n"


def numbered(text: str, count: int) -> str:
    return "".join(text.replace("#", str(number)) for number in range(count))


TEXTS: dict[str, tuple[Callable[[], str], str]] = {
    "cell.csv": (lambda: TOP + "a,capital," + "x" * 50_000_000, "field larger than field limit"),
    "lines.csv": (lambda: TOP + 'a,capital,"' + "x\n" * 25_000_000 + '"\n', "more than the 5,000,000 allowed"),
    "columns.csv": (lambda: numbered("c#,", 1_000_000) + "d\n", "1,000,001 columns, more than the 10,000 allowed"),
    "quotation.csv": (lambda: '"' * 99_000_000, "field larger than field limit"),
    "comment.csv": (lambda: "#" * 99_000_000, "the facts file is empty"),
    "nothing.csv": (lambda: "\0" * 99_000_000, "is not CSV"),
    "twice.csv": (lambda: TOP + "a,capital,b\n" * 120_000, "and 119,799 more problems"),
    "relations.csv": (lambda: TOP + numbered("s#,r#,o#\n", 120_000), "and 119,800 more problems"),
    "subject.csv": (
        lambda: TOP + numbered("s,capital,o#\n", 100_000),
        "every object of its relation is true of its subject",
    ),
    "object.csv": (
        lambda: TOP + numbered("s#,capital,o\n", 100_000),
        "every object of its relation is true of its subject",
    ),
    "brackets.json": (lambda: "[" * 99_000_000, "more than the 5,000,000 allowed"),
    "depth.json": (lambda: '[{"a":' * 2_000_000, "nested too deeply"),
    "depth.jsonl": (lambda: '{"subject":' + '{"a":' * 4_000_000, "nested too deeply"),
    "digits.jsonl": (
        lambda: '{"subject": ' + "9" * 50_000_000 + ', "relation": "capital", "object": "b"}',
        "holds 50,000,000 char",
    ),
    "exponent.jsonl": (
        lambda: '{"subject": 1e' + "9" * 1_000_000 + ', "relation": "capital", "object": "b"}',
        "holds 1,000,002 char",
    ),
    "cell.jsonl": (
        lambda: '{"subject": "' + "x" * 50_000_000 + '", "relation": "capital", "object": "b"}',
        "holds 50,000,000 char",
    ),
    "keys.jsonl": (
        lambda: "{" + numbered('"k#": 1, ', 1_000_000) + '"k": 1}',
        "1,000,001 columns, more than the 10,000 allowed",
    ),
    "sparse.jsonl": (lambda: numbered('{"k#": 1}\n', 9000), "9,000 rows of 9,000 columns"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_that_is_a_bomb_is_answered(tmp_path: Path, name: str) -> None:
    text, words = TEXTS[name]
    (tmp_path / name).write_text(text())
    assert words in answer(tmp_path / name).told


def nested(depth: int) -> pa.Array:
    made = pa.array([1])
    for _ in range(depth):
        made = pa.StructArray.from_arrays([made], names=["a"])
    return made


TABLES: dict[str, tuple[Callable[[], pa.Table], str]] = {
    "many columns": (
        lambda: pa.table({f"c{number}": [1] for number in range(20_000)}),
        "20,000 columns, more than the 10,000",
    ),
    "a cell": (lambda: pa.table({"subject": pa.array([b"x" * 100_000_000])}), "holds a value of 100,000,000 bytes"),
    "long cells": (lambda: pa.table({"subject": pa.array(["x" * 131_000] * 4000)}), "more than 400,000,000 bytes when"),
    "a list of nothing": (
        lambda: pa.table({"subject": ["a"], "l": pa.array([[None] * 20_000_000], pa.list_(pa.int8()))}),
        "the column `object` is missing",
    ),
    "depth": (lambda: pa.table({"subject": nested(300)}), "too deeply nested"),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_parquet_that_is_a_bomb_is_answered(tmp_path: Path, name: str) -> None:
    table, words = TABLES[name]
    pq.write_table(table(), tmp_path / "facts.parquet", compression="zstd")
    assert (tmp_path / "facts.parquet").stat().st_size < 10_000_000
    assert words in answer(tmp_path / "facts.parquet").told


MAIN = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
SHEETS: dict[str, tuple[Callable[[], bytes], str]] = {
    "a cell": (
        lambda: b'<row r="1"><c r="A1" t="inlineStr"><is><t>' + b"x" * 60_000_000 + b"</t></is></c></row>",
        "the end of a tag",
    ),
    "a number": (
        lambda: b'<row r="1"><c r="A1"><v>' + b"9" * 900_000 + b"</v></c></row>",
        "no Excel workbook that can be read",
    ),
    "a tag": (
        lambda: b"<row " + b" ".join(b'a%d="1"' % number for number in range(500_000)) + b"/>",
        "the end of a tag",
    ),
    "depth": (lambda: b"<row>" * 1_000_000, "no Excel workbook that can be read"),
    "empty rows": (lambda: b"<row/>" * 800_000, "the workbook has no cells"),
    "a row far down": (lambda: b'<row r="999999999999"><c r="A999999999999"><v>1</v></c></row>', "cells allowed"),
    "a row of digits": (
        lambda: b'<row r="' + b"9" * 5000 + b'"><c r="A1"><v>1</v></c></row>',
        "no Excel workbook that can be read",
    ),
}


@pytest.mark.parametrize("name", SHEETS)
def test_a_workbook_that_is_a_bomb_is_answered(tmp_path: Path, name: str) -> None:
    sheet, words = SHEETS[name]
    Workbook().save(tmp_path / "whole.xlsx")
    with (
        zipfile.ZipFile(tmp_path / "whole.xlsx") as whole,
        zipfile.ZipFile(tmp_path / "facts.xlsx", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made,
    ):
        for part in whole.namelist():
            own = b"<worksheet " + MAIN + b"><sheetData>" + sheet() + b"</sheetData></worksheet>"
            made.writestr(part, own if part.endswith("sheet1.xml") else whole.read(part))
    assert words in answer(tmp_path / "facts.xlsx").told
