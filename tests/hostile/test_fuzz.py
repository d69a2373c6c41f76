"""Random specs, facts, templates and arguments: each is used or refused in words that name the file, and nothing else happens.

The examples are the same in every run; `HYPOTHESIS_EXAMPLES=20` tries twenty times as many, and others with every run.
"""

import csv
import io
import json
import os
import re
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.utils.exceptions import IllegalCharacterError
from pydantic import ValidationError

from reportgen.cli import main
from reportgen.errors import InputError, StudyError
from reportgen.facts.filling import FillingError, fill
from reportgen.facts.load import load_facts
from reportgen.facts.read import read_facts
from reportgen.spec.facts_section import FactsSection
from reportgen.spec.load import load_specs
from reportgen.spec.resolved import resolved_lines
from reportgen.spec.section import MisfitError
from reportgen.spec.template import FILTERS
from reportgen.spec.written import EXAMPLES
from tests.fuzzing import JSON_VALUES, VALUES, WORDS, Map, Node, Seq, mutations, node_of, written

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data" / "facts"
TOY = ROOT / "specs" / "toy"
TIMES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "1"))
LONGEST = 2500
TEMPLATE = "The capital of {subject} is {object}"


def examples(number: int) -> Callable[[Any], Any]:
    """So many examples; without shrinking, which takes longer than to read what is told of a failure."""
    return settings(
        max_examples=number * TIMES,
        derandomize=TIMES == 1,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def require_words(error: InputError | StudyError, *places: Path | str) -> None:
    """Every problem is short, printable, and says in which file it is."""
    told = [(problem.where, str(problem)) for problem in getattr(error, "problems", ())] or [(str(error), str(error))]
    for where, text in told:
        assert any(str(place) in where for place in places), where
        assert len(text) < LONGEST, text
        assert text.replace("\n", "").isprintable(), ascii(text)


# --- specs

FULL = yaml.safe_load("\n".join(EXAMPLES.values()))
MATRIX = {
    "measure.aggregation": ["sum", "max"],
    "tests": {"strict": {"alpha": 0.01}, "by Holm": {"headline": "holm"}},
}
SPECS = [
    node_of(FULL),
    node_of({**FULL, "matrix": MATRIX}),
    *(node_of(yaml.safe_load((ROOT / "specs" / name).read_text())) for name in ("capitals.yml", "toy/training.yml")),
]
KEYS = ("extends", "matrix", "version", "templates", "chat", "[key]", '"a.b"', '""', "1", "no", "~", "<<", '"x\\ny"')
SOME_SPEC = mutations(SPECS, VALUES, KEYS)


def paths_in(value: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every key by its path, with what stands there."""
    if at:
        yield ".".join(at), value
    for key, inner in value.items() if isinstance(value, dict) else ():
        yield from paths_in(inner, (*at, key))


PATHS = dict(paths_in(FULL))
ODD_PATHS = (*PATHS, "extends", "matrix", "matrix.model", "version", "a", "..", "study.family", " ", "")
OVERRIDES = st.lists(
    st.sampled_from([f"{path}={written(node_of(value))}" for path, value in PATHS.items()])
    | st.builds(lambda path, value: f"{path}={written(value)}", st.sampled_from(ODD_PATHS), VALUES)
    | st.text(max_size=9),
    max_size=2,
)


@given(SOME_SPEC, st.none() | SOME_SPEC | st.sampled_from(SPECS), st.just([]) | OVERRIDES)
@examples(500)
def test_any_spec_with_any_base_and_anything_set_is_read_or_refused(
    tmp_path: Path, tree: Node, base: Node | None, overrides: list[str]
) -> None:
    path = tmp_path / "study.yml"
    text = written(tree)
    if base is not None and isinstance(tree, Map) and tree.entries:
        (tmp_path / "base.yml").write_bytes(written(base).encode("utf-8", "replace"))
        text = "{extends: base.yml, " + text[1:]
    path.write_bytes(text.encode("utf-8", "replace"))
    try:
        files = load_specs(path, overrides)
    except (InputError, StudyError) as error:
        require_words(error, tmp_path, "--set")
        return
    for file in files:
        if len(files) > 1 or base is not None or overrides:
            path.write_text(file.text)
            assert [one.spec for one in load_specs(path)] == [file.spec]
        path.write_text("\n".join(resolved_lines(file.spec)))
        assert [one.spec for one in load_specs(path)] == [file.spec]


# --- facts

READ: dict[str, list[Node]] = {
    "counterfact": [node_of(json.loads((DATA / "counterfact.json").read_text()))],
    "known_1000": [node_of(json.loads((DATA / "known_1000.json").read_text()))],
    "lre": [node_of(json.loads((DATA / "lre" / "factual" / "country_capital_city.json").read_text()))],
    "popqa": [node_of(list(csv.DictReader((DATA / "popqa.tsv").read_text().splitlines(), delimiter="\t")))],
    "geometry_of_truth": [
        node_of(list(csv.DictReader((DATA / name).read_text().splitlines())))
        for name in ("cities.csv", "counterfact_true_false.csv")
    ],
    "auto": [
        node_of(
            [
                {"subject": "Peru", "relation": "capital", "object": "Lima", "truth": True, "pair": "a"},
                {"subject": "Peru", "relation": "capital", "object": "Oslo", "truth": False, "pair": "a"},
                {"subject": "Norway", "relation": "capital", "object": "Oslo", "false_object": "Lima", "n": 1.5},
                {"subject": "Chad", "relation": "capital", "object": "N'Djamena", "false_object": "Lima"},
            ]
        )
    ],
}
RECORDS = st.one_of(
    *(
        st.tuples(st.just(kind), mutations(bases, JSON_VALUES, ('"truth"', '"statement"', '"samples"', '"x\\n"', '""')))
        for kind, bases in READ.items()
    )
)
TEMPLATES = st.sampled_from(
    [
        *(TEMPLATE, f"{TEMPLATE}.", "{subject}{object}", "{object}: {subject}", "{subject} {id} {object}"),
        *("{{ subject }} {{ object }}", "{% if id == '1' %}a {% endif %}{{ object | upper }} {{ subject }}"),
        *("{subject_x} is {object}", "{subject} {object_x}"),
    ]
)
RELATION = TEMPLATES.map(lambda text: {"template": text}) | st.lists(
    TEMPLATES, min_size=2, max_size=3, unique=True
).map(lambda texts: {"templates": texts})
NAMES = st.sampled_from(
    ["subject", "object", "relation", "truth", "pair", "statement", "label", "fact", "template", "id", "é", "self"]
)
SECTIONS = st.just({}) | st.fixed_dictionaries(
    {"relations": st.dictionaries(st.sampled_from(["capital", "P36", "x"]), RELATION, min_size=1, max_size=2)},
    optional={
        "columns": st.dictionaries(st.sampled_from(["subject", "object", "truth", "statement"]), NAMES, max_size=2),
        "statements": st.lists(TEMPLATES, max_size=2),
        "only": st.dictionaries(NAMES, st.text(max_size=3) | st.booleans() | st.integers(), max_size=1),
        "false_objects": st.sampled_from(["given", "derangement", "matched_derangement"]),
        "seed": st.integers(0, 2**70),
    },
)


def require_read(folder: Path, file: str, kind: str, more: dict[str, Any]) -> None:
    """The facts are read, each where its words are, or refused."""
    said = {"file": file, "format": kind, "relations": {"capital": {"template": TEMPLATE}}, **more}
    try:
        section = FactsSection.model_validate(said, strict=False)
    except ValidationError:
        return
    try:
        facts = load_facts(section, folder / "spec.yml", len).facts
    except (InputError, StudyError) as error:
        require_words(error, folder)
        return
    for fact in facts:
        filled = fact.worded()
        for name, own, stretch in (("subject", fact.subject, filled.subject), ("object", fact.object, filled.object)):
            if f"{name}_x" not in fact.template and "upper" not in fact.template:
                assert filled.text[slice(*stretch)] == own


@given(RECORDS, SECTIONS, st.booleans())
@examples(600)
def test_any_records_are_facts_or_refused(
    tmp_path: Path, record: tuple[str, Node], more: dict[str, Any], lines: bool
) -> None:
    kind, tree = record
    name = "facts.jsonl" if lines and isinstance(tree, Seq) else "facts.json"
    text = "\n".join(map(written, tree.items)) if name.endswith("l") and isinstance(tree, Seq) else written(tree)
    (tmp_path / name).write_bytes(text.encode("utf-8", "surrogatepass"))
    require_read(tmp_path, name, kind, more)


CELLS = st.one_of(
    st.sampled_from(
        ["Peru", "Norway", "Chad", "Lima", "Oslo", "x", "Peru ", "e\u0301", "1", "", "=1+1", "#N/A", "\x00", "a\nb"]
    ),
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9), st.binary(max_size=5), st.dates()),
    *(st.datetimes(), st.decimals(allow_nan=False, allow_infinity=False), st.timedeltas()),
    *(st.lists(st.text(max_size=3), max_size=3), st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)),
)
RELATIONS = st.sampled_from(["capital", "capital", "true", ""])
TABLES = st.lists(NAMES | st.text(max_size=4), max_size=3).flatmap(
    lambda more: st.tuples(
        st.just(names := list(dict.fromkeys(["subject", "relation", "object", *more]))),
        st.lists(st.tuples(*(RELATIONS if name == "relation" else CELLS for name in names)), min_size=1, max_size=5),
    )
)


def table_bytes(names: list[str], rows: list[tuple[Any, ...]], ending: str) -> bytes:
    """The table as a file; where a container cannot hold a value, it holds how Python writes it."""
    stream = io.BytesIO()
    if ending == ".xlsx":
        book = Workbook()
        for row in (names, *rows):
            for at, value in enumerate(row, start=1):
                try:
                    book.active.cell(book.active.max_row + (at == 1), at, value)
                except (ValueError, IllegalCharacterError):
                    book.active.cell(book.active.max_row, at, ascii(value))
        book.save(stream)
    elif ending == ".parquet":
        try:
            pq.write_table(pa.table([pa.array(column) for column in zip(*rows, strict=True)], names=names), stream)
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            texts = [pa.array([ascii(value) for value in column]) for column in zip(*rows, strict=True)]
            pq.write_table(pa.table(texts, names=names), stream)
    else:
        text = io.StringIO()
        csv.writer(text, delimiter="\t" if ending == ".tsv" else ",").writerows([names, *rows])
        return text.getvalue().encode("utf-8", "surrogatepass")
    return stream.getvalue()


@given(TABLES, SECTIONS, st.sampled_from([".csv", ".tsv", ".xlsx", ".parquet"]), st.sampled_from(["auto", "popqa"]))
@examples(400)
def test_any_table_is_facts_or_refused(
    tmp_path: Path, table: tuple[list[str], list[tuple[Any, ...]]], more: dict[str, Any], ending: str, kind: str
) -> None:
    (tmp_path / f"facts{ending}").write_bytes(table_bytes(*table, ending))
    require_read(tmp_path, f"facts{ending}", kind, more)


FILES = sorted(path for path in DATA.rglob("*") if path.is_file() and path.suffix != ".md")
KINDS = ("auto", "csv", "json_lines", "counterfact", "known_1000", "lre", "pararel", "geometry_of_truth", "popqa")


@given(
    *(st.sampled_from(FILES), st.sampled_from(KINDS), st.floats(0, 1), st.binary(max_size=8), st.integers(0, 40)),
    *(st.booleans(), SECTIONS),
)
@examples(400)
def test_any_bytes_of_any_layout_are_facts_or_refused(
    tmp_path: Path, file: Path, kind: str, at: float, piece: bytes, lost: int, short: bool, more: dict[str, Any]
) -> None:
    whole = file.read_bytes()
    place = int(at * len(whole))
    (tmp_path / file.name).write_bytes(whole[:place] if short else whole[:place] + piece + whole[place + lost :])
    require_read(tmp_path, file.name, kind, more)


# --- templates

WORD = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
PIECES = st.sampled_from(
    [
        *(
            "{subject}",
            "{object}",
            "{id}",
            "{",
            "}",
            "{{",
            "}}",
            "{{ subject }}",
            "{{ object }}",
            "{{ object | upper }}",
        ),
        *(
            "{{ id }}",
            "{% if id %}",
            "{% else %}",
            "{% endif %}",
            "{% if id == 'a' %}",
            "{# a #}",
            "{{ 'a' }}",
            " is ",
            "\ue000",
        ),
        *(
            "{{ subject.x }}",
            "{{ subject_x }}",
            "{{ '{{' }}",
            "{% raw %}",
            "{% endraw %}",
            "{{ subject | title | trim }}",
            "{id!r}",
        ),
    ]
)
WHOLE = st.sampled_from(
    ["{subject} {object}", "{{ subject }} {{ object }}", "{{ object | title }} {% if id %}{{ subject }}"]
)


@given(
    st.builds("".join, st.lists(PIECES | st.text(max_size=3), max_size=5)),
    *(WHOLE, st.builds("".join, st.lists(PIECES, max_size=3)), WORD, WORD, st.none() | st.text(max_size=3)),
)
@examples(1000)
def test_any_template_says_where_its_words_are_or_is_refused(
    before: str, whole: str, after: str, subject: str, thing: str, other: str | None
) -> None:
    template = before + whole + after
    words = {"subject": subject, "object": thing} | ({} if other is None else {"id": other})
    try:
        filled = fill(template, words)
    except (MisfitError, FillingError):
        return
    for name, stretch in (("subject", filled.subject), ("object", filled.object)):
        found = filled.text[slice(*stretch)]
        own = re.sub("[\ue000-\ue002]", "", words[name]) if "{{" in template or "{%" in template else words[name]
        assert 0 <= stretch[0] <= stretch[1] <= len(filled.text)
        assert (
            found == own
            or any(getattr(str, name.replace("trim", "strip"))(own) == found for name in FILTERS)
            or ("trim" in template and found == own.title().strip())
        )


# --- the command line


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny model and its facts."""
    folder = tmp_path_factory.mktemp("toy")
    shutil.copytree(TOY / "models" / "step-1000", folder / "model")
    shutil.copy(TOY / "facts.csv", folder)
    return folder


def command(folder: Path, *arguments: str) -> Result:
    """The command line in a folder: it ends as it says that it does, and prints nothing that a terminal obeys."""
    here = Path.cwd()
    os.chdir(folder)
    try:
        environment = {"HF_HUB_OFFLINE": "1", "REPORTGEN_CACHE": str(folder / "cache")}
        result = CliRunner().invoke(main, arguments, env=environment)
    finally:
        os.chdir(here)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code in (0, 1, 2)
    assert "Traceback" not in result.output
    assert not [letter for letter in result.output if unicodedata.category(letter) in ("Cc", "Cs") and letter != "\n"]
    return result


with (TOY / "facts.csv").open() as _opened:
    ROWS = [line.strip().split(",") for line in _opened if not line.startswith("#")][1:15]
ON_TOY = {
    "study": {"id": "s", "title": "S"},
    "model": {"folder": "model"},
    "facts": {
        "relations": {"capital": {"templates": [TEMPLATE, "{object} is the capital of {subject}"]}},
        "items": [{"subject": subject, "relation": "capital", "object": thing} for subject, _, thing in ROWS],
    },
    "tests": FULL["tests"],
    "experiments": {
        name: section
        for name, section in FULL["experiments"].items()
        if name not in ("checkpoints", "across_models", "multi_hop")
    },
    "expect": FULL["expect"],
}
TOY_SPECS = [
    node_of(ON_TOY),
    node_of({**ON_TOY, "matrix": {"measure.aggregation": ["sum", "max"]}}),
    node_of(
        {
            **ON_TOY,
            "facts": {"file": "facts.csv", "relations": {"capital": {"template": TEMPLATE}}},
            "experiments": {"entropy": {}},
        }
    ),
]


@given(
    mutations(TOY_SPECS, VALUES, KEYS), st.sampled_from([("check",), ("check",), ("explain",), ("facts", "describe")])
)
@examples(250)
def test_no_spec_gets_a_traceback_out_of_a_command(toy: Path, tree: Node, words: tuple[str, ...]) -> None:
    (toy / "s.yml").write_bytes(written(tree).encode("utf-8", "replace"))
    result = command(toy, *words, "s.yml")
    assert result.exit_code == 0 or result.stderr.startswith(("error: s.yml", "error: model", "error: ", "the model"))


CLEAN = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])
FACT_WORDS = st.sampled_from(
    [
        "#x",
        '"q"',
        "a,b",
        "null",
        "1.50",
        "true",
        "-",
        "= 1",
        "[x]",
        "{y}",
        "'",
        "é",
        "a\u200b",
        'b "c", d',
        "~",
        "yes",
        " x ",
    ]
) | st.text(CLEAN, min_size=1, max_size=8)
MORE = st.sampled_from(
    ["# a", "id", "null", "1", "statement", "a,b", 'a"b', "é", "subject_x", "-", "=", "a:b", "{x}", "[y]"]
)
FACTS = st.lists(MORE, unique=True, max_size=3).flatmap(
    lambda more: st.lists(
        st.fixed_dictionaries(
            {
                "subject": FACT_WORDS,
                "object": FACT_WORDS,
                "relation": st.sampled_from(["capital", "is: a", "no", "{r}", '"q"', "a#b"]),
                **dict.fromkeys(more, FACT_WORDS),
            }
        ),
        min_size=1,
        max_size=6,
    )
)


@given(FACTS, st.sampled_from([".csv", ".tsv", ".jsonl", ".parquet"]))
@examples(200)
def test_facts_that_are_converted_are_the_same_facts(tmp_path: Path, facts: list[dict[str, str]], ending: str) -> None:
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, facts)))
    result = command(tmp_path, "facts", "convert", "in.jsonl", "--force", "--to", f"out{ending}")
    if result.exit_code == 2:
        assert "error: " in result.stderr
        return
    said = yaml.safe_load(result.stdout)["facts"]
    relations = {name: {"template": "{subject} {object}"} for name in said["relations"]}
    both = [
        read_facts(FactsSection.model_validate({"file": file, "relations": relations}), tmp_path / "s.yml").rows
        for file in ("in.jsonl", said["file"])
    ]
    before, after = ([(row.subject, row.relation, row.object, dict(row.columns)) for row in rows] for rows in both)
    assert before == after


ARGUMENTS = st.sampled_from(
    [
        *WORDS,
        *(
            "\udcff",
            "\x1b[2J",
            "a\nb",
            "",
            "-",
            "--",
            "=",
            "a=",
            "#",
            "s.yml#",
            "s.yml#x#y",
            "C:\\x",
            "file:///etc/passwd",
        ),
        *(
            "%s",
            "hub:",
            "hub:a@",
            "hub:\udcff",
            "folder:\udcff",
            "gguf:/dev/zero",
            "folder:/etc",
            "hub:../..",
            "pack:../x",
        ),
        *(
            "package:a/../..",
            "f" * 300,
            f"folder:{'f' * 300}",
            f"{'f' * 300}.yml",
            f"{'f' * 300}.csv",
            "subject=\udcff",
        ),
        *(
            "subject=",
            "tests.alpha=\x1b",
            "study.title=\udcff",
            "facts.file=/dev/zero",
            'model.folder="\\0"',
            "tests=1",
        ),
        *(
            "facts.file=/proc/self/mem",
            f"model.folder={'f' * 300}",
            f"facts.file={'f' * 300}.csv",
            "facts.csv",
            "s.yml",
        ),
    ]
) | st.text(max_size=8)
COMMANDS = st.sampled_from(
    [
        *(("check",), ("explain",), ("explain", "s.yml", "--set"), ("check", "s.yml", "--set"), ("facts", "show")),
        *(
            ("facts", "describe"),
            ("facts", "describe", "facts.csv", "--column"),
            ("facts", "describe", "facts.csv", "--model"),
        ),
        *(
            ("facts", "convert"),
            ("facts", "convert", "facts.csv", "--to"),
            ("facts", "balance", "facts.csv", "--per-object"),
        ),
        *(
            ("init", "begun", "--yes", "--force", f"--{flag}")
            for flag in ("id", "title", "model", "facts", "template", "false")
        ),
        *(("power", "s.yml", "--sd", "1", "--pairs"), ("check", "s.yml", "--cache"), ("render",), ("lock",)),
    ]
)


@given(COMMANDS, ARGUMENTS)
@examples(300)
def test_no_argument_gets_a_traceback_out_of_a_command(toy: Path, words: tuple[str, ...], argument: str) -> None:
    if "stdin" in argument or "\0" in argument:  # the first is the test's own, the second no system passes on
        return
    (toy / "s.yml").write_text(written(TOY_SPECS[2]))
    command(toy, *words, argument)
