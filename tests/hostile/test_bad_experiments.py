"""Experiments that cannot be: an architecture that one of them refuses, facts that are too few, a wrong spec. The others come
out all the same."""

import re
from pathlib import Path

import pytest

from reportgen.models.tokenizer import Tokenizer
from tests import small
from tests.place import QUICK, Place

CAPITALS = (
    *("France Paris", "Italy Rome", "Japan Tokyo", "Spain Madrid", "Egypt Cairo", "Cuba Havana", "Peru Lima"),
    *("Kenya Nairobi", "Norway Oslo", "Greece Athens", "Russia Moscow", "Austria Vienna", "Ireland Dublin"),
)


def spec(experiments: str, model: str = "model") -> str:
    items = "".join(f"    - {{subject: {s}, relation: r, object: {o}}}\n" for s, o in map(str.split, CAPITALS))
    return (
        f"study: {{id: s, title: T}}\nmodel: {{folder: ../{model}}}\nfacts:\n  relations:\n"
        f'    r: {{template: "The capital of {{subject}} is {{object}}"}}\n  items:\n{items}'
        f"experiments: {{{experiments}}}\n{QUICK}"
    )


@pytest.fixture
def place(tmp_path: Path, smollm_weights: Path, small_model: Path) -> Place:
    place = Place.begin(tmp_path, smollm_weights)
    (tmp_path / "model").symlink_to(small_model)
    return place


def build(place: Place, text: str) -> str:
    """The page of experiments."""
    (place.folder / "specs" / "s.yml").write_text(text)
    built = place.run("build")
    assert built.returncode == 0, built.stderr
    assert "Traceback" not in built.stderr
    return " ".join(place.page("s").with_name("experiments.html").read_text().split())


def save_gpt_neo(folder: Path, tokenizer: Tokenizer) -> Path:
    """A model whose attention goes around transformers' interface, so that nothing can be changed in it."""
    import torch
    from transformers import AutoModelForCausalLM, GPTNeoConfig

    torch.manual_seed(0)
    config = GPTNeoConfig(
        num_layers=2,
        num_heads=2,
        hidden_size=16,
        intermediate_size=16,
        attention_types=[[["global"], 2]],
        vocab_size=49152,
        max_position_embeddings=64,
    )
    model = AutoModelForCausalLM.from_config(config)
    small.sharpen(model)
    return small.save(model, folder, tokenizer)


def test_what_an_architecture_refuses_is_named_and_the_others_come_out(
    place: Place, smollm_tokenizer: Tokenizer
) -> None:
    save_gpt_neo(place.folder / "neo", smollm_tokenizer)
    page = build(place, spec("attribution: {facts: 8, window: 1}, object_attention: {}, entropy: {}", "neo"))
    assert page.count("Not done") == 1
    assert "contributions cannot be measured in this architecture" in page
    assert "fig-object-attention" in page
    assert "experiment-entropy" in page
    notices = place.page("s").read_text()
    assert re.search("The experiment “[^”]+” was not done: contributions cannot be measured", notices)


def test_too_many_heads_and_too_few_relations_are_named(place: Place) -> None:
    page = build(place, spec("relations: {}, knockout: {sizes: [1, 1000]}, entropy: {}"))
    assert page.count("Not done") == 2
    assert "1,000 heads are to be knocked out, and the model has 6 (Ask for sizes of 6 at most.)" in page
    assert "relations are compared where two of them or more have 8 pairs each" in page
    assert "experiment-entropy" in page


def test_checkpoints_that_are_not_there_are_named(place: Place) -> None:
    page = build(place, spec('checkpoints: {folder: "../steps/{step}", steps: [1, 2]}, entropy: {}'))
    assert page.count("Not done") == 1
    assert 'there is no <span class="code">../steps/1</span>, nor 1 more' in page
    assert "experiment-entropy" in page


@pytest.mark.parametrize(
    ("experiments", "message"),
    [
        ("entropie: {}", r"s\.yml:\d+:\d+: .*`entropie`.*\n.*did you mean `entropy`"),
        ("entropy: {by: x}", r"s\.yml:\d+:\d+: .*`by`"),
        ("knockout: {sizes: [2, 1]}", r"s\.yml:\d+:\d+: .*sizes rise"),
        ("knockout: {controls: 10}", r"s\.yml:\d+:\d+: .*at least 50"),
        ('multi_hop: {template: "{object} is in {subject}"}', r"s\.yml:\d+:\d+: "),
        ("few_shot: {shots: [0, 0]}", r"s\.yml:\d+:\d+: 0 stands in this list twice"),
        ("adversarial: {templates: [nothing]}", r"s\.yml:\d+:\d+: a misleading template names {other}"),
        ("gradient: {steps: 1}", r"s\.yml:\d+:\d+: .*at least 2"),
    ],
)
def test_wrong_settings_are_named_with_their_place(place: Place, experiments: str, message: str) -> None:
    (place.folder / "specs" / "s.yml").write_text(spec(experiments))
    checked = place.run("check")
    assert checked.returncode == 2
    assert re.search(message, checked.stderr), checked.stderr
    assert "Traceback" not in checked.stderr


def test_examples_that_do_not_fit_the_context_are_named(place: Place, smollm_tokenizer: Tokenizer) -> None:
    save_gpt_neo(place.folder / "neo", smollm_tokenizer)
    page = build(place, spec("few_shot: {shots: [0, 1, 40]}, entropy: {}", "neo"))
    assert "40" in place.page("s").read_text()
    assert "experiment-entropy" in page
    assert "context" in page + place.page("s").read_text()
