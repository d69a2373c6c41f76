"""Controls that need the model: known kinds of heads on random tokens, and how far arithmetic alone moves a score.

1. Positive: `SEQUENCES` sequences of `PERIOD` different ordinary tokens said twice, drawn with a fixed seed from the
   tokenizer's own vocabulary and begun as the study's statements are. The mean attention of every head over the
   steps of `controls.Repeats`, over all sequences (Olsson et al. 2022, "In-context Learning and Induction Heads").
2. Noise floor: `SAMPLE` statements spread over the study's lengths are read each alone, and compared with what the
   study captured together, and with plain transformers in finer arithmetic on the processor. A run in bfloat16 or
   float16 is compared with float32, always; one in float32 with weights and products in float64 (norms and softmax as
   the model's code has them), where the model has at most `LARGEST_IN_FLOAT64` parameters and memory has room for both.

Each is kept in the store, so that a build in which nothing changed imports no torch.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from reportgen import provenance
from reportgen.capture.opening import ProvenModel, Reader
from reportgen.capture.record import Scores
from reportgen.capture.request import Request, ask
from reportgen.capture.thrift import is_out_of_memory
from reportgen.controls import Map, ModelControls, NoiseFloor, PositiveControl, Repeats, Steps
from reportgen.models.memory import ROOM, main_memory
from reportgen.models.tokenizer import Tokenizer, Tokens
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
    repeats = repeats_for(tokenizer)
    sequences = repeated_tokens(repeats, tokenizer.ordinary, tokenizer.bos, np.random.default_rng(SEED))
    store, shelf, key = Store(model.cache), model.shelf("controls"), content_key("positive", _code(), sequences)
    model.sought["controls"].add(key)
    kept = store.get(shelf, key)
    if kept is not None:
        return PositiveControl.from_bytes(kept)
    model.require("positive control")
    said = [replace(statements[0], text="random tokens said twice", tokens=Tokens(ids, (), ())) for ids in sequences]
    with model.reading(statements, aggregation) as reading:
        measured = known_heads(reading.reader, model.budget, repeats, said)
    store.put(shelf, key, measured.to_bytes())
    return measured


def _noise(statements: Sequence[Statement], values: Scores, model: ProvenModel, aggregation: Aggregation) -> NoiseFloor:
    places = spread_over_lengths(statements)
    sample, captured = [statements[place] for place in places], values[places]
    asked = [(statement.tokens.ids, statement.query, statement.keys) for statement in sample]
    key = content_key("noise", _code(), asked, aggregation, captured.tobytes().hex())
    store, shelf = Store(model.cache), model.shelf("controls")
    model.sought["controls"].add(key)
    kept = store.get(shelf, key)
    if kept is not None:
        return NoiseFloor.from_bytes(kept)
    model.require("noise floor")
    measured = _measure_noise(sample, captured, model, aggregation)
    store.put(shelf, key, measured.to_bytes())
    return measured


def _code() -> str:
    """The version of what says where known heads look and what a floor is; that of this room is in the shelf's name."""
    return provenance.code_version("controls.py")


def repeats_for(tokenizer: Tokenizer) -> Repeats:
    """As many tokens twice as are usual, or as few as the context and the number of ordinary tokens allow."""
    before = int(tokenizer.bos is not None)
    room = PERIOD if tokenizer.context is None else (tokenizer.context - before) // 2
    return Repeats(SEQUENCES, before, max(1, min(PERIOD, room, len(tokenizer.ordinary))))


def repeated_tokens(
    repeats: Repeats, ordinary: Sequence[int], bos: int | None, rng: np.random.Generator
) -> list[tuple[int, ...]]:
    """Sequences of token ids: `bos` where there is one, then different `ordinary` tokens, twice."""
    before = () if bos is None else (bos,)
    once = [rng.choice(ordinary, repeats.period, replace=False).tolist() for _ in range(repeats.sequences)]
    return [(*before, *tokens, *tokens) for tokens in once]


def known_heads(reader: Reader, budget: int, repeats: Repeats, said: Sequence[Statement]) -> PositiveControl:
    """Every head's mean attention over the steps of either kind, in what is `said` twice."""
    previous, induction = (_looks(said, steps) for steps in (repeats.previous, repeats.induction))
    scores = reader.read_all([*previous, *induction], budget, lambda _: None).astype(np.float64)
    return PositiveControl(repeats, scores[: len(previous)].mean(axis=0), scores[len(previous) :].mean(axis=0))


def _looks(said: Sequence[Statement], steps: Steps) -> list[Request]:
    """A request for every step in every sequence: one share of attention."""
    places = list(zip(steps.queries.tolist(), steps.keys.tolist(), strict=True))
    return [Request(replace(each, query=query, keys=(key,)), "sum") for each in said for query, key in places]


def spread_over_lengths(statements: Sequence[Statement]) -> list[int]:
    """The places of up to `SAMPLE` statements, from the shortest to the longest, evenly."""
    order = sorted(range(len(statements)), key=lambda place: (len(statements[place].tokens.ids), place))
    chosen = np.linspace(0, len(order) - 1, min(SAMPLE, len(order))).round().astype(int)
    return [order[place] for place in chosen]


def _measure_noise(
    sample: Sequence[Statement], captured: Scores, model: ProvenModel, aggregation: Aggregation
) -> NoiseFloor:
    import torch  # noqa: PLC0415

    alone = scores_alone(model, sample, aggregation)
    rounding = None
    if model.is_coarse or _fits_in_float64(model.parameters):
        finer = torch.float32 if model.is_coarse else torch.float64
        model.progress.say(f"reading some statements in {str(finer).removeprefix('torch.')}, for the noise floor")
        try:
            rounding = _largest_change(alone, scores_by(by_loops(model.finer(finer)), sample, aggregation))
        except RuntimeError as error:  # code that knows no float64
            if model.is_coarse or is_out_of_memory(error):
                raise
            model.progress.say(f"this model cannot be read in float64: {error}")
    return NoiseFloor(len(sample), _largest_change(alone, captured), rounding, model.section.arithmetic)


def by_loops(model: Any) -> Any:
    """The model itself, its experts (if it has any) run one after the other: grouped products know no float64."""
    if getattr(model.config, "_experts_implementation", None) is not None:
        model.set_experts_implementation("eager")
    return model


def _fits_in_float64(parameters: int) -> bool:
    """Whether a model is small enough to be opened a second time in float64, beside itself."""
    return parameters <= LARGEST_IN_FLOAT64 and parameters * (4 + 8) <= ROOM * main_memory()


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


def scores_by(model: Any, statements: Sequence[Statement], aggregation: Aggregation) -> Map:
    """Scores [statement, layer, head] from plain transformers, eager attention, in the model's own arithmetic."""
    import torch  # noqa: PLC0415

    found = []
    with torch.inference_mode():
        for statement in statements:
            tokens = torch.tensor([statement.tokens.ids])
            patterns = model(tokens, output_attentions=True, use_cache=False, logits_to_keep=1).attentions
            found.append(np.stack([_score(pattern, statement, aggregation) for pattern in patterns]))
    return np.stack(found)


def _score(pattern: "torch.Tensor", statement: Statement, aggregation: Aggregation) -> Map:
    """Every head's score [head] from a layer's `pattern` [1, head, query, key] of the statement alone, in float64."""
    row = pattern[0, :, statement.query, list(statement.keys)].double().cpu().numpy()
    score: Map = _REDUCE[aggregation](row, axis=-1)
    return score
