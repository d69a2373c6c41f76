"""Log-probabilities and ranks against plain transformers, one whole statement at a time: no batch, no cache, no bound."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    BloomConfig,
    FalconConfig,
    Gemma2Config,
    Gemma3TextConfig,
    GPT2Config,
    GPTJConfig,
    GPTNeoConfig,
    GPTNeoXConfig,
    LlamaConfig,
    MambaConfig,
    MistralConfig,
    MptConfig,
    OPTConfig,
    Qwen3Config,
)

from reportgen.capture import continuations
from reportgen.capture.continuations import read_continuations
from reportgen.capture.knowing import Ids, Query, know
from reportgen.capture.nodes import Next, Nodes
from reportgen.capture.nodes import Path as NodePath
from reportgen.capture.opening import ProvenModel
from reportgen.errors import StudyError
from reportgen.facts.fact import Fact, FactSet
from reportgen.knowledge import Knowledge
from reportgen.models.load import open_eager
from reportgen.models.source import find_model
from reportgen.models.tokenizer import Tokenizer
from reportgen.progress import Silent
from reportgen.spec.model import MeasureSection, ModelSection
from reportgen.statements import Statement, place, render_statements
from reportgen.store import Store
from tests import small
from tests.conftest import SMOLLM

CAPITALS = {
    "France": "Paris",
    "Peru": "Lima",
    "Burkina Faso": "Ouagadougou",
    "Costa Rica": "San José",
    "El Salvador": "San Salvador",
    "San Marino": "San Marino",
    "Japan": "Tokyo",
    "Kyrgyzstan": "Bishkek",
    "Mauritania": "Nouakchott",
    "Argentina": "Buenos Aires",
    "Norway": "Oslo",
    "Trinidad and Tobago": "Port of Spain",
}
PLAIN = "The capital of {subject} is {object}"
MEASURE = MeasureSection()


def facts(template: str = PLAIN, *, also: Sequence[Fact] = ()) -> FactSet:
    """Every country with its capital and with the next one's."""
    objects = [*list(CAPITALS.values())[1:], "Paris"]
    made = [
        Fact(subject, "capital", object_, truth, f"p{number:02}", {}, template)
        for number, ((subject, true), false) in enumerate(zip(CAPITALS.items(), objects, strict=True))
        for object_, truth in ((true, True), (false, False))
    ]
    return FactSet((*made, *also), (), "")


def log_probability(model: Any, statement: Statement) -> float:
    with torch.inference_mode():
        likelihoods = model(torch.tensor([statement.tokens.ids])).logits[0].double().log_softmax(-1)
    return float(sum(likelihoods[at - 1, statement.tokens.ids[at]] for at in statement.object))


def expected(model: Any, true: Statement, tokenizer: Tokenizer) -> dict[str, float]:
    """The log-probability of every object of the relation in the statement's place."""
    return {
        thing: log_probability(model, place(replace(true.fact, object=thing), tokenizer, MEASURE))
        for thing in CAPITALS.values()
    }


def assert_equal(known: Knowledge, statements: Sequence[Statement], model: Any, tokenizer: Tokenizer) -> list[int]:
    """Compare all that is known with the expected, and return the ranks."""
    true = [statement for statement in statements if statement.fact.truth]
    false = [statement for statement in statements if not statement.fact.truth]
    assert len(known.facts) == len(true) == len(false)
    for fact, statement, twin in zip(known.facts, true, false, strict=True):
        naive = expected(model, statement, tokenizer)
        reached = naive[statement.fact.object]
        assert fact.logprob_true == pytest.approx(reached, abs=1e-3)
        assert fact.logprob_false == pytest.approx(naive[twin.fact.object], abs=1e-3)
        assert fact.rank == 1 + sum(likelihood > reached for likelihood in naive.values())
        assert fact.candidates == len(CAPITALS)
    return [fact.rank for fact in known.facts]


def test_the_real_model_knows_what_a_plain_loop_finds(
    tmp_path: Path, smollm: Any, smollm_weights: Path, smollm_tokenizer: Tokenizer
) -> None:
    (tmp_path / "models").symlink_to(smollm_weights.parents[1])
    given = facts()
    statements = render_statements(given, smollm_tokenizer, MEASURE).statements[:8]
    known = know(statements, given, smollm_tokenizer, ProvenModel(smollm, SMOLLM, tmp_path, Silent()), MEASURE)
    ranks = assert_equal(known, statements, open_eager(smollm_weights, "cpu"), smollm_tokenizer)
    assert ranks[:2] == [1, 1]


_SMALL = {"num_hidden_layers": 2, "num_attention_heads": 4, "hidden_size": 32, "intermediate_size": 64}
TINY = {
    "gpt2": GPT2Config(n_layer=2, n_head=4, n_embd=32, vocab_size=49152, n_positions=64),
    "llama": LlamaConfig(**_SMALL, num_key_value_heads=2, vocab_size=49152, max_position_embeddings=64),
    "gpt_neox": GPTNeoXConfig(**_SMALL, vocab_size=49152, max_position_embeddings=64),
    "windowed": MistralConfig(
        **_SMALL, num_key_value_heads=2, vocab_size=49152, max_position_embeddings=64, sliding_window=4
    ),
}


@pytest.fixture
def tiny(request: pytest.FixtureRequest, tmp_path: Path, smollm_tokenizer: Tokenizer) -> Path:
    """A random model of a family, whose next tokens are far from equally likely."""
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(TINY[request.param])
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.35)
    return small.save(model, tmp_path / "tiny", smollm_tokenizer)


def proven(folder: Path) -> ProvenModel:
    section, cache = ModelSection(folder=folder.name), folder.parent / "cache"
    return ProvenModel(find_model(section, folder.parent, cache), section, cache, Silent())


@pytest.mark.parametrize(
    "template",
    [
        PLAIN,
        "Who asks for {subject} hears of {object}, the capital",
        # The object's first letters fuse with what stands before them, so each object has tokens of its own before it.
        "In {subject} they live in s{object}",
    ],
)
@pytest.mark.parametrize("tiny", list(TINY), indirect=True)
def test_any_family_knows_what_a_plain_loop_finds(tiny: Path, smollm_tokenizer: Tokenizer, template: str) -> None:
    given = facts(template)
    statements = render_statements(given, smollm_tokenizer, MEASURE).statements
    known = know(statements, given, smollm_tokenizer, proven(tiny), MEASURE)
    ranks = assert_equal(known, statements, open_eager(tiny, "cpu"), smollm_tokenizer)
    assert len(set(ranks)) > 3


@pytest.mark.parametrize("tiny", ["llama"], indirect=True)
def test_many_small_passes_find_the_same(
    tiny: Path, smollm_tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(continuations, "TOKENS_PER_PASS", 2)
    monkeypatch.setattr(continuations, "STEM_NODES", 5)
    given = facts()
    statements = render_statements(given, smollm_tokenizer, MEASURE).statements
    known = know(statements, given, smollm_tokenizer, proven(tiny), MEASURE)
    assert_equal(known, statements, open_eager(tiny, "cpu"), smollm_tokenizer)


@pytest.mark.parametrize("tiny", ["gpt2"], indirect=True)
def test_what_else_is_true_of_a_subject_is_no_wrong_answer(tiny: Path, smollm_tokenizer: Tokenizer) -> None:
    plain = facts()
    statements = render_statements(plain, smollm_tokenizer, MEASURE).statements
    model = proven(tiny)
    worse = next(fact for fact in know(statements, plain, smollm_tokenizer, model, MEASURE).facts if fact.rank > 1)
    true = next(statement for statement in statements if statement.fact.pair == worse.pair and statement.fact.truth)
    naive = expected(open_eager(tiny, "cpu"), true, smollm_tokenizer)
    best = max(naive, key=lambda thing: naive[thing])
    given = facts(also=[replace(true.fact, object=best, pair="other")])
    known = know(statements, given, smollm_tokenizer, model, MEASURE)
    (fact,) = [fact for fact in known.facts if fact.pair == worse.pair]
    assert (fact.rank, fact.candidates) == (worse.rank - 1, worse.candidates - 1)


@pytest.mark.parametrize("tiny", ["llama"], indirect=True)
def test_what_is_on_the_shelf_is_not_asked_again(tiny: Path, smollm_tokenizer: Tokenizer) -> None:
    given = facts()
    statements = render_statements(given, smollm_tokenizer, MEASURE).statements
    model = proven(tiny)
    known = know(statements, given, smollm_tokenizer, model, MEASURE)
    (tiny / "model.safetensors").unlink()
    assert know(statements, given, smollm_tokenizer, model, MEASURE) == known
    assert know(statements[2:], given, smollm_tokenizer, model, MEASURE).facts == known.facts[1:]
    closed = ProvenModel(model.source, model.section, model.cache, Silent())
    assert know(statements, given, smollm_tokenizer, closed, MEASURE) == known
    worded = facts("{subject} has {object}")
    otherwise = render_statements(worded, smollm_tokenizer, MEASURE).statements
    with pytest.raises(StudyError, match="cannot open this model"):
        know(otherwise, worded, smollm_tokenizer, closed, MEASURE)


class Told(Silent):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def say(self, message: str) -> None:
        self.messages.append(message)


@pytest.mark.parametrize("tiny", ["llama"], indirect=True)
def test_facts_are_asked_about_a_new_object_alone(tiny: Path, smollm_tokenizer: Tokenizer) -> None:
    every = facts()
    fewer = FactSet(every.facts[:-2], (), "")
    statements = render_statements(every, smollm_tokenizer, MEASURE).statements
    model, told = proven(tiny), Told()
    know(statements[:-2], fewer, smollm_tokenizer, model, MEASURE)
    model.progress = told
    known = know(statements, every, smollm_tokenizer, model, MEASURE)
    assert told.messages[0] == "asking the model for the objects of 12 facts"
    assert_equal(known, statements, open_eager(tiny, "cpu"), smollm_tokenizer)
    shards = [json.loads(shard) for shard in Store(model.cache).entries(model.shelf("knowledge"))]
    assert sorted(len(shard["considered"]) for shard in shards) == [1, 11, 12]


@pytest.mark.parametrize("tiny", ["llama"], indirect=True)
def test_weights_that_are_not_numbers_are_refused(tiny: Path, smollm_tokenizer: Tokenizer) -> None:
    model = open_eager(tiny, "cpu")
    with torch.no_grad():
        model.model.norm.weight.fill_(np.nan)
    model.save_pretrained(tiny)
    given = facts()
    statements = render_statements(given, smollm_tokenizer, MEASURE).statements
    with pytest.raises(StudyError, match="is not a number"):
        know(statements, given, smollm_tokenizer, proven(tiny), MEASURE)


WORDS = 97
_LESS = {"num_hidden_layers": 2, "num_attention_heads": 4, "hidden_size": 32, "vocab_size": WORDS}
_SLIDING = {**_LESS, "intermediate_size": 64, "num_key_value_heads": 2, "head_dim": 8, "sliding_window": 4}
FEW_WORDS = {
    "bloom": BloomConfig(n_layer=2, n_head=4, hidden_size=32, vocab_size=WORDS),
    "falcon": FalconConfig(**_LESS, alibi=False),
    "falcon with alibi": FalconConfig(**_LESS, alibi=True),
    "gemma2": Gemma2Config(**_SLIDING, attn_logit_softcapping=2.0),
    "gemma3": Gemma3TextConfig(**_SLIDING),
    "gpt2": GPT2Config(n_layer=2, n_head=4, n_embd=32, vocab_size=WORDS, bos_token_id=0, eos_token_id=0),
    "gpt_neo": GPTNeoConfig(
        **_LESS,
        attention_types=[[["global", "local"], 1]],
        window_size=4,
        bos_token_id=0,
        eos_token_id=0,
    ),
    "gptj": GPTJConfig(n_layer=2, n_head=4, n_embd=32, rotary_dim=4, vocab_size=WORDS, bos_token_id=0, eos_token_id=0),
    "mpt": MptConfig(d_model=32, n_heads=4, n_layers=2, vocab_size=WORDS),
    "opt": OPTConfig(**_LESS, ffn_dim=64, word_embed_proj_dim=32),
    "qwen3": Qwen3Config(**_SLIDING),
}


def few_words(config: Any) -> Any:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.35)
    return model


def drawn(queries: int, rivals: int) -> list[Query]:
    """Prefixes of 1 to 11 tokens, some with a common opening; continuations of 1 to 6, some of which begin alike."""
    rng = np.random.default_rng(0)

    def ids(least: int, most: int) -> Ids:
        return tuple(rng.integers(3, WORDS, rng.integers(least, most, endpoint=True)).tolist())

    def query(number: int) -> Query:
        prefix, first = (5, 6, 7)[: rng.integers(0, 4)] + ids(1, 8), ids(2, 2)
        begun = [first[: rng.integers(0, 3)] + ids(1, 4) for _ in range(rivals + 2)]
        things = {f"object {at}": tokens for at, tokens in enumerate(begun)}
        answers = {thing: things.pop(thing) for thing in ("object 0", "object 1")}
        return Query(f"fact {number}", prefix, answers, things, "object 0")

    return [query(number) for number in range(queries)]


def sums(model: Any, prefix: Ids, tokens: Ids) -> list[float]:
    """The log-probability of the first token, of the first two, …: the whole text run anew, in one row."""
    with torch.inference_mode():
        likelihoods = model(torch.tensor([prefix + tokens])).logits[0].double().log_softmax(-1)
    steps = [float(likelihoods[len(prefix) + at - 1, token]) for at, token in enumerate(tokens)]
    return list(np.cumsum(steps))


@pytest.mark.parametrize("name", FEW_WORDS)
def test_every_kind_of_attention_and_position_reads_what_a_plain_loop_reads(name: str) -> None:
    model, queries, told = few_words(FEW_WORDS[name]), drawn(queries=8, rivals=20), list[int]()
    for query, read in zip(queries, read_continuations(model, queries, told.append), strict=True):
        naive = {
            thing: sums(model, query.prefix, tokens)[-1]
            for thing, tokens in (*query.answers.items(), *query.rivals.items())
        }
        wanted = {thing: naive[thing] for thing in naive if thing in query.answers or naive[thing] > naive[query.bar]}
        assert read == pytest.approx(wanted, abs=1e-4)
    assert sum(told) == len(queries)


class Counting(Nodes):
    """Remembers how many tokens were run, and how many nodes were there at most."""

    ran = most = 0

    def run(self, paths: Sequence[NodePath], tokens: Sequence[Ids]) -> tuple[list[NodePath], Next]:
        found = super().run(paths, tokens)
        Counting.ran += sum(map(len, tokens))
        Counting.most = max(Counting.most, self.count)
        return found


def test_a_token_is_run_once_if_it_can_matter_and_few_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(continuations, "Nodes", Counting)
    monkeypatch.setattr(continuations, "TOKENS_PER_PASS", 16)
    model, queries = few_words(FEW_WORDS["qwen3"]), drawn(queries=10, rivals=200)
    read_continuations(model, queries, lambda _: None)
    stems = sum(len(query.prefix) - 1 for query in queries)
    needed = 2 * len(queries)  # each prefix's last token, for the answers and then for the rivals
    for query in queries:
        bar = sums(model, query.prefix, query.answers[query.bar])[-1]
        answers = {tokens[:end] for tokens in query.answers.values() for end in range(1, len(tokens))}
        reached = [(tokens, sums(model, query.prefix, tokens)) for tokens in query.rivals.values()]
        rivals = {tokens[:end] for tokens, sum_ in reached for end in range(1, len(tokens)) if sum_[end - 1] >= bar}
        needed += len(answers) + len(rivals)
    assert needed <= Counting.ran <= needed + stems
    assert Counting.most < stems + len(queries) + 16 * 6 < Counting.ran / 4


def test_a_model_that_keeps_no_keys_is_read_in_whole_sequences() -> None:
    model = few_words(MambaConfig(hidden_size=32, num_hidden_layers=2, vocab_size=WORDS))
    queries, told = drawn(queries=4, rivals=20), list[int]()
    for query, read in zip(queries, read_continuations(model, queries, told.append), strict=True):
        bar = sums(model, query.prefix, query.answers[query.bar])[-1]
        assert set(query.answers) <= set(read)
        for thing, tokens in (*query.answers.items(), *query.rivals.items()):
            likelihood = sums(model, query.prefix, tokens)[-1]
            assert (thing in read) == (thing in query.answers or likelihood >= bar)
            if thing in read:
                assert read[thing] == pytest.approx(likelihood, abs=1e-4)
    assert sum(told) == len(queries)


def test_kept_keys_that_say_something_else_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model whose answers depend on more than it keeps would be read wrongly, with nothing to show it."""
    model, queries, told = few_words(FEW_WORDS["qwen3"]), drawn(queries=8, rivals=20), list[int]()
    expected = read_continuations(model, queries, lambda _: None)
    monkeypatch.setattr(Next, "of", lambda self, rows, tokens: [-1.0 for _ in tokens])
    for read, wanted in zip(read_continuations(model, queries, told.append), expected, strict=True):
        assert read == pytest.approx(wanted, abs=1e-4)
    assert sum(told) == len(queries)
