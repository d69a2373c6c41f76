"""Templates: any column in plain braces, a little Jinja, several wordings of one fact, and nothing that runs."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.errors import InputError
from reportgen.facts.fact import FactSet
from reportgen.facts.filling import FillingError, fill
from reportgen.facts.load import load_facts
from reportgen.notices import Notice
from reportgen.spec.facts_section import FactsSection, FalseObjects, RelationSection
from reportgen.spec.section import MisfitError
from reportgen.spec.template import MARKS, Template, role_of
from reportgen.statements import render_statements
from reportgen.study import clustered
from tests import planted
from tests.words import WordTokenizer

PLAIN = "The capital of {subject} is {object}"
WORDS = {
    "subject": "ivory coast",
    "object": "Yamoussoukro",
    "article": "the",
    "subject_genitive": "Ivory Coast's",
    "object_locative": "in Yamoussoukro",
    "empty": "",
}


def parts(template: str, **words: str) -> tuple[str, str, str]:
    """The text, and what it says of its subject and object."""
    filled = fill(template, {**WORDS, **words})
    return filled.text, filled.text[slice(*filled.subject)], filled.text[slice(*filled.object)]


def faults(template: str) -> str:
    with pytest.raises(MisfitError) as caught:
        Template.of(template)
    return str(caught.value)


# --- filling


@pytest.mark.parametrize(
    ("template", "text", "subject", "object_"),
    [
        (
            "Of {article} {subject} {object} is {article} capital",
            "Of the ivory coast Yamoussoukro is the capital",
            "ivory coast",
            "Yamoussoukro",
        ),
        ("{object}{empty}: {subject}", "Yamoussoukro: ivory coast", "ivory coast", "Yamoussoukro"),
        (
            "{subject_genitive} ministers sit {object_locative}",
            "Ivory Coast's ministers sit in Yamoussoukro",
            "Ivory Coast's",
            "in Yamoussoukro",
        ),
        ("{{ subject }} – {{ object }}", "ivory coast – Yamoussoukro", "ivory coast", "Yamoussoukro"),
        ("{{ subject | title }}: {{ object | upper }}", "Ivory Coast: YAMOUSSOUKRO", "Ivory Coast", "YAMOUSSOUKRO"),
        (
            "{{ (subject | upper) | capitalize }}: {{ object | lower | trim }}",
            "Ivory coast: yamoussoukro",
            "Ivory coast",
            "yamoussoukro",
        ),
        (
            "{% if article %}{{ article | capitalize }} {% endif %}{{ subject }}: {{ object }}",
            "The ivory coast: Yamoussoukro",
            "ivory coast",
            "Yamoussoukro",
        ),
        (
            "{% if empty %}{{ object }} of {{ subject }}{% else %}{{ subject_genitive }} {{ object }}{% endif %}",
            "Ivory Coast's Yamoussoukro",
            "Ivory Coast's",
            "Yamoussoukro",
        ),
        (
            "{{ subject if article == 'a' else subject_genitive }} {{ object }}",
            "Ivory Coast's Yamoussoukro",
            "Ivory Coast's",
            "Yamoussoukro",
        ),
    ],
)
def test_a_template_is_filled_and_its_spans_are_what_it_wrote(
    template: str, text: str, subject: str, object_: str
) -> None:
    Template.of(template)
    assert parts(template) == (text, subject, object_)


NAMES = st.text(min_size=1, max_size=12).filter(lambda text: not set(text) & set(MARKS))


@given(NAMES, NAMES, NAMES)
def test_whatever_the_words_are_plain_and_jinja_write_the_same(subject: str, object_: str, more: str) -> None:
    words = {"subject": subject, "object": object_, "more": more}
    for plain, jinja in (
        ("{more} {subject}{object}.", "{{ more }} {{ subject }}{{ object }}."),
        ("{object}{more}{subject}", "{{ object }}{{ more }}{{ subject }}"),
    ):
        filled = fill(plain, words)
        assert filled == fill(jinja, words)
        assert filled.text[slice(*filled.subject)] == subject
        assert filled.text[slice(*filled.object)] == object_


def test_words_that_look_like_templates_stay_words() -> None:
    assert parts("{subject} {object}", subject="{object}")[1:] == ("{object}", "Yamoussoukro")
    assert parts("{{ subject }} {{ object }}", subject="{{ object }}{% if %}")[1] == "{{ object }}{% if %}"


def test_marks_in_a_name_do_not_move_a_span_in_jinja() -> None:
    assert parts("{{ subject }} {{ object }}", subject=f"a{MARKS}b")[1:] == ("ab", "Yamoussoukro")


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{subject} {object} {missing}", r"names \{missing\}, and it has no such column"),
        ("{{ subject }} {{ object }} {{ missing }}", "'missing' is undefined"),
        ("{% if article == 'a' %}{{ subject }}{% endif %} {{ object }}", "writes the subject 0 times"),
        ("{{ subject }} {{ object }} {{ object }}", "writes the object 2 times"),
        ("{{ subject }} {{ subject_genitive }} {{ object }}", "writes the subject 2 times"),
    ],
)
def test_what_cannot_be_filled_says_why(template: str, why: str) -> None:
    with pytest.raises(FillingError, match=why):
        parts(template)


def test_a_form_counts_as_its_name() -> None:
    assert [role_of(name) for name in ("subject", "object_x", "subjective", "objects", "article")] == [
        "subject",
        "object",
        None,
        None,
        None,
    ]


# --- what a template may not be


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{subject}", "{object} exactly once; this one names it 0 times"),
        ("{subject} {object} {subject}", "{subject} exactly once; this one names it 2 times"),
        ("{subject} {subject_genitive} {object}", "{subject} exactly once; this one names it 2 times"),
        ("{subject} {objct}", "this one names it 0 times. Is `{objct}` meant for it?"),
        ("{{ subject }}", "{{ object }} exactly once; this one names it 0 times"),
        ("{subject} {object", "a brace without its partner"),
        ("{subject} {object} {}", "not `{}`"),
        ("{subject} {object!r}", "not `{object!r}`"),
        ("{subject} {object:>9999999999}", "not `{object:>9999999999}`"),
        ("{subject.__class__} {object}", "one word, as a column is named, not `{subject.__class__}`"),
        ("{subject[0]} {object}", "not `{subject[0]}`"),
        ("{{ subject }} {object}", "{{ object }} exactly once"),
        ("{{ subject }} {{ object", "no Jinja that can be read"),
        ("{% if subject %} {{ object }}", "no Jinja that can be read"),
    ],
)
def test_a_template_that_is_none_is_refused(template: str, fault: str) -> None:
    assert fault in faults(template)


@pytest.mark.parametrize(
    ("jinja", "fault"),
    [
        ("{{ subject.__class__ }}", "Getattr"),
        ("{{ subject['__class__'] }}", "Getitem"),
        ("{{ subject | attr('__class__') }}", "the filter `attr`"),
        ("{{ subject.format(object) }}", "Call"),
        ("{{ lipsum() }}", "Call"),
        ("{{ self.__init__ }}", "Getattr"),
        ("{{ self }}", "may not be called `self`"),
        ("{% for x in subject %}{% endfor %}", "For"),
        ("{% set x = subject %}", "Assign"),
        ("{% macro m() %}{% endmacro %}", "Macro"),
        ("{% block b %}{% endblock %}", "Block"),
        ("{% include '/etc/passwd' %}", "Include"),
        ("{% import 'x' as x %}", "Import"),
        ("{% extends 'x' %}", "Extends"),
        ("{{ 9 ** 9 ** 9 ** 9 }}", "Pow"),
        ("{{ 'a' * 999999999 }}", "Mul"),
        ("{{ [subject] }}", "List"),
        ("{{ subject ~ object }}", "Concat"),
        ("{{ '%99999999d' | format(1) }}", "the filter `format`"),
        ("{{ subject | center(99999999) }}", "the filter `center`"),
        ("{{ subject | trim('F') }}", "`trim` takes nothing in parentheses"),
        ("{% if subject is callable %}{% endif %}", "the test `callable`"),
        (f"{{{{ {'9' * 5000} }}}}", "no Jinja that can be read"),
        ("{% if 1e999 %}{% endif %}", "finite"),
        (f"{{{{ '{MARKS[2]}' }}}}", "U+E000"),
        (r"{{ '\ue000' }}", "U+E000"),
    ],
)
def test_nothing_can_be_reached_or_run_from_a_template(jinja: str, fault: str) -> None:
    assert fault in faults(f"{{{{ subject }}}} {{{{ object }}}} {jinja}")


@pytest.mark.parametrize(
    "deep",
    [
        "{% if subject %}" * 10_000 + "{{ object }}" + "{% endif %}" * 10_000,
        "{% if subject %}" * 60 + "{{ object }}" + "{% endif %}" * 60,
        "{{ " + "(" * 10_000 + "object" + ")" * 10_000 + " }}",
        "{{ object" + " and object" * 10_000 + " }}",
        "{{ object" + " | trim" * 10_000 + " }}",
        "{{ object if " + "not " * 10_000 + "subject }}",
        "{{ " + "object if subject else " * 10_000 + "object }}",
    ],
    ids=["ifs", "sixty ifs", "parentheses", "ands", "filters", "nots", "choices"],
)
def test_what_nests_without_end_is_refused(deep: str) -> None:
    assert "nested too deeply" in faults("{{ subject }} " + deep)


def test_a_long_template_is_filled() -> None:
    long = "{% if empty %}x{% endif %}" * 500 + "{{ subject }} {{ object }}"
    Template.of(long)
    assert parts(long)[0] == "ivory coast Yamoussoukro"


# --- facts in their wordings


def load(
    folder: Path,
    text: str,
    *templates: str,
    method: FalseObjects = "derangement",
    only: dict[str, object] | None = None,
    limit: int | None = None,
) -> FactSet:
    (folder / "f.csv").write_text(text, encoding="utf-8")
    wording = {"templates": templates} if len(templates) > 1 else {"template": templates[0]}
    section = FactsSection(
        file="f.csv",
        relations={"capital": RelationSection(**wording), "king": RelationSection(template="{object} rules {subject}")},
        false_objects=method,
        only=only or {},
    )
    return load_facts(section, folder / "s.yml", len, limit)


def notice(found: FactSet, words: str) -> Notice:
    return next(notice for notice in found.notices if words in notice.message)


FORMS = """\
subject,relation,object,object_in,size
France,capital,Paris,in Paris,big
Italy,capital,Rome,in Roma,small
Peru,capital,Lima,at Lima,small
"""


@pytest.mark.parametrize(("method", "twins"), [("derangement", 3), ("matched_derangement", 2)])
def test_a_form_of_the_object_goes_with_it_to_the_false_twin(tmp_path: Path, method: FalseObjects, twins: int) -> None:
    found = load(tmp_path, FORMS, "{subject} ({size}) is ruled {object_in}", method=method)
    forms = {"Paris": "in Paris", "Rome": "in Roma", "Lima": "at Lima"}
    sizes = {"France": "big", "Italy": "small", "Peru": "small"}
    assert len(found.facts) == 2 * twins
    for fact in found.facts:
        assert fact.worded().text == f"{fact.subject} ({sizes[fact.subject]}) is ruled {forms[fact.object]}"
        words = fact.worded()
        assert words.text[slice(*words.object)] == forms[fact.object]


def test_a_given_false_object_has_its_form_where_some_fact_states_it(tmp_path: Path) -> None:
    text = "subject,relation,object,object_in,false_object\nFrance,capital,Paris,in Paris,Rome\n"
    text += "Italy,capital,Rome,in Roma,Oslo\n"
    found = load(tmp_path, text, "{subject} is ruled {object_in}", method="given")
    assert [fact.worded().text for fact in found.facts] == ["France is ruled in Paris", "France is ruled in Roma"]
    assert notice(found, "1 pairs are left out").items == (
        "Italy / capital / Rome: its template names {object_in}, and it has no such column",
    )


def test_about_another_object_takes_its_forms(tmp_path: Path) -> None:
    france, _, italy, *_ = load(tmp_path, FORMS, "{subject} is ruled {object_in}").facts
    assert france.about(italy).worded().text == "France is ruled in Roma"
    assert france.about(italy).columns["size"] == "big"


def test_a_slot_that_no_column_fills_is_told_once_with_a_near_name(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, FORMS, "{siz} {subject} {object}", "{object} {subject} {zzz}")
    assert [(problem.where, problem.message, problem.remedy) for problem in caught.value.problems] == [
        (
            f"{tmp_path / 's.yml'}: facts.relations.capital",
            f"its template names `{{siz}}`, and the fact at {tmp_path / 'f.csv'}:2 has no such column",
            "did you mean `{size}`?",
        ),
        (
            f"{tmp_path / 's.yml'}: facts.relations.capital",
            f"its template names `{{zzz}}`, and the fact at {tmp_path / 'f.csv'}:2 has no such column",
            "there are `object`, `object_in`, `size`, `subject`",
        ),
    ]


BOTH = ("{subject}: {object}", "{object} is the capital of {subject}")


def test_each_fact_is_read_in_all_templates(tmp_path: Path) -> None:
    found = load(tmp_path, FORMS + "Oz,king,Ozma,,\nKhem,king,Ramses,,\n", *BOTH)
    names = [(fact.pair, fact.truth, fact.columns["fact"], fact.columns["template"]) for fact in found.facts[:4]]
    assert names == [
        ("p001-1", True, "p001", "1"),
        ("p001-1", False, "p001", "1"),
        ("p001-2", True, "p001", "2"),
        ("p001-2", False, "p001", "2"),
    ]
    assert [fact.pair for fact in found.facts[::2]] == [f"p00{i}-{j}" for i in (1, 2, 3) for j in (1, 2)] + [
        "p004-1",
        "p005-1",
    ]
    assert len({(fact.subject, fact.object) for fact in found.facts if fact.columns["fact"] == "p001"}) == 2
    assert found.templates == {"capital": BOTH, "king": ("{object} rules {subject}",)}
    assert found.facts[3].worded().text == f"{found.facts[1].object} is the capital of France"


def test_a_limit_and_the_doubts_count_facts_and_not_wordings(tmp_path: Path) -> None:
    found = load(tmp_path, FORMS, *BOTH, limit=2)
    assert [fact.subject for fact in found.facts] == ["France"] * 4 + ["Italy"] * 4
    assert notice(found, "The study rests on 2 pairs; under 8")
    assert not [notice for notice in found.notices if "more than once" in notice.message]


def test_one_template_leaves_names_and_columns_as_they_were(tmp_path: Path) -> None:
    found = load(tmp_path, FORMS, BOTH[0])
    assert [fact.pair for fact in found.facts[::2]] == ["p001", "p002", "p003"]
    assert set(found.facts[0].columns) == {"object_in", "size"}


def test_a_pair_that_one_wording_cannot_tell_is_read_in_the_others(tmp_path: Path) -> None:
    only_big = "{% if size == 'big' %}{{ subject }}{% endif %}: {{ object }}"
    found = load(tmp_path, FORMS, BOTH[0], only_big)
    assert [fact.pair for fact in found.facts[::2]] == ["p001-1", "p001-2", "p002-1", "p003-1"]
    assert notice(found, "2 pairs are left out").items == (
        "Italy / capital / Rome: its template writes the subject 0 times; once is right",
        "Peru / capital / Lima: its template writes the subject 0 times; once is right",
    )


@pytest.mark.parametrize("column", ["fact", "template"])
def test_columns_that_several_wordings_make_are_not_the_authors(tmp_path: Path, column: str) -> None:
    text = f"subject,relation,object,{column}\nFrance,capital,Paris,x\nItaly,capital,Rome,y\n"
    with pytest.raises(InputError, match=f"the column `{column}` is made by reportgen"):
        load(tmp_path, text, *BOTH)
    assert load(tmp_path, text, BOTH[0]).facts[0].columns == {column: "x"}


def test_statements_of_one_fact_belong_together_unless_the_spec_says_otherwise() -> None:
    file = planted.study(planted.statements(10), planted.values(planted.statements(10), {})).plan.file
    assert clustered(file, "fact").spec.tests.cluster == "fact"
    assert clustered(file, None) is file
    tests = file.spec.tests.model_copy(update={"cluster": "size"})
    named = file.model_copy(update={"spec": file.spec.model_copy(update={"tests": tests})})
    assert clustered(named, "fact") is named


# --- the facts that a study is about


def test_what_is_not_chosen_is_still_known_to_be_true(tmp_path: Path) -> None:
    small = {"size": "small"}
    assert len(load(tmp_path, FORMS, BOTH[0], only=small).facts) == 4
    text = FORMS + "Italy,capital,Lima,in Lima,other\n"
    with pytest.raises(InputError, match="every object of its relation is true of its subject"):
        load(tmp_path, text, BOTH[0], only=small)


@pytest.mark.parametrize(
    ("only", "subjects"),
    [
        ({"size": "small"}, ["Italy", "Peru"]),
        ({"size": ("small", "big")}, ["France", "Italy", "Peru"]),
        ({"subject": ("Peru", "France"), "truth": True}, ["France", "Peru"]),
        ({"year": (7, 8)}, ["France", "Peru"]),
        ({"old": False}, ["Italy", "Peru"]),
    ],
)
def test_only_takes_values_as_yaml_writes_them(tmp_path: Path, only: dict[str, object], subjects: list[str]) -> None:
    text = (
        "subject,relation,object,size,year,old\nFrance,capital,Paris,big,7,true\nItaly,capital,Rome,small,9,false\n"
        "Peru,capital,Lima,small,8,false\n"
    )
    found = load(tmp_path, text, BOTH[0], only=only)
    assert [fact.subject for fact in found.facts if fact.truth] == subjects


@pytest.mark.parametrize(
    ("only", "words"),
    [
        ({"siz": "big"}, r"no fact has the column `siz`\n    did you mean `size`\?"),
        ({"size": "tiny"}, "no fact has these values"),
    ],
)
def test_a_choice_that_holds_nothing_is_an_error(tmp_path: Path, only: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        load(tmp_path, FORMS, BOTH[0], only=only)


# --- statements


def test_loose_spaces_that_an_empty_column_leaves_are_told(tmp_path: Path) -> None:
    text = "subject,relation,object,article\nNetherlands,capital,Amsterdam,the\nFrance,capital,Paris,\n"
    found = load(tmp_path, text, "Of {article} {subject} it is {object}", "{article} {subject} has {object}")
    (told,) = [
        notice
        for notice in render_statements(found, WordTokenizer(), planted.SPEC.measure).notices
        if "two in a row" in notice.message
    ]
    assert told.message.startswith("4 statements begin or end with a space")
    assert told.items[0] == "Of  France it is Paris: nothing stands in its `article`"
    assert told.items[2] == " France has Paris: nothing stands in its `article`"


def test_a_condition_leaves_no_loose_space(tmp_path: Path) -> None:
    text = "subject,relation,object,article\nNetherlands,capital,Amsterdam,the\nFrance,capital,Paris,\n"
    template = "Of {% if article %}{{ article }} {% endif %}{{ subject }} it is {{ object }}"
    rendered = render_statements(load(tmp_path, text, template), WordTokenizer(), planted.SPEC.measure)
    assert [statement.text for statement in rendered.statements if statement.fact.truth] == [
        "Of the Netherlands it is Amsterdam",
        "Of France it is Paris",
    ]
    assert not [notice for notice in rendered.notices if "two in a row" in notice.message]
