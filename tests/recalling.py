"""A hand-made model in which one head alone carries the answer, statements for it, and the study that asks it.

Two layers of 24 heads attend evenly. One head, `CARRIER`, moves each subject's token to the direction of its object; the
others write a little noise, and no MLP writes anything. So the model finds every object, and without the carrier it guesses.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from reportgen.analyses.analysis import Study
from reportgen.capture.opening import Plain, ProvenModel
from reportgen.facts.fact import Fact
from reportgen.models.tokenizer import Tokens
from reportgen.progress import Progress, Silent
from reportgen.statements import Statement
from tests import planted

LAYERS, HEADS, CARRIER = 2, 24, (1, 2)
PAIRS = 32
_WIDTH, _SUBJECTS, _OBJECTS = 144, 10, 50


def statements(pairs: int = PAIRS, subject_tokens: int = 1, object_tokens: int = 1) -> list[Statement]:
    """True and false twins in turn: three tokens, the subject, two tokens, the object, which is the next pair's when false."""
    return [
        statement(pair, pair if truth else (pair + 1) % pairs, truth, subject_tokens, object_tokens)
        for pair in range(pairs)
        for truth in (True, False)
    ]


def statement(pair: int, other: int, truth: bool, subject_tokens: int, object_tokens: int) -> Statement:
    """One of them, with the object of pair `other`; the first tokens of a longer subject or object are alike in all."""
    subject = [*[6] * (subject_tokens - 1), _SUBJECTS + pair]
    object_ = [*[7] * (object_tokens - 1), _OBJECTS + other]
    ids = (1, 2, 3, *subject, 4, 5, *object_)
    start = len(ids) - object_tokens
    spans = tuple(range(3, 3 + subject_tokens)), tuple(range(start, len(ids)))
    tokens = Tokens(ids, ((0, 1),) * len(ids), ("t",) * len(ids))
    fact = Fact(f"s{pair}", "r", f"o{other}", truth, f"p{pair:05}", {"size": f"z{pair % 4}"}, "{subject} {object}")
    name = f"p{pair:05}-{'true' if truth else 'false'}"
    return Statement(name, fact, f"s{pair} o{other}", tokens, (0, 1), (1, 2), *spans, len(ids) - 1, spans[0])


def model(carries: bool = True) -> Any:
    """The model; without its carrier's output projection where it is not to carry anything."""
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig

    torch.manual_seed(0)
    config = LlamaConfig(
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        head_dim=PAIRS,
        hidden_size=_WIDTH,
        intermediate_size=8,
        vocab_size=_WIDTH,
        tie_word_embeddings=False,
    )
    made = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    layer, head = CARRIER
    with torch.no_grad():
        made.model.embed_tokens.weight.copy_(torch.eye(_WIDTH))
        made.lm_head.weight.copy_(torch.eye(_WIDTH))
        for block in made.model.layers:
            block.mlp.down_proj.weight.zero_()
            block.self_attn.q_proj.weight.zero_()
            block.self_attn.v_proj.weight.normal_(0, 0.01)
            block.self_attn.o_proj.weight.normal_(0, 0.01)
        attention, own = made.model.layers[layer].self_attn, slice(head * PAIRS, (head + 1) * PAIRS)
        attention.v_proj.weight[own] = torch.eye(_WIDTH)[_SUBJECTS : _SUBJECTS + PAIRS]
        attention.o_proj.weight[:, own] = 9.0 * torch.eye(_WIDTH)[:, _OBJECTS : _OBJECTS + PAIRS] if carries else 0.0
    return made


def scores(made: Sequence[Statement], effect: float = 0.2) -> npt.NDArray[np.float32]:
    """Attention about 0.3 everywhere, and at the carrier by `effect` more in true statements, [statement, layer, head]."""
    drawn = np.random.default_rng(0).normal(0.3, 0.02, (len(made), LAYERS, HEADS)).astype(np.float32)
    drawn[[one.fact.truth for one in made], *CARRIER] += effect
    return drawn


def study(
    made: Sequence[Statement],
    values: npt.NDArray[np.float32],
    asked: Any,
    cache: Path,
    progress: Progress | None = None,
) -> Study:
    """A study of these statements, in which the model `asked` is open."""
    closed = planted.study(made, values)
    opened = ProvenModel(closed.model.source, closed.model.section, cache, progress or Silent())
    opened._plain = Plain(asked, None, None)  # type: ignore[arg-type]
    return replace(closed, model=opened)
