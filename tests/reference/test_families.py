"""Scores of every kind of architecture against eager attention: one way or another right, or refused, never silently wrong."""

from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest

from reportgen.capture.shared import reading_shared
from reportgen.errors import StudyError
from reportgen.models.tokenizer import Tokenizer
from tests import families, small
from tests.families import AGGREGATIONS, BOS, FAMILIES, HEADS, LAYERS, REFUSED, SHARED, WINDOW, Family
from tests.family import BY_HOOKS

LONG = families.sequences()[17]
BANDED = ("modernbert_decoder",)  # its windows reach as far as LONG
EVERYTHING = 1_000_000


def test_what_is_asked_has_every_trap_in_it() -> None:
    asked, given = families.requests(), families.sequences()
    assert {len(ids) for ids in given} >= {1, 2, 13, 19}
    assert len(LONG) == 19 > WINDOW
    assert {ids[0] == BOS for ids in given} == {True, False}
    assert len(set(given)) < len(given)
    assert any(one == other[: len(one)] and one != other for one in given for other in given)
    assert {request.aggregation for request in asked} == set(AGGREGATIONS)
    positions = {request.statement.query for request in asked if request.statement.tokens.ids == LONG}
    assert positions == {0, 9, 18}
    assert any(0 in request.statement.keys and request.statement.query > WINDOW for request in asked)
    assert list(asked) != sorted(asked, key=lambda request: request.tokens)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_score_equals_eager_attention_by_the_way_that_was_chosen(
    name: str, tmp_path: Path, smollm_tokenizer: Tokenizer
) -> None:
    family, asked = FAMILIES[name], families.requests()
    model = family.build()
    expected = families.eager(model, asked)
    assert expected[[request.statement.keys != (0,) for request in asked]].std(axis=0).min() > 0.1
    opened = small.proven(small.save(model, tmp_path / "tiny", smollm_tokenizer), tmp_path / "cache")
    with opened.reading([request.statement for request in asked], "sum") as reading:
        assert reading.route.way == ("alone" if family.alone else "hooks" if family.why_hooks else "shared")
        assert family.why_hooks in reading.route.why
        assert bool(reading.route.why) == bool(family.why_hooks)
        for budget in (8, 64, 512, EVERYTHING):
            read = reading.reader.read_all(asked, budget, lambda _: None)
            assert read.shape == (len(asked), LAYERS, HEADS)
            np.testing.assert_allclose(read, expected, rtol=0, atol=5e-5)
            assert np.abs(read - expected).mean() < 1e-6
        if family.why_hooks:
            with pytest.raises(StudyError, match=BY_HOOKS):
                reading.reader.read_all([replace(asked[0], weight="contribution")], 64, lambda _: None)


@pytest.mark.parametrize("name", ["gpt2", "gemma2", "gpt_oss"])
def test_the_order_of_requests_changes_no_answer(name: str) -> None:
    asked = families.requests()
    order = Random(2).sample(range(len(asked)), len(asked))
    with reading_shared(FAMILIES[name].build()) as reader:
        straight = reader.read_all(asked, 64, lambda _: None)
        turned = reader.read_all([asked[place] for place in order], 64, lambda _: None)
    np.testing.assert_array_equal(turned, straight[order])


def test_a_window_shorter_than_the_text_hides_what_is_before_it() -> None:
    for name in ("mistral", "mixtral", "phi3", "phimoe", "starcoder2"):
        assert families.patterns(FAMILIES[name].build(), LONG)[:, :, -1, :-WINDOW].max() == 0
    by_turns = [name for name, family in FAMILIES.items() if "by turns" in family.tried and name not in BANDED]
    assert {"gemma2", "gemma3", "gpt_oss", "cohere2", "ministral", "olmo3", "exaone4", "gpt_neo"} <= set(by_turns)
    for name in (*by_turns, "qwen2", "qwen2_moe", "llama4"):
        hidden = families.patterns(FAMILIES[name].build(), LONG)[:, :, -1, 0].max(axis=-1) == 0
        assert hidden.any()
        assert not hidden.all()


@pytest.mark.parametrize(
    ("name", "without"), [("gemma2", {"attn_logit_softcapping": None}), ("granite", {"attention_multiplier": 1.0})]
)
def test_caps_and_scalings_are_in_the_way(name: str, without: dict[str, object]) -> None:
    family = FAMILIES[name]
    plain = replace(family, says={**family.says, **without})
    assert np.abs(families.patterns(family.build(), LONG) - families.patterns(plain.build(), LONG)).max() > 0.1


def test_a_sink_takes_its_share_of_a_row() -> None:
    sums = families.patterns(FAMILIES["gpt_oss"].build(), LONG)[:, :, -1].sum(axis=-1)
    assert sums.min() < 0.9


@pytest.mark.parametrize("name", REFUSED)
def test_an_architecture_that_no_way_can_read_is_refused_in_words(
    name: str, tmp_path: Path, smollm_tokenizer: Tokenizer
) -> None:
    refused = REFUSED[name]
    opened = small.proven(small.save(refused.family.build(), tmp_path / "tiny", smollm_tokenizer), tmp_path / "cache")
    statements = [request.statement for request in families.requests()]
    with pytest.raises(StudyError) as raised, opened.reading(statements, "sum"):
        pass
    assert refused.words in str(raised.value)


_TRAINED_ON = 12
STRETCHED = {
    "dynamic": Family(
        "llama",
        {
            **FAMILIES["llama"].says,
            "max_position_embeddings": _TRAINED_ON,
            "rope_parameters": {"rope_type": "dynamic", "rope_theta": 10_000.0, "factor": 4.0},
        },
    ),
    "longrope": Family(
        "phi3",
        {
            **FAMILIES["phi3"].says,
            "original_max_position_embeddings": _TRAINED_ON,
            "rope_parameters": {
                "rope_type": "longrope",
                "rope_theta": 10_000.0,
                "original_max_position_embeddings": _TRAINED_ON,
                "short_factor": [1.0] * 4,
                "long_factor": [3.0] * 4,
            },
        },
    ),
}


@pytest.mark.parametrize("kind", STRETCHED)
def test_a_statement_that_would_stretch_the_positions_of_others_is_refused(kind: str) -> None:
    model, asked = STRETCHED[kind].build(), families.requests()
    short = [request for request in asked if len(request.statement.tokens.ids) <= _TRAINED_ON]
    expected = families.eager(model, short)
    with reading_shared(model) as reader:
        np.testing.assert_allclose(reader.read_all(short, 512, lambda _: None), expected, rtol=0, atol=5e-5)
        with pytest.raises(
            StudyError, match="tokens up to where it is read, and beyond 12 this model's positions would"
        ):
            reader.read_all(asked, 512, lambda _: None)


@pytest.mark.parametrize("name", SHARED)
def test_whoever_reads_a_model_leaves_it_as_it_was(name: str) -> None:
    model = FAMILIES[name].build()
    before = families.patterns(model, LONG)
    with reading_shared(model) as reader:
        reader.read_all(families.requests()[:20], 64, lambda _: None)
    np.testing.assert_array_equal(families.patterns(model, LONG), before)
