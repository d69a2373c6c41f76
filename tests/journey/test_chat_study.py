"""Statements inside the real model's chat template, through the command line: checked, built, read, and rendered elsewhere."""

import html
import json
import re
from pathlib import Path

import pytest

from tests.landmarks import SPEC
from tests.place import Place

CHAT = SPEC.replace("model: {", "model: {chat: {user: Where is it?}, ")
SAID = (
    "Each statement is read as the beginning of the assistant's answer in the model's chat template, after the user's message "
    "“Where is it?”: 34 tokens stand before its own."
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, smollm_weights: Path) -> Place:
    place = Place.begin(tmp_path_factory.mktemp("chat"), smollm_weights)
    (place.folder / "specs" / "landmarks.yml").write_text(CHAT)
    built = place.run("build")
    assert built.returncode == 0, built.stderr
    assert "capturing 16 statements" in built.stderr
    return place


def read(page: Path) -> str:
    """The page as it is read: without marks and line ends, quotes straight."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", page.read_text())).replace("’", "'").split())


def test_checking_says_it_and_plain_text_says_nothing(place: Place) -> None:
    checked = place.run("check")
    assert checked.returncode == 0, checked.stderr
    assert f"note: {SAID}" in checked.stdout + checked.stderr
    (place.folder / "plain.yml").write_text(SPEC)
    plain = place.run("check", "plain.yml")
    assert plain.returncode == 0, plain.stderr
    assert "chat template" not in plain.stdout + plain.stderr


def test_the_page_says_it_in_methods_warnings_and_provenance(place: Place) -> None:
    page = read(place.page("landmarks"))
    assert page.count(SAID) == 3
    assert re.search(r"is 4[4-6] tokens with the chat template's before it\.", page)
    assert "<|im_start|>user Where is it?<|im_end|> <|im_start|>assistant" in page


def test_the_data_of_the_page_hold_readable_tokens_with_the_opening_first(place: Place) -> None:
    study = json.loads((place.page("landmarks").parent / "study.json").read_text())
    for statement in study["statements"]:
        tokens = statement["tokens"]
        assert tokens[:3] == ["<|im_start|>", "system", "↵"]
        assert "".join(tokens).endswith(f"<|im_start|>assistant↵{statement['text']}")
        assert statement["query"] == len(tokens) - 1
        assert "".join(tokens[key] for key in statement["keys"]).strip() == statement["subject"]


def test_results_carry_the_template(place: Place, tmp_path: Path) -> None:
    captured = place.run("capture")
    assert captured.returncode == 0, captured.stderr
    assert (place.folder / "results" / "landmarks" / "tokenizer" / "chat_template.jinja").is_file()
    rendered = place.run("render", "results/landmarks", "--site", str(tmp_path / "site"), REPORTGEN_CACHE=str(tmp_path))
    assert rendered.returncode == 0, rendered.stderr
    assert read(tmp_path / "site" / "_site" / "studies" / "landmarks" / "index.html").count(SAID) == 3


def test_another_first_token_is_refused_at_its_line(place: Place) -> None:
    wrong = CHAT.replace("{chat: {", "{prepend_bos: never, chat: {")
    (place.folder / "wrong.yml").write_text(wrong)
    refused = place.run("check", "wrong.yml")
    assert refused.returncode == 2
    line = wrong.splitlines().index(next(line for line in wrong.splitlines() if line.startswith("model:"))) + 1
    assert f"wrong.yml:{line}:" in refused.stderr
    assert "the template says which token comes first" in refused.stderr
