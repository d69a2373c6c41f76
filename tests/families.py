"""Tiny random models of every family that the documentation names, and what is asked of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from reportgen.capture.request import Request
from reportgen.facts.fact import Fact
from reportgen.models.tokenizer import Tokens
from reportgen.statements import Statement

Values = npt.NDArray[np.float64]

VOCABULARY, BOS, WINDOW, LAYERS, HEADS = 128, 1, 4, 3, 4
AGGREGATIONS = {"sum": np.sum, "mean": np.mean, "max": np.max}

_SPECIAL = {"bos_token_id": BOS, "eos_token_id": 2, "pad_token_id": 0, "vocab_size": VOCABULARY}
_GPT = {"n_layer": LAYERS, "n_head": HEADS, "n_embd": 32, "n_positions": 64}
_PLAIN = {
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "hidden_size": 32,
    "intermediate_size": 48,
    "max_position_embeddings": 64,
}
_GROUPED = {**_PLAIN, "num_key_value_heads": 2}
_GEMMA = {**_GROUPED, "head_dim": 8, "query_pre_attn_scalar": 8, "sliding_window": WINDOW}
_BY_TURNS = {"layer_types": ["sliding_attention", "full_attention", "sliding_attention"]}
_EXPERTS = {"num_local_experts": 4, "num_experts_per_tok": 2}

OWN_WAY = "computes attention in its own way, not through transformers' attention interface"


@dataclass(frozen=True)
class Family:
    """A family's name in transformers, what its configuration says, and, where hooks must read it, why."""

    kind: str
    says: Mapping[str, Any]
    why_hooks: str = ""

    def build(self) -> Any:
        """A random model with eager attention; its weights are so large that its attention is far from uniform."""
        torch.manual_seed(0)
        config = AutoConfig.for_model(self.kind, **{**self.says, **_SPECIAL})
        model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if parameter.dim() > 1:
                    parameter.normal_(0, 1.0 if any(part in name for part in ("embed", "wte", "wpe")) else 0.35)
                elif "sinks" in name:
                    parameter.normal_()
        return model


FAMILIES = {
    "gpt2": Family("gpt2", _GPT),
    "gpt_bigcode": Family("gpt_bigcode", _GPT),
    "gpt_neox": Family("gpt_neox", _PLAIN),
    "llama": Family("llama", _GROUPED),
    "mistral": Family("mistral", {**_GROUPED, "sliding_window": WINDOW}),
    "mixtral": Family("mixtral", {**_GROUPED, **_EXPERTS, "sliding_window": WINDOW}),
    "gemma": Family("gemma", {**_GROUPED, "head_dim": 8}),
    "gemma2": Family("gemma2", {**_GEMMA, "attn_logit_softcapping": 2.0}),
    "gemma3": Family("gemma3_text", {**_GEMMA, **_BY_TURNS}),
    "qwen2": Family(
        "qwen2", {**_GROUPED, "use_sliding_window": True, "sliding_window": WINDOW, "max_window_layers": 1}
    ),
    "qwen3": Family("qwen3", {**_GROUPED, "head_dim": 8}),
    "phi": Family("phi", _PLAIN),
    "phi3": Family("phi3", {**_GROUPED, "sliding_window": WINDOW}),
    "opt": Family("opt", {**_PLAIN, "ffn_dim": 48, "word_embed_proj_dim": 32}),
    "olmo2": Family("olmo2", _GROUPED),
    "stablelm": Family("stablelm", _GROUPED),
    "granite": Family("granite", {**_GROUPED, "attention_multiplier": 0.35}),
    "gpt_oss": Family("gpt_oss", {**_GROUPED, **_BY_TURNS, **_EXPERTS, "head_dim": 8, "sliding_window": WINDOW}),
    "cohere": Family("cohere", _GROUPED),
    "cohere2": Family("cohere2", {**_GROUPED, **_BY_TURNS, "sliding_window": WINDOW}),
    "deepseek_v3": Family(
        "deepseek_v3",
        {
            **_PLAIN,
            "q_lora_rank": 16,
            "kv_lora_rank": 16,
            "qk_rope_head_dim": 4,
            "qk_nope_head_dim": 8,
            "v_head_dim": 8,
            "num_key_value_heads": HEADS,
            "n_routed_experts": 4,
            "n_group": 1,
            "topk_group": 1,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 16,
            "first_k_dense_replace": 1,
        },
    ),
    "gpt_neo": Family(
        "gpt_neo",
        {
            "num_layers": LAYERS,
            "num_heads": HEADS,
            "hidden_size": 32,
            "max_position_embeddings": 64,
            "attention_types": [[["global", "local"], 1], [["global"], 1]],
            "window_size": WINDOW,
        },
        OWN_WAY,
    ),
    "gptj": Family("gptj", {**_GPT, "rotary_dim": 4}, OWN_WAY),
    "falcon": Family("falcon", {**_PLAIN, "alibi": False}, OWN_WAY),
    "falcon with ALiBi": Family("falcon", {**_PLAIN, "alibi": True}, OWN_WAY),
    "bloom": Family("bloom", {"n_layer": LAYERS, "n_head": HEADS, "hidden_size": 32}, OWN_WAY),
    "mpt": Family("mpt", {"n_layers": LAYERS, "n_heads": HEADS, "d_model": 32, "max_seq_len": 64}, OWN_WAY),
    "llama4": Family(
        "llama4_text",
        {
            **_GROUPED,
            "head_dim": 8,
            "intermediate_size_mlp": 48,
            "num_local_experts": 4,
            "attention_chunk_size": WINDOW,
            "attn_temperature_tuning": True,
            "floor_scale": 200,
            "no_rope_layers": [1, 1, 0],
        },
        "does not prove itself on 8 statements",
    ),
    "falcon_h1": Family(
        "falcon_h1",
        {
            **_GROUPED,
            "mamba_d_ssm": 32,
            "mamba_n_heads": 4,
            "mamba_d_head": 8,
            "mamba_d_state": 8,
            "mamba_chunk_size": 8,
        },
        "does not prove itself on 8 statements",
    ),
}

SHARED = [name for name, family in FAMILIES.items() if not family.why_hooks]


def statement(ids: Sequence[int], query: int, keys: Sequence[int]) -> Statement:
    """Tokens, read from `query` to `keys`; their text lists them."""
    fact, text = Fact("s", "r", "o", True, "p", {}, "{subject} {object}"), " ".join(map(str, ids))
    tokens = Tokens(tuple(ids), ((0, 1),) * len(ids), ("t",) * len(ids))
    return Statement("p-true", fact, text, tokens, (0, 1), (0, 1), (0,), (0,), query, tuple(keys))


@cache
def sequences() -> tuple[tuple[int, ...], ...]:
    """Token sequences of 1 to 19 tokens: with shared beginnings of many lengths, some with a first token before them
    all, some that begin others and some that are there twice."""
    random = Random(0)
    made: list[tuple[int, ...]] = []
    for _ in range(2):
        opening = _drawn(random, 12)
        made += [opening[:cut] + _drawn(random, more) for cut in (0, 1, 3, 6, 9, 12) for more in (1, 2, 7)]
        made += [opening, opening, opening[:5], opening[:1], (BOS, *opening), (BOS, *opening[:5], *_drawn(random, 3))]
    return tuple(made)


@cache
def requests() -> tuple[Request, ...]:
    """Every sequence read from its last, its middle and its first position, to several key spans, by every
    aggregation, in no order."""
    random, asked = Random(1), []
    for ids in sequences():
        for query in {len(ids) - 1, len(ids) // 2, 0}:
            some = tuple(sorted({random.randint(0, query) for _ in range(3)}))
            for keys in {some, (0,), (query,)}:
                asked += [Request(statement(ids, query, keys), how) for how in AGGREGATIONS]  # type: ignore[arg-type]
    random.shuffle(asked)
    return tuple(asked)


def patterns(model: Any, ids: Sequence[int]) -> npt.NDArray[np.float32]:
    """The patterns [layer, head, query, key] of plain transformers for one sequence, alone and unpadded."""
    with torch.inference_mode():
        shown = model(torch.tensor([list(ids)]), output_attentions=True, use_cache=False).attentions
    return torch.stack([layer[0].float() for layer in shown]).numpy()


def eager(model: Any, asked: Sequence[Request]) -> Values:
    """The scores of requests, [request, layer, head], one statement at a time, by plain indexing."""
    known = {ids: patterns(model, ids) for ids in {request.statement.tokens.ids for request in asked}}
    scores = []
    for request in asked:
        read = known[request.statement.tokens.ids][:, :, request.statement.query, list(request.statement.keys)]
        scores.append(AGGREGATIONS[request.aggregation](read, axis=-1))
    return np.array(scores)


def _drawn(random: Random, count: int) -> tuple[int, ...]:
    return tuple(random.randrange(3, VOCABULARY) for _ in range(count))
