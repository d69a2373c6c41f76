"""Bad facts: every mistake is told at once, with its place, what came, and what to do."""

import os
from pathlib import Path

import pytest

from reportgen.errors import InputError, Problem
from reportgen.facts.load import load_facts
from reportgen.facts.read import read_facts
from reportgen.spec.model import FactSection, FactsSection, RelationSection

HEADER = "subject,relation,object\n"
CAPITAL = RelationSection(template="The capital of {subject} is {object}")


def section(file: str = "facts.csv") -> FactsSection:
    return FactsSection(file=file, relations={"capital": CAPITAL, "born in": CAPITAL})


def problems(folder: Path, content: str | bytes, file: str = "facts.csv") -> tuple[Problem, ...]:
    data = content if isinstance(content, bytes) else content.encode()
    (folder / file).write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_facts(section(file), folder / "spec.yml")
    return caught.value.problems


def only(folder: Path, content: str | bytes) -> Problem:
    (problem,) = problems(folder, content)
    return problem


def file_problem(folder: Path, file: str) -> Problem:
    with pytest.raises(InputError) as caught:
        read_facts(section(file), folder / "spec.yml")
    (problem,) = caught.value.problems
    return problem


def at(folder: Path, line: int) -> str:
    return f"{folder / 'facts.csv'}:{line}"


# --- the file


def test_a_missing_file_names_the_path_and_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "fact.csv").touch()
    problem = file_problem(tmp_path, "facts.csv")
    assert problem.where == f"{tmp_path / 'spec.yml'}: facts.file"
    assert problem.message == f"no facts file at {tmp_path / 'facts.csv'}"
    assert problem.remedy == "did you mean `fact.csv`? the path in `file` starts at the spec's own folder"


def test_a_path_that_climbs_out_is_named_as_it_resolves(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    problem = file_problem(tmp_path / "here", "../elsewhere/facts.csv")
    assert str(tmp_path / "elsewhere" / "facts.csv") in problem.message


def test_a_path_that_climbs_out_may_be_read(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "facts.csv").write_text(HEADER + "Peru,capital,Lima\n")
    for file in ("../facts.csv", str(tmp_path / "facts.csv")):
        rows = read_facts(section(file), tmp_path / "here" / "spec.yml").rows
        assert [row.where for row in rows] == [at(tmp_path, 2)]


def test_a_folder_is_no_facts_file(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    problem = file_problem(tmp_path, "data")
    assert problem.message == f"{tmp_path / 'data'} is a folder"
    assert problem.remedy == "name the CSV file inside it"


def test_a_pipe_is_no_facts_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    assert "is not a plain file" in file_problem(tmp_path, "pipe.csv").message


def test_a_file_as_folder_a_null_byte_a_loop_and_an_endless_name_are_told(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for file in ("plain/facts.csv", "fac\0ts.csv", "loop", "x" * 5000):
        assert file_problem(tmp_path, file).where == f"{tmp_path / 'spec.yml'}: facts.file"


def test_more_than_100_megabytes_are_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "facts.csv").open("wb") as file:
        file.truncate(100_000_001)
    problem = file_problem(tmp_path, "facts.csv")
    assert problem.where == str(tmp_path / "facts.csv")
    assert problem.message == "the facts file holds 100,000,001 bytes, more than the 100,000,000 allowed"
    assert problem.remedy


@pytest.mark.parametrize("content", ["", "\n\n", "# only a comment\n", "\ufeff"])
def test_an_empty_file_is_told(tmp_path: Path, content: str) -> None:
    problem = only(tmp_path, content)
    assert problem.where == str(tmp_path / "facts.csv")
    assert problem.message == "the facts file is empty"
    assert "subject,relation,object" in problem.remedy


def test_a_header_alone_is_no_study(tmp_path: Path) -> None:
    problem = only(tmp_path, "# comment\n" + HEADER)
    assert problem == Problem(
        at(tmp_path, 2), "the facts file has a header and no facts", "write one fact a row under it"
    )


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_bytes_that_are_not_utf8_are_located(tmp_path: Path, mark: bytes) -> None:
    before = mark + HEADER.encode() + b"Peru,capital,Lima\nBrazil,capital,Bras"
    problem = only(tmp_path, before + b"\xedlia\n")
    assert problem.where == at(tmp_path, 3)
    assert problem.message == f"not UTF-8: byte {len(before)} of the file is 0xed"
    assert problem.remedy == "save the file as CSV in UTF-8"


def test_utf16_is_told_at_its_first_byte(tmp_path: Path) -> None:
    assert only(tmp_path, HEADER.encode("utf-16")).message.startswith("not UTF-8: byte 0 ")


# --- the form of the CSV


def test_a_missing_column_suggests_the_nearest(tmp_path: Path) -> None:
    found = problems(tmp_path, "# a comment\nSubject,relation,objct\nPeru,capital,Lima\n")
    assert found == (
        Problem(
            at(tmp_path, 2),
            "the column `subject` is missing; the header says `Subject,relation,objct`",
            "did you mean `subject` by `Subject`? rename it, or say so under `facts.columns`",
        ),
        Problem(
            at(tmp_path, 2),
            "the column `object` is missing; the header says `Subject,relation,objct`",
            "did you mean `object` by `objct`? rename it, or say so under `facts.columns`",
        ),
    )


def test_a_missing_column_without_likeness_shows_the_expected_header(tmp_path: Path) -> None:
    problem = only(tmp_path, "subject,relation\nPeru,capital\n")
    assert problem.message.startswith("the column `object` is missing")
    assert "subject,relation,object" in problem.remedy


def test_semicolons_are_recognized(tmp_path: Path) -> None:
    found = problems(tmp_path, "subject;relation;object\nPeru;capital;Lima\n")
    assert {problem.remedy for problem in found} == {"separate the columns with commas"}


def test_columns_without_name_or_with_the_same_are_told(tmp_path: Path) -> None:
    found = problems(tmp_path, "subject,relation,object,,sea,sea,s\0a\nPeru,capital,Lima,1,2,3,4\n")
    assert [problem.message for problem in found] == [
        "2 columns are called `sea`",
        "the column `s\\x00a` holds U+0000",
        "a column has no name",
    ]


def test_ragged_rows_are_counted_with_their_lines(tmp_path: Path) -> None:
    found = problems(tmp_path, HEADER + "Peru,capital\nItaly,capital,Rome\n\nUSA,capital,Washington, DC\n")
    assert [(problem.where, problem.message) for problem in found] == [
        (at(tmp_path, 2), "2 values where the header names 3: `Peru,capital`"),
        (at(tmp_path, 5), "4 values where the header names 3: `USA,capital,Washington, DC`"),
    ]
    assert all("comma" in problem.remedy for problem in found)


def test_an_open_quotation_mark_is_told_where_its_row_starts(tmp_path: Path) -> None:
    problem = only(tmp_path, HEADER + 'Italy,capital,Rome\nPeru,capital,"Lima\nSpain,capital,Madrid\n')
    assert problem.where == at(tmp_path, 3)
    assert "the row that starts here is not CSV" in problem.message
    assert "quotation marks" in problem.remedy


def test_a_stray_quotation_mark_is_told(tmp_path: Path) -> None:
    assert only(tmp_path, HEADER + 'Peru,capital,"Lima" city\n').where == at(tmp_path, 2)


def test_a_broken_header_is_told(tmp_path: Path) -> None:
    assert only(tmp_path, '"subject,relation,object\nPeru,capital,Lima\n').where == at(tmp_path, 1)


def test_an_endless_value_is_told(tmp_path: Path) -> None:
    problem = only(tmp_path, HEADER + f"Peru,capital,{'x' * 200_000}\n")
    assert problem.where == at(tmp_path, 2)
    assert len(str(problem)) < 500


# --- values


def test_empty_values_are_told(tmp_path: Path) -> None:
    found = problems(tmp_path, HEADER + ",capital,Lima\nItaly,capital, \u00a0 \n")
    assert [(problem.where, problem.message) for problem in found] == [
        (at(tmp_path, 2), "`subject` is empty"),
        (at(tmp_path, 3), "`object` is empty"),
    ]
    assert all(problem.remedy == "fill it in, or remove the fact" for problem in found)


@pytest.mark.parametrize(
    ("value", "character"),
    [('"Li\nma"', "U+000A"), ("Li\tma", "U+0009"), ("Li\0ma", "U+0000"), ("Li\u2028ma", "U+2028")],
)
def test_line_breaks_and_control_characters_are_told(tmp_path: Path, value: str, character: str) -> None:
    problem = only(tmp_path, HEADER + f"Italy,capital,Rome\nPeru,capital,{value}\n")
    assert problem.where == at(tmp_path, 3)
    assert problem.message.startswith(f"`object` holds {character} in ")
    assert problem.message.isprintable()


def test_lines_are_counted_past_a_value_of_several_lines(tmp_path: Path) -> None:
    found = problems(tmp_path, HEADER + 'Peru,capital,"Li\n\nma"\nItaly,capitol,Rome\n')
    assert [problem.where for problem in found] == [at(tmp_path, 2), at(tmp_path, 5)]


def test_an_unknown_relation_suggests_the_nearest(tmp_path: Path) -> None:
    found = problems(tmp_path, HEADER + "Peru,Capitol,Lima\nItaly,spoken,Italian\nSpain,,Madrid\n")
    assert [(problem.where, problem.message) for problem in found] == [
        (at(tmp_path, 2), "the relation `Capitol` is not in the spec"),
        (at(tmp_path, 3), "the relation `spoken` is not in the spec"),
        (at(tmp_path, 4), "the relation `` is not in the spec"),
    ]
    known = "facts.relations in the spec words `capital`, `born in`"
    assert [problem.remedy for problem in found] == [f"did you mean `capital`? {known}", known, known]


def test_a_truth_other_than_true_or_false_is_told(tmp_path: Path) -> None:
    rows = "Peru,capital,Lima,maybe\nItaly,capital,Rome,\nSpain,capital,Madrid,TRUE\nChad,capital,Niamey,0\n"
    found = problems(tmp_path, "subject,relation,object,truth\n" + rows)
    assert found == (
        Problem(at(tmp_path, 2), "`truth` is `maybe`", "write true or false, 1 or 0, yes or no"),
        Problem(at(tmp_path, 3), "`truth` is ``", "write true or false, 1 or 0, yes or no"),
    )


# --- what facts say together


def test_a_duplicate_names_both_lines_whatever_its_unicode_form(tmp_path: Path) -> None:
    found = problems(tmp_path, HEADER + "Brazil,capital,Bras\u00edlia\nX,capital,Y\n Brazil,capital,Brasi\u0301lia \n")
    assert found == (
        Problem(
            at(tmp_path, 4),
            f"the fact `Brazil / capital / Bras\u00edlia` stands already at {at(tmp_path, 2)}",
            "remove one of the two",
        ),
    )


def test_a_contradiction_names_both_lines(tmp_path: Path) -> None:
    rows = "Peru,capital,Lima,false\nItaly,capital,Rome,true\nPeru,capital,Lima,true\n"
    assert only(tmp_path, "subject,relation,object,truth\n" + rows) == Problem(
        at(tmp_path, 2),
        f"`Peru / capital / Lima` is false here and true at {at(tmp_path, 4)}",
        "correct one of the two",
    )


def test_a_false_object_that_another_row_states_as_true_is_a_contradiction(tmp_path: Path) -> None:
    text = "subject,relation,object,false_object\nMax,born in,Rome,Bonn\nMax,born in,Bonn,Paris\n"
    assert only(tmp_path, text).message == f"`Max / born in / Bonn` is false here and true at {at(tmp_path, 3)}"


def test_a_false_object_that_is_the_object_is_told(tmp_path: Path) -> None:
    text = "subject,relation,object,false_object\nPeru,capital,Lima, Lima\n"
    assert only(tmp_path, text) == Problem(
        at(tmp_path, 2),
        "`false_object` is the object itself, `Lima`",
        "give an object that makes the fact false",
    )


def test_a_false_fact_has_no_false_object(tmp_path: Path) -> None:
    text = "subject,relation,object,truth,false_object\nPeru,capital,Rome,false,Bonn\n"
    assert only(tmp_path, text).message == "the fact is false already and still gives the false object `Bonn`"


@pytest.mark.parametrize(
    "second",
    ["Peru,capital,Cusco,true,x,", "Italy,capital,Rome,false,x,", "Peru,born in,Cusco,false,x,"],
    ids=["two true facts", "two subjects", "two relations"],
)
def test_a_pair_that_is_none_names_both_rows(tmp_path: Path, second: str) -> None:
    text = f"subject,relation,object,truth,pair,false_object\nPeru,capital,Lima,true,x,\n{second}\n"
    problem = only(tmp_path, text)
    assert problem.where == at(tmp_path, 3)
    assert problem.message.startswith("the pair `x` joins `Peru / capital / Lima` (true, ")
    assert at(tmp_path, 2) in problem.message
    assert "one true and one false row" in problem.remedy


def test_a_row_with_a_false_object_needs_no_partner(tmp_path: Path) -> None:
    text = "subject,relation,object,truth,pair,false_object\nA,capital,B,true,x,C\nA,capital,D,false,x,\n"
    assert "joins" in only(tmp_path, text).message


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    found = problems(tmp_path, HEADER + "Peru,capital\n,capital,Rome\nSpain,capitol,Madrid\nA,capital,B\nA,capital,B\n")
    assert sorted(problem.where for problem in found) == [at(tmp_path, line) for line in (2, 3, 4, 6)]


# --- inline facts


def inline(*items: FactSection, relations: tuple[str, ...] = ("capital",)) -> FactsSection:
    return FactsSection(items=items, relations=dict.fromkeys(relations, CAPITAL))


def test_inline_facts_are_placed_by_their_index() -> None:
    facts = inline(
        FactSection(subject="Peru", relation="capital", object="Lima"),
        FactSection(subject="Italy", relation="capitol", object="Ro\nme"),
        FactSection(subject=" ", relation="capital", object="Rome"),
        FactSection(subject="Peru", relation="capital", object=" Lima"),
        FactSection(subject="Spain", relation="capitol", object="Madrid"),
    )
    with pytest.raises(InputError) as caught:
        read_facts(facts, Path("spec.yml"))
    assert [(problem.where, problem.message) for problem in caught.value.problems] == [
        ("spec.yml: facts.items[1]", "`object` holds U+000A in `Ro\\nme`"),
        ("spec.yml: facts.items[2]", "`subject` is empty"),
        ("spec.yml: facts.items[4]", "the relation `capitol` is not in the spec"),
        (
            "spec.yml: facts.items[3]",
            "the fact `Peru / capital / Lima` stands already at spec.yml: facts.items[0]",
        ),
    ]


def test_facts_of_which_none_can_have_a_twin_are_an_error() -> None:
    facts = inline(FactSection(subject="Peru", relation="capital", object="Lima"))
    with pytest.raises(InputError) as caught:
        load_facts(facts, Path("spec.yml"), len)
    (problem,) = caught.value.problems
    assert problem.where == "spec.yml: facts"
    assert problem.message.startswith("no fact is left to study; the first to go was Peru / capital / Lima: ")
    assert "two subjects or more" in problem.remedy


# --- what passes unchanged


def test_markup_quotes_direction_marks_and_emoji_pass_unchanged(tmp_path: Path) -> None:
    strange = (
        "<script>alert('x')</script> & <b>",
        'Say "hello", she said',
        "\u200fמצרים\u200e (Egypt)",
        "👩‍👩‍👧‍👦 🇵🇪",
        "=HYPERLINK(0); {subject} ${x} %s `a` *b*",
    )
    rows = "".join(f'"{text.replace(chr(34), chr(34) * 2)}",capital,Lima {n}\n' for n, text in enumerate(strange))
    (tmp_path / "facts.csv").write_text("\ufeff" + HEADER + rows, encoding="utf-8")
    found = load_facts(section(), tmp_path / "spec.yml", len)
    assert tuple(fact.subject for fact in found.facts[::2]) == strange


def test_outer_white_space_goes_and_unicode_is_composed(tmp_path: Path) -> None:
    (tmp_path / "facts.csv").write_text(HEADER.replace(",", " , ") + "  Peru ,capital\u2003,Lome\u0301\n", "utf-8")
    (row,) = read_facts(section(), tmp_path / "spec.yml").rows
    assert (row.subject, row.relation, row.object) == ("Peru", "capital", "Lom\u00e9")
