"""Facts before a study: named, described, balanced, written and read again."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from reportgen.errors import InputError, StudyError
from reportgen.facts.fact import Fact, FactSet
from reportgen.facts.read import read_facts
from reportgen.facts.rows import Row
from reportgen.preparing.balanced import Wanted, balance, with_known
from reportgen.preparing.described import Table, describe
from reportgen.preparing.drawn import Picture
from reportgen.preparing.named import asked_rows, matched, name_facts, require_suffix
from reportgen.preparing.written import ENDINGS, spec_lines, write_facts
from reportgen.spec.load import load_spec


def row(subject: str, thing: str, relation: str = "r", *, truth: bool = True, pair: str = "", false: str = "") -> Row:
    return Row(subject, subject, relation, thing, truth, false, pair, {"region": "north"}, ("{subject} is {object}",))


def fact(subject: str, thing: str, pair: str, *, truth: bool = True, template: str = "1") -> Fact:
    return Fact(subject, "r", thing, truth, pair, {"fact": pair, "template": template}, "{subject} is {object}")


FACTS = FactSet(
    (
        fact("a", "x", "p1"),
        fact("a", "y y", "p1", truth=False),
        fact("a", "x", "p1-2", template="2"),
        fact("a", "y y", "p1-2", truth=False, template="2"),
        fact("b", "y y", "p2"),
        fact("b", "x", "p2", truth=False),
        fact("b", "z", "p3"),
        fact("b", "x", "p3", truth=False),
    ),
    (),
    "here",
)


class Words:
    """A tokenizer whose tokens are words."""

    def count(self, text: str) -> int:
        return len(text.split())

    def encode_all(self, texts):
        from reportgen.models.tokenizer import Tokens

        return [Tokens(tuple(range(len(text.split()))), (), tuple(text.split())) for text in texts]


def tables(tokenizer=None):
    return {table.title: table for table in describe(FACTS, tokenizer)}


def test_a_fact_in_several_wordings_is_counted_once():
    (counts,) = tables()["Facts"].rows
    assert counts == ("r", "3", "3", "3", "2", "3", "1")


def test_objects_are_counted_true_and_false():
    assert tables()["Objects"].rows == (("r", "x", "1", "2"), ("r", "y y", "1", "1"), ("r", "z", "1", "0"))
    assert "2 of 3 objects in true and false facts unequally often" in tables()["Objects"].remark


def test_lengths_are_of_subjects_and_of_true_and_false_objects():
    lengths = {line[1]: line[2:] for line in tables()["Lengths in characters"].rows}
    assert lengths == {
        "subjects": ("1", "1", "1"),
        "objects of true facts": ("1", "1", "3"),
        "objects of false facts": ("1", "1", "3"),
    }


def test_pairs_whose_objects_differ_in_tokens_are_counted():
    table = tables(Words())["Tokens that the false object has more than the true one"]
    assert table.rows == (("-1", "1"), ("none", "1"), ("+1", "1"))
    assert table.remark.startswith("2 of 3 pairs (67")


def test_what_facts_say_is_neither_markup_nor_obeyed_by_a_terminal(capsys):
    picture = Picture(Console(width=80, force_terminal=False))
    picture.lines(["[red]plain[/red] \x1b[31m and a bell \x07"])
    picture.described(Table("T", ("[b]",), (("[i]x\x1b[0m",),)))
    drawn = capsys.readouterr().out
    assert "[red]plain[/red]" in drawn
    assert "[i]x" in drawn
    assert "[b]" in drawn
    assert not {"\x1b", "\x07"} & set(drawn)


def test_bars_are_of_one_scale(capsys):
    table = Table("T", ("what", "true", "false"), (("a", "10", "5"), ("b", "0", "10")), bars=("true", "false"))
    Picture(Console(width=80)).described(table)
    first, second = (line for line in capsys.readouterr().out.splitlines() if line.startswith("│"))
    assert (first.count("█"), second.count("█")) == (12 + 6, 12)


def test_subjects_of_which_several_objects_are_true_are_named():
    assert tables()["Subjects of which several objects are true"].rows == (("r", "b", "y y, z"),)


def test_statements_are_shown_in_their_pieces():
    assert ("a·is·x", "3") in tables(Words())["How statements are cut"].rows


ROWS = tuple(row(f"s{n}", "x" if n < 6 else "y y" if n < 9 else "z") for n in range(10)) + tuple(
    row(f"t{n}", "v", "q") for n in range(4)
)


def test_equally_many_facts_of_each_relation():
    found = balance(ROWS, Wanted(per_relation=0))
    assert Counter(one.relation for one in found.rows) == {"r": 4, "q": 4}
    assert list(found.rows) == [one for one in ROWS if one in found.rows]
    (notice,) = found.notices
    assert len(notice.items) == 6
    assert "4 facts of each relation" in notice.message


def test_a_relation_with_fewer_facts_than_asked_is_left_out():
    assert {one.relation for one in balance(ROWS, Wanted(per_relation=5)).rows} == {"r"}


def test_equally_many_facts_of_each_object():
    found = balance(ROWS, Wanted(per_object=3))
    assert Counter((one.relation, one.object) for one in found.rows) == {("r", "x"): 3, ("r", "y y"): 3, ("q", "v"): 3}


def test_another_seed_draws_other_facts_and_one_seed_the_same():
    found = [balance(ROWS, Wanted(per_relation=2, seed=seed)).rows for seed in (0, 0, 1, 2, 3)]
    drawn = [tuple(one.subject for one in rows) for rows in found]
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) > 1


def test_objects_of_one_number_of_tokens():
    found = balance(ROWS, Wanted(tokens=Words().count))
    assert {one.object for one in found.rows} == {"x", "z", "v"}
    assert [item for notice in found.notices for item in notice.items] == [str(one) for one in ROWS[6:9]]


def test_false_objects_count_as_well_and_pairs_stay_together():
    pair = (row("a", "x", pair="p"), row("a", "y y", truth=False, pair="p"))
    assert balance(
        (*pair, row("b", "x", false="y y"), row("c", "x", false="z")), Wanted(tokens=Words().count)
    ).rows == (row("c", "x", false="z"),)
    kept = balance((*pair, row("b", "z", pair="q")), Wanted(per_relation=1, seed=3)).rows
    assert kept in (pair, (row("b", "z", pair="q"),))


def test_what_is_known_besides_of_a_kept_subject_is_kept_too():
    asked, other, unasked = row("a", "x"), row("b", "x"), row("a", "w")
    assert with_known([asked], [asked, other], [asked, unasked, other, row("c", "w")]) == (asked, unasked)


@pytest.mark.parametrize("ending", ENDINGS)
def test_facts_are_read_again_as_they_were_written(tmp_path, ending):
    rows = (row("Côte d’Ivoire, the", 'x "y"', false="z"), row("b", "x", truth=False), row("c", "1.50", pair="p"))
    path = tmp_path / f"facts{ending}"
    write_facts(rows, "Source: us\nLicence: ours", path)
    named = name_facts(str(path))
    read = read_facts(named.section, named.path).rows

    def plain(one: Row):
        return one.subject, one.relation, one.object, one.truth, one.false_object, one.pair, dict(one.columns)

    assert list(map(plain, read)) == list(map(plain, rows))
    if ending == ".csv":
        assert path.read_text(encoding="utf-8").startswith("# Source: us\n# Licence: ours\nsubject,relation,object,")
    if ending == ".parquet":
        assert pq.read_schema(path).metadata[b"comment"] == b"Source: us\nLicence: ours"


def test_nothing_is_replaced_unless_it_is_meant(tmp_path):
    path = tmp_path / "facts.csv"
    path.write_text("mine")
    with pytest.raises(StudyError, match="--force"):
        write_facts(ROWS, "", path)
    assert path.read_text() == "mine"
    write_facts(ROWS, "", path, force=True)
    assert path.read_text().startswith("subject,")


def test_other_endings_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"not written as `.xml`"):
        require_suffix(tmp_path / "facts.xml", ENDINGS)
    assert require_suffix(Path("a.CSV"), ENDINGS) == ".csv"


def test_the_lines_of_a_spec_are_yaml_that_reads_the_file(tmp_path):
    path = tmp_path / "facts.csv"
    write_facts(ROWS, "", path)
    lines = ["study: {id: s, title: S}", "model: {hub: m}", *spec_lines(ROWS, path, {"region": ("north", "south")})]
    (tmp_path / "study.yml").write_text("\n".join(lines))
    section = load_spec(tmp_path / "study.yml").spec.facts
    read = read_facts(section, tmp_path / "study.yml").rows
    assert [one.templates for one in read] == [one.templates for one in ROWS]
    assert section.only == {"region": ("north", "south")}


def test_a_relation_that_is_worded_in_several_ways_has_a_remark_in_place_of_them(tmp_path):
    other = replace(row("c", "x"), templates=("{subject} was {object}",))
    *_, line = spec_lines((row("a", "x"), other), tmp_path / "facts.csv", {})
    assert "2 different wordings" in line


def test_a_file_by_itself_needs_no_wordings(tmp_path):
    (tmp_path / "facts.csv").write_text("country,relation,capital\nPeru,capital,Lima\nChad,capital,N'Djamena\n")
    named = name_facts(str(tmp_path / "facts.csv"), "auto", {"subject": "country", "object": "capital"})
    read = read_facts(named.section, named.path).rows
    assert [(one.subject, one.object) for one in read] == [("Peru", "Lima"), ("Chad", "N'Djamena")]
    assert named.unworded(read)[0].templates == ()
    assert matched(named).section.false_objects == "matched_derangement"


def test_a_file_with_false_facts_keeps_them(tmp_path):
    (tmp_path / "facts.csv").write_text("subject,relation,object,false_object\nPeru,capital,Lima,Rome\n")
    named = name_facts(str(tmp_path / "facts.csv"))
    assert matched(named).section.false_objects == "given"


def test_what_is_neither_file_nor_pack_is_an_error():
    with pytest.raises(InputError, match="no such file"):
        name_facts("nowhere.csv")
    with pytest.raises(InputError, match="did you mean `currencies`"):
        name_facts("currencis")


def test_a_pack_is_named_by_itself():
    named = name_facts("languages")
    asked = asked_rows(named, read_facts(named.section, named.path).rows)
    assert {one.columns["status"] for one in asked} == {"official"}


def test_a_table_without_relations_is_about_one_that_is_called_by_its_objects(tmp_path: Path) -> None:
    table = tmp_path / "rivers.csv"
    table.write_text("River,Country\nThames,England\nSeine,France\n")
    named = name_facts(str(table), columns={"subject": "River", "object": "Country"})
    assert [(row.subject, row.relation, row.object) for row in read_facts(named.section, named.path).rows] == [
        ("Thames", "Country", "England"),
        ("Seine", "Country", "France"),
    ]
    with pytest.raises(InputError, match="--column"):
        name_facts(str(table))
