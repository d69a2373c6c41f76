import math

import pytest

from reportgen import numbers


@pytest.mark.parametrize(
    ("share", "text"),
    [
        *((0.139, "13.9"), (-0.139, "−13.9"), (0.0, "0.0"), (-0.0001, "0.0"), (1.0, "100.0")),
        *((math.nan, "–"), (math.inf, "∞"), (-math.inf, "−∞")),
    ],
)
def test_points_carry_a_real_minus_and_no_signed_zero(share: float, text: str) -> None:
    assert numbers.points(share) == text


def test_intervals_stand_in_brackets() -> None:
    assert numbers.points_interval(-0.021, 0.158) == "[−2.1, 15.8]"
    assert numbers.points_interval(-math.inf, math.inf) == "[−∞, ∞]"


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.0, "p < 0.001"), (0.0009, "p < 0.001"), (0.013, "p = 0.013"), (1.0, "p > 0.999"), (0.25, "p = 0.250")],
)
def test_p_values_are_never_zero_and_never_in_e_notation(p: float, text: str) -> None:
    assert numbers.p_equals(p) == text


@pytest.mark.parametrize(
    ("value", "text"), [(3.6e-06, "0.000004"), (0.0, "0"), (5e-05, "0.00005"), (1.3e-06, "0.000001")]
)
def test_tiny_deviations_are_written_out(value: float, text: str) -> None:
    assert numbers.small(value) == text


def test_significant_digits_are_kept() -> None:
    assert numbers.significant(0.05 / 270) == "0.00019"


def test_nouns_are_counted() -> None:
    assert [numbers.things(n, "pair") for n in (1, 1038)] == ["1 pair", "1,038 pairs"]


def test_a_share_of_nothing_is_no_number() -> None:
    assert [numbers.percent(89, 270), numbers.percent(1, 0)] == ["33\u00a0%", "–"]


def test_probabilities_are_levels() -> None:
    assert [numbers.level(0.95), numbers.level(0.001), numbers.level(0.9999)] == [
        "95\u00a0%",
        "0.1\u00a0%",
        "99.99\u00a0%",
    ]


def test_a_level_of_one_less_alpha_shows_no_rounding() -> None:
    assert [numbers.level(1 - alpha) for alpha in (0.05, 0.1, 0.3)] == ["95\u00a0%", "90\u00a0%", "70\u00a0%"]


def test_decimals_group_thousands() -> None:
    assert [numbers.decimal(-1234.5, 1), numbers.decimal(-0.001)] == ["−1,234.5", "0.00"]


def test_an_interval_of_plain_numbers_has_as_many_digits_at_both_ends() -> None:
    assert numbers.interval(-0.1, 0.254) == "[−0.10, 0.25]"
    assert numbers.interval(-0.0001, 12.0, 1) == "[0.0, 12.0]"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (40.4, "40 s"), (99.4, "99 s"), (150, "2 min"), (5990, "100 min"), (9000, "2.5 h")],
)
def test_durations_are_rough(seconds: float, text: str) -> None:
    assert numbers.duration(seconds) == text
