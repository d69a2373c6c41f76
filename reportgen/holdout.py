"""Confirmation on units set apart: heads are chosen on one part and tested, with one correction over them, on the other.

1. The units are split at random (seeded); independent sets are each split in the same share.
2. On the first part the heads with an uncorrected p-value of at most α and an effect of at least the smallest one of
   interest are chosen: a wide net, since nothing is concluded from it.
3. On the second part these heads alone are tested and corrected for, as many of them as can be tested there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import xarray as xr

from reportgen.errors import shown
from reportgen.inference import HeadTests, test_units
from reportgen.notices import Notice


@dataclass(frozen=True)
class HeldHead:
    """A chosen head: its effect on both parts (shares of attention), its adjusted p-value on the second (NaN where it
    cannot be tested there), and whether the second part confirms it: significant, large enough, and in the same
    direction."""

    layer: int
    head: int
    chosen_effect: float
    effect: float
    low: float
    high: float
    adjusted: float
    confirmed: bool

    @property
    def name(self) -> str:
        """Layer and head as the field writes them: L9H1."""
        return f"L{self.layer}H{self.head}"


@dataclass(frozen=True)
class HeldOut:
    """The chosen heads, strongest on the second part first; the parts count units, of A where the sets differ.

    `notices` is what has to be told about the tests on the second part.
    """

    heads: tuple[HeldHead, ...]
    choosing: int
    testing: int
    notices: tuple[Notice, ...]

    @property
    def family(self) -> int:
        """How many of the chosen heads were tested on the second part, and are corrected for."""
        return sum(not np.isnan(head.adjusted) for head in self.heads)

    @property
    def can_confirm(self) -> bool:
        """Whether the second part allows a p-value that is small enough to confirm any head."""
        return not any(notice.kind == "warning" for notice in self.notices)

    @property
    def confirmed(self) -> int:
        """How many of the chosen heads the second part confirms."""
        return sum(head.confirmed for head in self.heads)


def hold_out(tests: HeadTests, share: float) -> HeldOut | None:
    """Choose heads on `share` of the units and test them on the rest; None where a part has fewer than two units."""
    rng = np.random.default_rng([tests.settings.seed, 4])
    first_a = _part(tests.n_a, share, rng)
    first_b = first_a if tests.design == "paired" else _part(tests.n_b, share, rng)
    if not all(2 <= part.sum() <= len(part) - 2 for part in (first_a, first_b)):
        return None
    choosing = _retest(tests, tests.units_a.isel(unit=first_a), tests.units_b.isel(unit=first_b))
    parts, places = (int(first_a.sum()), int((~first_a).sum())), _chosen(choosing)
    if not len(places):
        return HeldOut((), *parts, ())
    second_a, second_b = tests.units_a.isel(unit=~first_a), tests.units_b.isel(unit=~first_b)
    testing = _retest(tests, _only(second_a, places), _only(second_b, places))
    return HeldOut(_held(choosing, testing, places), *parts, tuple(_told(testing, places)))


def _part(units: int, share: float, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Which units are in the first part."""
    return np.asarray(rng.permutation(units) < round(units * share))


def _retest(tests: HeadTests, a: xr.DataArray, b: xr.DataArray) -> HeadTests:
    return test_units(a, b, tests.design, tests.contrast, tests.settings)


def _chosen(choosing: HeadTests) -> npt.NDArray[np.intp]:
    passing = (choosing.heads.p_value <= choosing.alpha) & choosing.large()
    return np.argwhere(passing.to_numpy())


def _held(choosing: HeadTests, testing: HeadTests, places: npt.NDArray[np.intp]) -> tuple[HeldHead, ...]:
    found = testing.recall_heads().to_numpy()[0]
    before = choosing.heads.effect.to_numpy()[tuple(places.T)]
    after = {name: testing.heads[name].to_numpy()[0] for name in ("effect", "simultaneous_low", "simultaneous_high")}
    adjusted = testing.adjusted(testing.headline).to_numpy()[0]
    heads = [
        HeldHead(
            layer=int(layer),
            head=int(head),
            chosen_effect=float(before[place]),
            effect=float(after["effect"][place]),
            low=float(after["simultaneous_low"][place]),
            high=float(after["simultaneous_high"][place]),
            adjusted=float(adjusted[place]),
            confirmed=bool(found[place] and after["effect"][place] * before[place] > 0),
        )
        for place, (layer, head) in enumerate(places)
    ]
    return tuple(sorted(heads, key=lambda head: -abs(head.effect)))


def _told(testing: HeadTests, places: npt.NDArray[np.intp]) -> Iterator[Notice]:
    """The notices of the second part, with the heads' names in the whole model."""
    names = {f"L0H{place}": f"L{layer}H{head}" for place, (layer, head) in enumerate(places)}
    for notice in testing.notices:
        message = f"On the units set apart of the contrast {shown(testing.contrast.id)}: {notice.message}"
        yield replace(notice, message=message, items=tuple(names.get(item, item) for item in notice.items))


def _only(units: xr.DataArray, places: npt.NDArray[np.intp]) -> xr.DataArray:
    """Some heads as one row of a map, [unit, 1, head]."""
    values = units.to_numpy()[:, places[:, 0], places[:, 1]][:, np.newaxis, :]
    return xr.DataArray(values, dims=units.dims, coords={"layer": [0], "head": np.arange(len(places))})
