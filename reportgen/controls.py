"""The controls of a run: what must not be found, what must be found, and what is too small to mean anything.

1. Negative: the labels are shuffled within the design, so that no difference is real, and the pipeline tests the
   shuffled sets as it tested the real ones. Pairs swap their partners at random; independent sets are pooled and
   drawn anew (Fisher 1935; Nichols & Holmes 2002 for maps). This checks the machinery, not the assumption that units
   are independent: shuffling makes them so.
2. Positive: on random tokens said twice, heads that any language model has must be seen where they stand:
   previous-token heads look one token back (Elhage et al. 2021), induction heads in the second saying look at the
   token after the first (Olsson et al. 2022).
3. Noise floor: how far a head's score moves when the arithmetic alone changes. An effect is a difference of two
   scores, so effects below twice the floor mean nothing.

What the model is needed for is measured in `capture`; nothing here knows torch.
"""

import io
from dataclasses import dataclass
from typing import Literal, Self, get_args

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.stats import binom

from reportgen import numbers
from reportgen.inference import HeadTests, test_units
from reportgen.notices import Notice
from reportgen.spec.model_section import Arithmetic

SHUFFLES = 20
COUNTS_AS = 0.4
"""The attention at which a head counts as one of a kind: the threshold of the ARENA course with TransformerLens."""
TOO_UNLIKELY = 0.01

Positions = npt.NDArray[np.intp]
Map = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Steps:
    """Places in a pattern: attention from `queries` to `keys`, [step]."""

    queries: Positions
    keys: Positions

    @property
    def uniform(self) -> float:
        """The mean attention over these places of a head that looks at every token before it, and itself, alike."""
        return float(np.mean(1 / (self.queries + 1)))


@dataclass(frozen=True)
class Repeats:
    """Sequences of `period` different random tokens said twice, after `before` other tokens (1 with a BOS, else 0)."""

    sequences: int
    before: int
    period: int

    @property
    def previous(self) -> Steps:
        """From every random token but the first to the one before it."""
        queries = np.arange(self.before + 1, self.before + 2 * self.period)
        return Steps(queries, queries - 1)

    @property
    def induction(self) -> Steps:
        """From every token of the second saying to the one that came after it in the first."""
        queries = np.arange(self.before + self.period, self.before + 2 * self.period)
        return Steps(queries, queries - self.period + 1)


@dataclass(frozen=True)
class HeadKind:
    """A kind of head that is known: how much attention every head [layer, head] gives where this kind looks, and how
    much a head would give there that looks everywhere alike."""

    name: str
    scores: Map
    uniform: float

    @property
    def heads(self) -> int:
        """How many heads count as this kind."""
        return int((self.scores >= COUNTS_AS).sum())

    def best(self, k: int) -> list[tuple[int, int]]:
        """The first k heads as (layer, head), most attention first."""
        order = np.argsort(-self.scores.ravel(), kind="stable")[:k]
        per_layer = self.scores.shape[1]
        return [(int(place) // per_layer, int(place) % per_layer) for place in order]


@dataclass(frozen=True)
class PositiveControl:
    """What heads do on random tokens said twice: mean attention [layer, head] over the steps of each kind."""

    repeats: Repeats
    previous: Map
    induction: Map

    @property
    def kinds(self) -> tuple[HeadKind, HeadKind]:
        """Previous-token and induction heads."""
        return (
            HeadKind("previous-token", self.previous, self.repeats.previous.uniform),
            HeadKind("induction", self.induction, self.repeats.induction.uniform),
        )

    @property
    def passes(self) -> bool:
        """Whether at least one head of each kind is found."""
        return all(kind.heads for kind in self.kinds)

    def to_bytes(self) -> bytes:
        """The control as one NumPy archive."""
        repeats = [self.repeats.sequences, self.repeats.before, self.repeats.period]
        return _archive(repeats=np.array(repeats), previous=self.previous, induction=self.induction)

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """The control that `to_bytes` packed."""
        with np.load(io.BytesIO(payload), allow_pickle=False) as packed:
            return cls(Repeats(*packed["repeats"].tolist()), packed["previous"], packed["induction"])


@dataclass(frozen=True)
class NoiseFloor:
    """The largest change of each head's score [layer, head], in shares of attention, over some statements.

    `batching`: a statement read alone against the same one read in a batch. `rounding`: read alone in the run's `dtype`
    against a finer one; None where the model is too large for that or does not know it, which only float32 is allowed.
    """

    statements: int
    batching: Map
    rounding: Map | None
    dtype: Arithmetic = "float32"

    @property
    def finer(self) -> Literal["float64", "float32"]:
        """What `rounding` is measured against."""
        return "float64" if self.dtype == "float32" else "float32"

    @property
    def noise(self) -> Map:
        """The larger of the two, [layer, head]. A mean over many statements moves less than one of them."""
        return self.batching if self.rounding is None else np.maximum(self.batching, self.rounding)

    def below_noise(self, effect: Map) -> Marks:
        """Which effects [layer, head] are no larger than twice the noise of their head; one that is not a number is not.

        An effect is a difference of two scores, and each may be off by the noise; statements outside the sample may
        move more.
        """
        below: Marks = np.abs(effect) <= 2 * self.noise
        return below

    def to_bytes(self) -> bytes:
        """The floor as one NumPy archive."""
        rounding = {} if self.rounding is None else {"rounding": self.rounding}
        statements, dtype = np.array(self.statements), np.array(self.dtype)
        return _archive(statements=statements, dtype=dtype, batching=self.batching, **rounding)

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """The floor that `to_bytes` packed."""
        with np.load(io.BytesIO(payload), allow_pickle=False) as packed:
            said = str(packed["dtype"])
            dtype = next(name for name in get_args(Arithmetic) if name == said)
            return cls(int(packed["statements"]), packed["batching"], packed.get("rounding"), dtype)


@dataclass(frozen=True)
class ModelControls:
    """What was measured on the model itself, whatever the contrasts are."""

    positive: PositiveControl
    noise: NoiseFloor

    @property
    def notices(self) -> tuple[Notice, ...]:
        """Warnings where a kind of head that language models have was not found, and where coarse arithmetic moves scores."""
        return (*_not_found(self.positive), *_coarse(self.noise))


def _not_found(positive: PositiveControl) -> tuple[Notice, ...]:
    missing = [kind.name for kind in positive.kinds if not kind.heads]
    if not missing:
        return ()
    message = (
        f"On random tokens said twice no {' or '.join(missing)} head is found in this model. Very small or untrained "
        "models have none; in any other, doubt that attention is read from where it should be."
    )
    return (Notice("warning", message),)


def _coarse(noise: NoiseFloor) -> tuple[Notice, ...]:
    if noise.dtype == "float32" or noise.rounding is None:
        return ()
    message = (
        f"The model ran in {noise.dtype}. That alone moves the score of a head by up to "
        f"{numbers.points(float(noise.rounding.max()))} points of attention, and of the median head by "
        f"{numbers.points(float(np.median(noise.rounding)))}, from what {noise.finer} gives. Do not trust an effect that is "
        "no larger than twice what it moves its head by (the part “Controls” names the heads found that are not). What the "
        f"model knows of the facts is read in {noise.dtype} too. `model.dtype: float32` does away with all of it."
    )
    return (Notice("warning", message),)


@dataclass(frozen=True)
class NegativeControl:
    """What the pipeline finds where the labels were shuffled: one shuffle as a map, and how many heads in each.

    `effect` (a share of attention) and `found` are [layer, head], of the first shuffle; `family` is the number of
    heads that were tested in it.
    """

    effect: Map
    found: Marks
    family: int
    over_draws: tuple[int, ...]

    @property
    def alarms(self) -> int:
        """In how many shuffles any head was found, each time wrongly."""
        return sum(count > 0 for count in self.over_draws)

    def more_than(self, rate: float) -> bool:
        """Whether there were more alarms than shuffles that each alarm with a probability of `rate` would give, all
        but once in a hundred times (exact binomial tail)."""
        return bool(binom.sf(self.alarms - 1, len(self.over_draws), rate) < TOO_UNLIKELY)


@dataclass(frozen=True)
class Controls:
    """All controls of one contrast."""

    model: ModelControls
    negative: NegativeControl


def negative_control(tests: HeadTests, seed: int, draws: int = SHUFFLES) -> NegativeControl:
    """Shuffle the labels of a contrast `draws` times, and each time find heads as `tests` found them, but that the
    contrast is a family by itself."""
    again = (_retested(tests, rng) for rng in np.random.default_rng(seed).spawn(draws))
    shown = next(again)
    return NegativeControl(
        effect=shown.heads.effect.to_numpy().astype(np.float64),
        found=shown.recall_heads().to_numpy(),
        family=shown.family_size,
        over_draws=(_found(shown), *map(_found, again)),
    )


def _retested(tests: HeadTests, rng: np.random.Generator) -> HeadTests:
    """The other corrections are left out: they cost time and find no heads."""
    settings = tests.settings.model_copy(update={"corrections": (tests.headline,)})
    return test_units(*shuffled(tests, rng), tests.design, tests.contrast, settings)


def _found(tests: HeadTests) -> int:
    return int(tests.recall_heads().sum())


def shuffled(tests: HeadTests, rng: np.random.Generator) -> tuple[xr.DataArray, xr.DataArray]:
    """The units of a contrast, [unit, layer, head], with their labels shuffled within the design.

    Paired: each pair's two sides are swapped or not, by the toss of a coin. Independent: all units are pooled, and as
    many as there were are drawn for each set. A unit is a whole cluster where the spec names one.
    """
    pooled = xr.concat([tests.units_a, tests.units_b], dim="unit")
    first, second = _paired_rows(tests.n_a, rng) if tests.design == "paired" else _drawn_rows(tests, rng)
    return pooled.isel(unit=first), pooled.isel(unit=second)


def _paired_rows(pairs: int, rng: np.random.Generator) -> tuple[Positions, Positions]:
    swap = rng.integers(0, 2, pairs) * pairs
    rows = np.arange(pairs)
    return rows + swap, rows + pairs - swap


def _drawn_rows(tests: HeadTests, rng: np.random.Generator) -> tuple[Positions, Positions]:
    order = rng.permutation(tests.n_a + tests.n_b)
    return order[: tests.n_a], order[tests.n_a :]


def _archive(**arrays: npt.NDArray[np.generic]) -> bytes:
    packed = io.BytesIO()
    np.savez(packed, **arrays)  # type: ignore[arg-type]
    return packed.getvalue()
