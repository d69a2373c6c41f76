"""Controls that need the model: known kinds of heads on random tokens, and how far arithmetic alone moves a score.

1. Positive: `SEQUENCES` sequences of `PERIOD` different ordinary tokens said twice, drawn with a fixed seed from the
   tokenizer's own vocabulary and begun as the study's statements are. The mean attention of every head over the
   steps of `controls.Repeats`, over all sequences (Olsson et al. 2022, "In-context Learning and Induction Heads").
2. Noise floor: `SAMPLE` statements spread over the study's lengths are read each alone, and compared with what the
   study captured together; where the model has at most `LARGEST_IN_FLOAT64` parameters, plain
   transformers read them too with weights and products in float64 (norms and softmax as the model's code has them).

Each is kept in the store, so that a build in which nothing changed imports no torch.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer as FastTokenizer

from reportgen import provenance
from reportgen.capture.opening import ProvenModel
from reportgen.capture.record import Scores
from reportgen.capture.request import ask
from reportgen.controls import Map, ModelControls, NoiseFloor, PositiveControl, Repeats, Steps
from reportgen.models.convert import weights_folder
from reportgen.models.tokenizer import Tokenizer
from reportgen.spec.model import Aggregation
from reportgen.statements import Statement
from reportgen.store import Store, content_key

if TYPE_CHECKING:
    import torch

SEQUENCES, PERIOD, SEED = 8, 32, 0
SAMPLE = 16
LARGEST_IN_FLOAT64 = 500_000_000

_REDUCE: dict[Aggregation, Callable[..., Any]] = {"sum": np.sum, "mean": np.mean, "max": np.max}


def measure_controls(
    statements: Sequence[Statement],
    values: Scores,
    model: ProvenModel,
    aggregation: Aggregation,
    tokenizer: Tokenizer,
) -> ModelControls:
    """The controls of a study whose `values` [statement, layer, head] were captured from these statements.

    Raises StudyError where the model cannot be opened or trusted.
    """
    return ModelControls(
        positive=_positive(statements, model, aggregation, tokenizer),
        noise=_noise(statements, values, model, aggregation),
    )


def _positive(
    statements: Sequence[Statement], model: ProvenModel, aggregation: Aggregation, tokenizer: Tokenizer
) -> PositiveControl:
    ordinary = ordinary_tokens(tokenizer)
    repeats = repeats_for(tokenizer, len(ordinary))
    sequences = repeated_tokens(repeats, ordinary, tokenizer.bos, np.random.default_rng(SEED))
    store, shelf, key = Store(model.cache), model.shelf("controls"), content_key("positive", _code(), sequences)
    kept = store.get(shelf, key)
    if kept is not None:
        return PositiveControl.from_bytes(kept)
    bridge, _ = model.bridge(statements, aggregation)
    measured = known_heads(bridge, repeats, sequences)
    store.put(shelf, key, measured.to_bytes())
    return measured


def _noise(statements: Sequence[Statement], values: Scores, model: ProvenModel, aggregation: Aggregation) -> NoiseFloor:
    places = spread_over_lengths(statements)
    sample, captured = [statements[place] for place in places], values[places]
    asked = [(statement.tokens.ids, statement.query, statement.keys) for statement in sample]
    key = content_key("noise", _code(), asked, aggregation, captured.tobytes().hex())
    store, shelf = Store(model.cache), model.shelf("controls")
    kept = store.get(shelf, key)
    if kept is not None:
        return NoiseFloor.from_bytes(kept)
    measured = _measure_noise(sample, captured, model, aggregation)
    store.put(shelf, key, measured.to_bytes())
    return measured


def _code() -> str:
    """The version of what says where known heads look and what a floor is; that of this room is in the shelf's name."""
    return provenance.code_version("controls.py")


def repeats_for(tokenizer: Tokenizer, ordinary: int) -> Repeats:
    """As many tokens twice as are usual, or as few as the context and so many `ordinary` tokens allow."""
    before = int(tokenizer.bos is not None)
    room = PERIOD if tokenizer.context is None else (tokenizer.context - before) // 2
    return Repeats(SEQUENCES, before, max(1, min(PERIOD, room, ordinary)))


def repeated_tokens(
    repeats: Repeats, ordinary: Sequence[int], bos: int | None, rng: np.random.Generator
) -> list[tuple[int, ...]]:
    """Sequences of token ids: `bos` where there is one, then different `ordinary` tokens, twice."""
    before = () if bos is None else (bos,)
    once = [rng.choice(ordinary, repeats.period, replace=False).tolist() for _ in range(repeats.sequences)]
    return [(*before, *tokens, *tokens) for tokens in once]


def ordinary_tokens(tokenizer: Tokenizer) -> list[int]:
    """The ids that stand for text: the vocabulary without special and added tokens."""
    fast = FastTokenizer.from_file(str(tokenizer.folder / "tokenizer.json"))
    return sorted(set(fast.get_vocab(with_added_tokens=False).values()) - set(fast.get_added_tokens_decoder()))


def known_heads(bridge: Any, repeats: Repeats, sequences: Sequence[tuple[int, ...]]) -> PositiveControl:
    """Every head's mean attention over the steps of either kind, in one forward pass."""
    from reportgen.capture.hooks import hooked  # noqa: PLC0415

    previous: list[Map] = []
    induction: list[Map] = []

    def take(_: int, pattern: "torch.Tensor") -> None:
        previous.append(mean_attention(pattern, repeats.previous))
        induction.append(mean_attention(pattern, repeats.induction))

    with hooked(bridge) as passes:
        passes.run(sequences, take)
    return PositiveControl(repeats, np.stack(previous), np.stack(induction))


def mean_attention(pattern: "torch.Tensor", steps: Steps) -> Map:
    """The mean over sequences and steps of a layer's `pattern` [sequence, head, query, key], [head]."""
    attention: Map = pattern[:, :, steps.queries, steps.keys].double().mean(dim=(0, 2)).cpu().numpy()
    return attention


def spread_over_lengths(statements: Sequence[Statement]) -> list[int]:
    """The places of up to `SAMPLE` statements, from the shortest to the longest, evenly."""
    order = sorted(range(len(statements)), key=lambda place: (len(statements[place].tokens.ids), place))
    chosen = np.linspace(0, len(order) - 1, min(SAMPLE, len(order))).round().astype(int)
    return [order[place] for place in chosen]


def _measure_noise(
    sample: Sequence[Statement], captured: Scores, model: ProvenModel, aggregation: Aggregation
) -> NoiseFloor:
    alone = scores_alone(model, sample, aggregation)
    weights = model.plain(sample, aggregation).model.parameters()
    rounding = None
    if sum(parameter.numel() for parameter in weights) <= LARGEST_IN_FLOAT64:
        model.progress.say("reading some statements in float64, for the noise floor")
        exact = scores_in_float64(model, sample, aggregation)
        rounding = _largest_change(alone, exact)
    return NoiseFloor(len(sample), _largest_change(alone, captured), rounding)


def _largest_change(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> Map:
    change: Map = np.abs(one.astype(np.float64) - other).max(axis=0)
    return change


def scores_alone(model: ProvenModel, statements: Sequence[Statement], aggregation: Aggregation) -> Map:
    """Scores [statement, layer, head] of statements that each have a forward pass of their own."""
    with model.reading(statements, aggregation) as reading:
        alone = [
            reading.reader.read_all([request], model.budget, lambda _: None) for request in ask(statements, aggregation)
        ]
    return np.concatenate(alone)


def scores_in_float64(model: ProvenModel, statements: Sequence[Statement], aggregation: Aggregation) -> Map:
    """Scores [statement, layer, head] from plain transformers, eager attention, in float64 on the processor."""
    import torch  # noqa: PLC0415

    from reportgen.models.load import open_eager  # noqa: PLC0415

    exact = open_eager(weights_folder(model.source, model.cache, model.progress), "cpu").double()
    found = []
    with torch.inference_mode():
        for statement in statements:
            tokens = torch.tensor([statement.tokens.ids])
            patterns = exact(tokens, output_attentions=True, use_cache=False, logits_to_keep=1).attentions
            found.append(np.stack([_score(pattern, statement, aggregation) for pattern in patterns]))
    return np.stack(found)


def _score(pattern: "torch.Tensor", statement: Statement, aggregation: Aggregation) -> Map:
    """Every head's score [head] from a layer's `pattern` [1, head, query, key] of the statement alone, in float64."""
    row = pattern[0, :, statement.query, list(statement.keys)].double().cpu().numpy()
    score: Map = _REDUCE[aggregation](row, axis=-1)
    return score
