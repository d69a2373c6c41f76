"""Each run's proof that what it reads is what the model does.

TransformerLens has had silent faults, so on a sample of statements, before anything is captured:
1. plain transformers with eager attention (a model opened apart) gives the reference, one statement at a time
   and without padding;
2. the bridge runs the same statements in one padded batch: each row of each pattern must sum to 1, and each
   pattern must equal the reference;
3. the hooks that capture uses read the scores of that batch, which must equal the reference's.

Scores and row sums are held to `record.SCORE_TOLERANCE`, patterns to `record.PATTERN_TOLERANCE`: here and there a
single row is so ill-conditioned that float32 alone moves it by 1e-4 (both sides differ from float64 by as much),
while a fault (a token put first, a missing mask, a wrong axis) moves patterns by 1e-2 and more.
"""

from collections.abc import Sequence
from typing import Any

import torch

from reportgen.capture.hooks import aggregate, padded_tokens, pattern_names, reading_scores
from reportgen.capture.record import Proof
from reportgen.capture.request import ask
from reportgen.errors import StudyError
from reportgen.spec.model import Aggregation
from reportgen.statements import Statement

SAMPLE = 8


def sample_of(statements: Sequence[Statement]) -> list[Statement]:
    """Up to `SAMPLE` statements spread evenly over those given, so that lengths and relations mix."""
    step = max(1, len(statements) // SAMPLE)
    return list(statements[::step][:SAMPLE])


def reference_patterns(model: Any, statements: Sequence[Statement]) -> list[torch.Tensor]:
    """Each statement's patterns [layer, head, query, key] from plain transformers, alone and unpadded."""
    patterns = []
    with torch.inference_mode():
        for statement in statements:
            tokens = torch.tensor([statement.tokens.ids], device=model.device)
            output = model(tokens, output_attentions=True, use_cache=False, logits_to_keep=1)
            patterns.append(torch.stack([layer[0].float().cpu() for layer in output.attentions]))
    return patterns


def prove(
    bridge: Any, statements: Sequence[Statement], reference: Sequence[torch.Tensor], aggregation: Aggregation
) -> Proof:
    """Compare the bridge with the reference; raises StudyError where they differ by more than is tolerated."""
    patterns = _bridge_patterns(bridge, statements)
    with reading_scores(bridge) as reader:
        scores = reader.read(ask(statements, aggregation))
    expected = torch.stack([_score(pattern, s, aggregation) for pattern, s in zip(reference, statements, strict=True)])
    proof = Proof(
        statements=len(statements),
        row_sum=max(float((pattern.sum(-1) - 1).abs().max()) for pattern in patterns),
        pattern=max(float((a - b).abs().max()) for a, b in zip(patterns, reference, strict=True)),
        score=float((scores - expected).abs().max()),
    )
    if not proof.holds:
        raise StudyError(
            f"the captured attention does not prove itself on {proof.statements} statements: pattern rows miss the sum 1 "
            f"by up to {proof.row_sum:.1e} and scores differ from plain transformers by up to {proof.score:.1e} (at most "
            f"{proof.score_tolerance:.0e} is accepted), patterns by up to {proof.pattern:.1e} "
            f"(at most {proof.pattern_tolerance:.0e}). Nothing was kept."
        )
    return proof


def _bridge_patterns(bridge: Any, statements: Sequence[Statement]) -> list[torch.Tensor]:
    names, tokens = pattern_names(bridge), padded_tokens(statements).to(bridge.cfg.device)
    with torch.inference_mode():
        _, cache = bridge.run_with_cache(tokens, names_filter=names, return_type=None, use_cache=False)
    layers = torch.stack([cache[name].float().cpu() for name in names], dim=1)
    lengths = (len(statement.tokens.ids) for statement in statements)
    return [layers[row, :, :, :length, :length] for row, length in enumerate(lengths)]


def _score(pattern: torch.Tensor, statement: Statement, aggregation: Aggregation) -> torch.Tensor:
    keys = torch.zeros(1, 1, pattern.shape[-1], dtype=torch.bool)
    keys[..., list(statement.keys)] = True
    return aggregate(pattern[:, :, statement.query, :], keys, aggregation)
