"""Each run's proof that what it reads is what the model does.

Whoever reads a model by a way of his own may be silently wrong, so on a sample of statements, before anything is kept:
1. plain transformers with eager attention give the reference, one statement at a time and without padding;
2. the reader that capture uses reads the sample together, in a pass that made-up statements fill up, as real ones will:
   a token's place among them must not matter. Each score, each share of attention in its rows and each row's sum must
   equal the reference's;
3. where TransformerLens is opened, its patterns of the sample in one padded batch must equal the reference's too.

Scores and row sums are held to `record.SCORE_TOLERANCE`, single shares to `record.PATTERN_TOLERANCE`: here and there a
single row is so ill-conditioned that float32 alone moves it by 1e-4 (both sides differ from float64 by as much),
while a fault (a token put first, a missing mask, a wrong axis) moves patterns by 1e-2 and more.
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from reportgen.capture.hooks import padded_tokens, pattern_names
from reportgen.capture.looks import Looks, require_finite
from reportgen.capture.record import PATTERN_TOLERANCE, SCORE_TOLERANCE, Proof
from reportgen.capture.request import Request
from reportgen.capture.tree import Ids, leaves, nodes_added
from reportgen.errors import StudyError
from reportgen.statements import Statement

if TYPE_CHECKING:
    from reportgen.capture.opening import Reader

SAMPLE = 8


@dataclass(frozen=True)
class Reference:
    """What plain transformers say of a sample, each request's whole patterns [layer, head, query, key], and how near to
    that a reader must come, in shares of attention."""

    requests: tuple[Request, ...]
    patterns: tuple[torch.Tensor, ...]
    score_tolerance: float = SCORE_TOLERANCE
    pattern_tolerance: float = PATTERN_TOLERANCE


def sample_of(statements: Sequence[Statement]) -> list[Statement]:
    """Up to `SAMPLE` statements spread evenly over those given, so that lengths and relations mix: neighbours by twos,
    which share the most."""
    step = max(2, 2 * len(statements) // SAMPLE)
    return [statement for start in range(0, len(statements), step) for statement in statements[start : start + 2]][
        :SAMPLE
    ]


def refer(model: Any, requests: Sequence[Request]) -> Reference:
    """The requests' patterns from plain transformers with eager attention, each alone and unpadded.

    Raises StudyError where not every layer attends, where attention looks ahead, or where it is not a number: no way of
    reading such a model could be proven.
    """
    patterns = reference_patterns(model, [request.statement for request in requests])
    require_finite(_scores(requests, patterns), requests, model.dtype)
    if any(pattern.triu(1).any() for pattern in patterns):
        raise StudyError(
            f"{type(model).__name__} looks at tokens that come after the one it reads. Only causal models can be measured."
        )
    return Reference(tuple(requests), tuple(patterns))


def reference_patterns(model: Any, statements: Sequence[Statement]) -> list[torch.Tensor]:
    """Each statement's patterns [layer, head, query, key] from plain transformers, alone and unpadded."""
    return [shown_patterns(model, statement.tokens.ids) for statement in statements]


def shown_patterns(model: Any, ids: Ids) -> torch.Tensor:
    """The patterns [layer, head, query, key] that plain transformers with eager attention show of one sequence; raises
    StudyError where a layer shows none."""
    with torch.inference_mode():
        tokens = torch.tensor([ids], device=model.device)
        output = model(tokens, output_attentions=True, use_cache=False, **_last_logits(model))
        layers = _every_layer(model, getattr(output, "attentions", None) or (), tokens.shape[1])
        return torch.stack([layer[0].float().cpu() for layer in layers])


def _last_logits(model: Any) -> dict[str, int]:
    """Logits are needed nowhere here; code of a model's own may not know how to leave them out."""
    return {"logits_to_keep": 1} if "logits_to_keep" in inspect.signature(model.forward).parameters else {}


def _every_layer(model: Any, shown: Sequence[Any], length: int) -> list[torch.Tensor]:
    """The patterns [sequence, head, query, key] among what a model shows; raises StudyError where a layer has none."""
    layers = int(model.config.get_text_config().num_hidden_layers)
    attending = [layer for layer in shown if layer is not None and layer.shape[2:] == (length, length)]
    if len(attending) != layers:
        raise StudyError(
            f"{type(model).__name__} has {layers} layers and shows the attention of {len(attending)}; the others mix tokens in "
            "another way (a state space, a convolution, linear attention). Only models in which every layer attends can be "
            "measured."
        )
    return attending


def prove_reader(reader: "Reader", reference: Reference, budget: int) -> Proof:
    """Compare what a reader reads with the reference; raises StudyError where they differ by more than is tolerated."""
    shares = [
        Request(replace(request.statement, keys=(key,)), "sum")
        for request in reference.requests
        for key in range(request.statement.query + 1)
    ]
    sample = [*reference.requests, *shares]
    read = torch.from_numpy(reader.read_all([*_company(sample, budget), *sample], budget, lambda _: None))[
        -len(sample) :
    ]
    scores, rows = read.tensor_split([len(reference.requests)])
    found = torch.split(rows, [request.statement.query + 1 for request in reference.requests])
    expected = [_row(*each) for each in zip(reference.requests, reference.patterns, strict=True)]
    return _require(
        Proof(
            statements=len(reference.requests),
            row_sum=_largest([(a.sum(0) - b.sum(0)) for a, b in zip(found, expected, strict=True)]),
            pattern=_largest([a - b for a, b in zip(found, expected, strict=True)]),
            score=float((scores - _scores(reference.requests, reference.patterns)).abs().max()),
            score_tolerance=reference.score_tolerance,
            pattern_tolerance=reference.pattern_tolerance,
        )
    )


def _company(sample: Sequence[Request], budget: int) -> list[Request]:
    """Made-up statements that stand before a sample and fill most of its pass of `budget` tokens."""
    found = [leaf.tokens for leaf in leaves([request.tokens for request in sample])]
    longest = max(found, key=len)
    count = max(0, budget - sum(nodes_added(found))) // max(3, len(longest))
    return [_made_up(sample[0], (0, *divmod(number, 100), *longest[3:])) for number in range(count)]


def _made_up(request: Request, ids: Ids) -> Request:
    statement = request.statement
    tokens = replace(statement.tokens, ids=ids)
    return replace(request, statement=replace(statement, tokens=tokens, query=len(ids) - 1, keys=(0,)))


def prove_bridge(bridge: Any, reference: Reference) -> Proof:
    """Compare TransformerLens's patterns with the reference; raises StudyError where they differ by too much."""
    patterns = _bridge_patterns(bridge, [request.statement for request in reference.requests])
    expected = _scores(reference.requests, reference.patterns)
    return _require(
        Proof(
            statements=len(patterns),
            row_sum=_largest([a.sum(-1) - b.sum(-1) for a, b in zip(patterns, reference.patterns, strict=True)]),
            pattern=_largest([a - b for a, b in zip(patterns, reference.patterns, strict=True)]),
            score=float((_scores(reference.requests, patterns) - expected).abs().max()),
            score_tolerance=reference.score_tolerance,
            pattern_tolerance=reference.pattern_tolerance,
        )
    )


def _require(proof: Proof) -> Proof:
    if not proof.holds:
        raise StudyError(
            f"the captured attention does not prove itself on {proof.statements} statements: scores differ from plain "
            f"transformers by up to {proof.score:.1e} and the sums of pattern rows by up to {proof.row_sum:.1e} (at most "
            f"{proof.score_tolerance:.0e} is accepted), patterns by up to {proof.pattern:.1e} "
            f"(at most {proof.pattern_tolerance:.0e}). Nothing was kept."
        )
    return proof


def _bridge_patterns(bridge: Any, statements: Sequence[Statement]) -> list[torch.Tensor]:
    sequences = [statement.tokens.ids for statement in statements]
    names, tokens = pattern_names(bridge), padded_tokens(sequences).to(bridge.cfg.device)
    with torch.inference_mode():
        _, cache = bridge.run_with_cache(tokens, names_filter=names, return_type=None, use_cache=False)
    layers = torch.stack([cache[name].float().cpu() for name in names], dim=1)
    return [layers[row, :, :, : len(ids), : len(ids)] for row, ids in enumerate(sequences)]


def _row(request: Request, patterns: torch.Tensor) -> torch.Tensor:
    """The shares of attention of the query position, [key, layer, head]."""
    query = request.statement.query
    return patterns[:, :, query, : query + 1].permute(2, 0, 1)


def _scores(requests: Sequence[Request], patterns: Sequence[torch.Tensor]) -> torch.Tensor:
    """Each request's score at every head, [request, layer, head], from its whole patterns [layer, head, query, key]."""
    found = []
    for request, pattern in zip(requests, patterns, strict=True):
        layers = range(len(pattern))
        spots = [(layer, request.statement.query) for layer in layers]
        looks = Looks.of(spots, layers, [request] * len(layers), pattern.shape[-1], pattern.device)
        found.append(looks.scores(pattern))
    return torch.stack(found)


def _largest(differences: Sequence[torch.Tensor]) -> float:
    return max(float(difference.abs().max()) for difference in differences)
