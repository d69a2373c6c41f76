"""The page says whose code ran, what the weights were read from, and which device and arithmetic were chosen, and why."""

from dataclasses import replace
from pathlib import Path

import pytest

from reportgen.models.choice import chosen
from reportgen.models.source import ModelSource
from reportgen.report.capture_words import software
from reportgen.report.model_words import model_entries, model_notices, own_ways
from reportgen.spec.model_section import ModelSection
from tests.unit.test_capture_words import HOOKS, RUN, said

PLAIN = ModelSource("m", "sha256:0", "folder m", folder=Path("m"))
OWN = replace(PLAIN, code=("configuration_own.py", "modeling_own.py"))
PICKLED = replace(PLAIN, weights="pytorch")


@pytest.mark.parametrize(
    ("section", "device", "words"),
    [
        (
            ModelSection(hub="m"),
            "cpu",
            "on cpu (auto: this machine has no GPU that PyTorch can use), in float32 (auto: every device runs float32 unless "
            "the spec says otherwise)",
        ),
        (
            ModelSection(hub="m", dtype="float16"),
            "cuda",
            "on cuda (auto: this machine has a GPU), in float16 (as the spec says)",
        ),
        (
            ModelSection(hub="m", device="cuda:1", dtype="float32"),
            "cuda:1",
            "on cuda:1 (as the spec says), in float32 (as the spec says)",
        ),
        (
            ModelSection(hub="m", dtype="bfloat16"),
            "mps",
            "on mps (auto: this machine has Apple's GPU), in bfloat16 (as the spec says)",
        ),
    ],
)
def test_what_was_chosen_is_said_with_its_reason(section: ModelSection, device: str, words: str) -> None:
    assert chosen(section, device) == words
    assert dict(model_entries(section, PLAIN, [replace(RUN, device=device)]))["Ran"] == words


def test_an_ordinary_model_gives_no_notice() -> None:
    assert list(model_notices(PLAIN)) == []
    assert own_ways(PLAIN) == ()
    rows = dict(model_entries(ModelSection(hub="m"), PLAIN, [RUN]))
    assert (rows["Code of the model"], rows["Weights"]) == ("transformers' own", "safetensors")


def test_code_of_the_models_own_is_said_wherever_the_model_is() -> None:
    (notice,) = model_notices(OWN)
    assert notice.kind == "note"
    assert "runs Python code of its own" in notice.message
    assert "configuration_own.py, modeling_own.py" in notice.message
    assert "part of the model's identity" in notice.message
    (sentence,) = own_ways(OWN)
    assert "in place of transformers' own" in said(sentence)
    rows = dict(model_entries(ModelSection(folder="m", trust_remote_code=True), OWN, [RUN]))
    assert rows["Code of the model"] == "the model's own, configuration_own.py, modeling_own.py (`trust_remote_code`)"


def test_pickles_are_said_wherever_the_model_is() -> None:
    (notice,) = model_notices(PICKLED)
    assert "`model.weights: pytorch`" in notice.message
    (sentence,) = own_ways(PICKLED)
    assert "tensors alone" in said(sentence)
    assert dict(model_entries(ModelSection(folder="m"), PICKLED, [RUN]))["Weights"].startswith("pickles")


def test_where_the_hub_could_not_be_asked_the_page_says_so() -> None:
    (notice,) = model_notices(replace(PLAIN, note="The hub could not be asked."))
    assert (notice.kind, notice.message) == ("note", "The hub could not be asked.")


def test_a_gguf_file_is_named_as_what_was_dequantized() -> None:
    rows = dict(model_entries(ModelSection(gguf="a/m.gguf"), replace(PLAIN, gguf=Path("a/m.gguf")), [RUN]))
    assert rows["Weights"] == "GGUF, dequantized to float32 (m.gguf)"


def test_patterns_that_transformerlens_could_not_read_are_not_said_to_be_its_own() -> None:
    usual, plain = said(software([RUN])), said(software([RUN], {"plain"}))
    assert "shown with TransformerLens 4.3 [@nanda2022]" in usual
    assert "nanda2022" not in plain
    assert (
        "shown with its eager attention, each statement alone, as TransformerLens does not know this architecture"
        in plain
    )
    assert "TransformerLens" in said(software([HOOKS]))
