"""Bad bases, bad matrices and bad overrides: each is one error in plain words at its place, found quickly and without harm."""

import os
import time
from pathlib import Path

import pytest

from reportgen.errors import InputError, Problem
from reportgen.spec.extends import MOST_FILES
from reportgen.spec.load import load_specs
from reportgen.spec.matrix import MOST_CELLS

STUDY = """\
study: {id: s, title: S}
model: {hub: gpt2}
facts: {file: f.csv, relations: {r: {template: "{subject} {object}"}}}
"""


def problems(path: Path, text: str, *overrides: str) -> tuple[Problem, ...]:
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_specs(path, overrides)
    return caught.value.problems


def only(path: Path, text: str, *overrides: str) -> Problem:
    (problem,) = problems(path, text, *overrides)
    return problem


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s.yml"


def test_a_circle_is_refused_with_its_way(path: Path) -> None:
    (path.parent / "sub").mkdir()
    (path.parent / "sub" / "b.yml").write_text("extends: ../c.yml\n")
    (path.parent / "c.yml").write_text("study: {id: c}\nextends: ./s.yml\n")
    problem = only(path, "extends: sub/b.yml\n")
    assert problem.where == f"{path.parent / 'sub' / '../c.yml'}:2:10"
    assert problem.message == "these specs extend one another in a circle: `s.yml` → `b.yml` → `c.yml` → `s.yml`"
    assert only(path, "extends: s.yml\n").message.endswith("`s.yml` → `s.yml`")


def test_a_circle_through_a_link_is_seen(path: Path) -> None:
    (path.parent / "other.yml").symlink_to(path)
    assert "in a circle: `s.yml` → `other.yml`" in only(path, "extends: other.yml\n").message


def test_a_chain_has_an_end(path: Path) -> None:
    for place in range(MOST_FILES):
        (path.parent / f"b{place}.yml").write_text(f"extends: b{place + 1}.yml\n")
    (path.parent / f"b{MOST_FILES}.yml").write_text(STUDY)
    problem = only(path, "extends: b0.yml\n")
    assert problem.message.startswith(f"more than {MOST_FILES} files extend one another: `s.yml` → `b0.yml`")
    path.write_text("extends: b2.yml\n")
    assert load_specs(path)[0].spec.study.id == "s"


@pytest.mark.parametrize(
    ("written", "why", "remedy"),
    [
        ("bsae.yml", "`extends` names `bsae.yml`, and there is no such file", "did you mean `base.yml`?"),
        ("folder", "`extends` names `folder`, and that is a folder", "name the spec file inside it"),
        ("pipe", "`extends` names `pipe`, and that is not a plain file", ""),
        ('"a\\0b"', "`extends` names `a\\x00b`, and that cannot be read: ", ""),
        ("base.yml/x.yml", "`extends` names `base.yml/x.yml`, and that cannot be read: Not a directory", ""),
        ("a" * 300, "`extends` names `", ""),
        ("[base.yml]", "`extends` must be text that is not empty; got a list of 1", ""),
        ('""', "`extends` must be text that is not empty; got empty text", ""),
    ],
)
def test_a_base_that_is_none_is_told_where_it_is_named(path: Path, written: str, why: str, remedy: str) -> None:
    (path.parent / "folder").mkdir()
    (path.parent / "base.yml").write_text(STUDY)
    os.mkfifo(path.parent / "pipe")
    problem = only(path, f"# first\nextends: {written}\n")
    assert problem.where == f"{path}:2:10"
    assert problem.message.startswith(why)
    assert problem.remedy == remedy


@pytest.mark.parametrize("place", ["/etc/base.yml", "C:\\\\base.yml", "\\\\\\\\host\\\\base.yml"])
def test_a_base_from_a_root_is_refused(path: Path, place: str) -> None:
    problem = only(path, f'extends: "{place}"\n')
    assert problem.message.endswith("starts at a root")


def test_a_base_is_read_within_the_bounds_of_a_spec(path: Path) -> None:
    base = path.parent / "base.yml"
    with base.open("wb") as stream:
        stream.truncate(100_000_000)
    begun = time.monotonic()
    problem = only(path, "extends: base.yml\n")
    assert (problem.where, problem.message) == (str(base), "the spec is larger than 2 MB")
    assert time.monotonic() - begun < 2
    base.write_bytes(b"\x80\x81\xff" * 1000)
    assert "the file is not UTF-8" in only(path, "extends: base.yml\n").message
    base.write_text("- 1\n")
    assert only(path, "extends: base.yml\n").where == f"{base}:1:1"
    base.write_text("study: &x [1]\nmodel: *x\n")
    assert only(path, "extends: base.yml\n") == Problem(
        f"{base}:1:8", "`&x` is an anchor, which a spec cannot use", "write the value out wherever it is needed"
    )


def test_flaws_of_all_files_come_together(path: Path) -> None:
    base = path.parent / "base.yml"
    base.write_text(f"{STUDY}tests: {{alpha: 3, alpha: 4}}\n")
    found = problems(path, "extends: base.yml\nreport: {top_heads: 0}\nreport: {}\n", "measure.key_span=verb")
    assert [problem.where.replace(f"{path.parent}/", "") for problem in found] == [
        "--set measure.key_span=verb",
        "base.yml:4:16",
        "base.yml:4:19",
        "s.yml:2:21",
        "s.yml:3:1",
    ]


MATRICES = [
    ("3", "1:9", "`matrix` must be a mapping with at least one entry; got the whole number 3"),
    ("{}", "1:9", "`matrix` must be a mapping with at least one entry; got an empty mapping"),
    ("[a]", "1:9", "`matrix` must be a mapping with at least one entry; got a list of 1"),
    (
        "{model: 3}",
        "1:17",
        "`matrix.model` must be a mapping with at least one entry, or a list with at least one entry; got the whole number 3",
    ),
    ("{model: {}}", "1:17", "`matrix.model` must be a mapping with at least one entry"),
    ("{model: []}", "1:17", "`matrix.model` must be a list with at least one entry; got an empty list"),
    ("{model.hub: [[a]]}", "1:22", "`matrix.model.hub[0]` must be text, a number, or true or false; got a list of 1"),
    ("{study.title: [a, b]}", "1:10", "`study.title` is no key of a spec, which an axis is"),
    ("{model..hub: [a]}", "1:10", "`model..hub` is no key of a spec, which an axis is"),
    ("{matrix: [a]}", "1:10", "`matrix` is no key of a spec, which an axis is"),
    ("{modle: {a: {hub: b}}}", "1:10", "a spec has no key `modle`"),
    ("{model.hub: [++]}", "1:22", "the name `++` holds no letter a to z and no digit to make an id of"),
    ("{model: {GPT2: {hub: a}, gpt2: {hub: b}}}", "1:34", "`GPT2` and `gpt2` both become `gpt2` in an id"),
    ("{model.hub: [a b, a-b]}", "1:27", "`a b` and `a-b` both become `a-b` in an id"),
    (
        "{model.hub: [a, a-b], model.revision: [b-c, c]}",
        "1:1",
        "the cells `a, b-c` and `a-b, c` both get the id `s-a-b-c`",
    ),
    (
        "{tests.alpha: [0.1, 2]}",
        "1:29",
        "`tests.alpha` must be a number, above 0 and below 1; got the whole number 2 (in",
    ),
]


@pytest.mark.parametrize(("matrix", "place", "message"), MATRICES, ids=[matrix for matrix, _, _ in MATRICES])
def test_a_bad_matrix_is_one_problem_at_its_place(path: Path, matrix: str, place: str, message: str) -> None:
    problem = only(path, f"matrix: {matrix}\n{STUDY}")
    assert problem.where == f"{path}:{place}"
    assert problem.message.startswith(message)


def test_a_family_says_of_itself_what_it_is(path: Path) -> None:
    text = STUDY.replace("title: S", "title: S, family: {id: f, title: F, values: {a: b}}")
    assert only(path, f"{text}matrix: {{model.hub: [a, b]}}\n").message.startswith("`study.family` says of what family")


def test_ten_thousand_cells_are_counted_and_not_made(path: Path) -> None:
    axes = "".join(f"  tests.{key}: [{', '.join(map(str, range(10)))}]\n" for key in ("seed", "a", "b", "c"))
    begun = time.monotonic()
    problem = only(path, f"{STUDY}matrix:\n{axes}")
    assert problem.message == f"the matrix has 10,000 cells, and {MOST_CELLS} at most are allowed"
    many = ", ".join(f"v{place}" for place in range(20_000))
    assert "20,000 cells" in only(path, f"{STUDY}matrix: {{model.hub: [{many}]}}\n").message
    assert time.monotonic() - begun < 10


def test_sixty_four_cells_of_a_large_spec_are_read_in_time(path: Path) -> None:
    items = "".join(f"    - {{subject: s{place}, relation: r, object: o{place}}}\n" for place in range(2000))
    text = (
        STUDY.replace("{file: f.csv, ", "\n  items:\n" + items + "  ")
        .replace('"}}}', '"}}')
        .replace("  relations", "  relations")
    )
    path.write_text(f"{text}matrix: {{tests.seed: [{', '.join(map(str, range(64)))}]}}\n")
    begun = time.monotonic()
    assert len(load_specs(path)) == 64
    assert time.monotonic() - begun < 40


def test_an_id_that_is_too_long_is_told_at_the_id(path: Path) -> None:
    text = STUDY.replace("id: s", f"id: {'s' * 60}")
    problem = only(path, f"{text}matrix: {{model.hub: [short, longer]}}\n")
    assert problem.where == f"{path}:1:13"
    assert "has 66 letters, 64 at most are allowed" in problem.message


OVERRIDES = [
    ("nonsense", "this is no override"),
    ("=1", "this is no override"),
    ("", "this is no override"),
    ("tests..alpha=1", "this is no override"),
    (".=1", "this is no override"),
    ("tests.alpha=[1", "this is not valid YAML"),
    ("tests.alpha={{}}", "a key is text"),
    ("tests.alpha=&a 1", "`&a` is an anchor, which a spec cannot use"),
    ("tests.alpha=!!python/object:os.system {}", "`tag:yaml.org,2002:python/object:os.system` is a tag"),
    ("tests.alpha=a: 1\n---\nb: 2", "this is not valid YAML"),
    ("tests.alpha=\x00", "the character U+0000 cannot stand in YAML"),
    ("tests.seed=" + "9" * 400, "the number `"),
    ("a." * 40 + "b=1", "this key is nested more than 30 deep"),
    ("report=" + "[" * 40 + "]" * 40, "the values are nested more than 30 deep"),
    ("extends=base.yml", "`extends` decides which files are read"),
    ("version=7", "this spec is of version 7"),
    ("model=x", "`model` must be a mapping with keys among"),
    ("contrasts.0.title=x", "`contrasts` must be a list with at least one entry; got a mapping"),
    ("tests.test.auto=1", "`tests.test` must be one of"),
    ("tests.seed=010", "the value of `tests.seed` is ambiguous: `010` is read as the whole number 8"),
]


@pytest.mark.parametrize(("override", "message"), OVERRIDES, ids=[f"{place}" for place in range(len(OVERRIDES))])
def test_nonsense_that_is_set_is_one_problem_that_quotes_it(path: Path, override: str, message: str) -> None:
    problem = only(path, STUDY, override)
    assert problem.where.startswith("--set ")
    assert problem.where.isprintable()
    assert len(problem.where) <= 66
    assert problem.message.startswith(message)


def test_all_that_is_no_override_is_told_at_once(path: Path) -> None:
    assert [problem.where for problem in problems(path, STUDY, "a", "tests.alpha=0.1", "b")] == ["--set a", "--set b"]


def test_what_the_matrix_varies_cannot_be_set(path: Path) -> None:
    text = (
        f"{STUDY}matrix: {{measure: {{a: {{aggregation: sum}}, b: {{key_span: object}}}}, tests.alpha: [0.1, 0.2]}}\n"
    )
    for override in ("measure.aggregation=max", "measure=", "tests.alpha=0.3", "tests={alpha: 0.3}"):
        problem = only(path, text, override)
        assert problem.where == f"--set {override}"
        assert problem.message.startswith("the matrix varies `")
    path.write_text(text)
    assert len(load_specs(path, ["measure.query_position=object_last", "tests.seed=1"])) == 4
