"""How the effects that attribution tests are put into words."""

import numpy as np
import numpy.typing as npt

from reportgen import numbers
from reportgen.inference import HeadTests
from reportgen.stats.agreement import Agreement

Flags = npt.NDArray[np.bool_]
Place = tuple[int, int]


def stands(tests: HeadTests) -> Flags:
    """The heads found, [layer, head]."""
    return np.asarray(tests.recall_heads().to_numpy(), dtype=bool)


def strongest(tests: HeadTests) -> Place | None:
    """The head found that has the largest effect; None where none is found."""
    [place] = tests.strongest(1)
    return place if stands(tests)[place] else None


def with_interval(tests: HeadTests, place: Place, digits: int = 2) -> str:
    """An effect with its simultaneous interval: "0.41 [0.21, 0.62]"."""
    return _shown_with_interval(tests, place, 1, digits)


def in_thousandths(tests: HeadTests, place: Place) -> str:
    """The same in thousandths of its unit."""
    return _shown_with_interval(tests, place, 1000, 1)


def _shown_with_interval(tests: HeadTests, place: Place, times: int, digits: int) -> str:
    estimate, low, high = (
        numbers.decimal(times * float(tests.heads[name].to_numpy()[place]), digits)
        for name in ("effect", "simultaneous_low", "simultaneous_high")
    )
    return f"{estimate} [{low}, {high}]"


def in_points(tests: HeadTests, place: Place) -> str:
    """An effect on attention in points, with its simultaneous interval."""
    heads = tests.heads
    low, high = (float(heads[name].to_numpy()[place]) for name in ("simultaneous_low", "simultaneous_high"))
    return f"{numbers.points(float(heads.effect.to_numpy()[place]))} {numbers.points_interval(low, high)}"


def window_name(first: int, width: int) -> str:
    """Its layers: "layers 20–24"."""
    return f"layer {first}" if width == 1 else f"layers {first}–{first + width - 1}"


def agreement_text(agreement: Agreement) -> str:
    """A correlation with its interval: "0.15 [0.06, 0.23]"."""
    low, high = numbers.decimal(agreement.low), numbers.decimal(agreement.high)
    return f"{numbers.decimal(agreement.estimate)} [{low}, {high}]"
