"""The figures over time: what is drawn where, and how the scales are chosen."""

import math
from typing import Any

import plotly.graph_objects as go
import pytest

from reportgen.figures.over_time import (
    Counts,
    Course,
    Effect,
    Point,
    counts_height,
    effects_over_time,
    found_over_time,
    marks_in_words,
)

POINTS = [
    Point("2026-11-03T04:17:05+00:00", "2026-11-03", "first"),
    Point("2026-11-10T04:17:05+00:00", "2026-11-10", "failed"),
    Point("2026-11-17T04:17:05Z", "2026-11-17", "changed"),
    Point("2026-11-24T04:17:05+00:00", "2026-11-24", "alarm"),
]


def effect(value: float, half: float = 0.02, *, found: bool = True) -> Effect:
    return Effect(value, value - half, value + half, found)


def drawn(figure: dict[str, Any]) -> dict[str, Any]:
    """The figure as Plotly takes it, which refuses what it does not know."""
    return dict(go.Figure(figure).to_plotly_json())


def test_failed_runs_break_the_line_and_are_crosses_inside_the_panel() -> None:
    figure = drawn(found_over_time(POINTS, [Counts("True | <false>", (40, None, 41, 43))]))
    steps, crosses = figure["data"]
    assert list(steps["y"]) == [40, None, 41, 43]
    assert list(steps["marker"]["symbol"])[2:] == ["diamond", "triangle-up"]
    assert list(crosses["x"]) == ["2026-11-10 04:17:05"]
    low, high = figure["layout"]["yaxis"]["range"]
    assert low < crosses["y"][0] < 40 < 43 < high
    assert "&lt;false&gt;" in figure["layout"]["annotations"][0]["text"]


def test_a_head_more_or_less_is_no_landslide() -> None:
    few = drawn(found_over_time(POINTS, [Counts("t", (2, None, 2, 3))]))["layout"]["yaxis"]["range"]
    many = drawn(found_over_time(POINTS, [Counts("t", (100, None, 100, 101))]))["layout"]["yaxis"]["range"]
    assert few[1] - few[0] == pytest.approx(6)
    assert many[1] - many[0] == pytest.approx(1.5 * 10.1)


def test_each_contrast_has_a_panel_of_its_own_under_one_axis_of_time() -> None:
    counts = [Counts("one", (4, None, 4, 4)), Counts("two", (None, None, 7, 9))]
    figure = drawn(found_over_time(POINTS, counts))
    assert figure["layout"]["height"] == counts_height(2)
    upper, lower = (figure["layout"][axis]["domain"] for axis in ("yaxis", "yaxis2"))
    assert upper[0] > lower[1]
    assert {trace["yaxis"] for trace in figure["data"]} == {"y", "y2"}
    assert {trace["xaxis"] for trace in figure["data"]} == {"x"}


def test_runs_that_found_something_else_are_marked_through_all_rows() -> None:
    figure = drawn(effects_over_time(POINTS, [Course("L0H1", (effect(0.1), None, effect(0.11), effect(0.2)))]))
    assert [shape["x0"] for shape in figure["layout"]["shapes"]] == ["2026-11-17 04:17:05", "2026-11-24 04:17:05"]


def test_rows_have_one_scale_each_around_its_own_middle() -> None:
    courses = [
        Course("L0H1", (effect(0.1), None, effect(0.14), effect(0.14))),
        Course("L0H2", (effect(-0.1), None, effect(-0.1), effect(-0.1))),
    ]
    layout = drawn(effects_over_time(POINTS, courses))["layout"]
    (low, high), (low2, high2) = layout["yaxis"]["range"], layout["yaxis2"]["range"]
    assert high - low == pytest.approx(high2 - low2) == pytest.approx(1.1 * 8)
    assert (low + high) / 2 == pytest.approx(12)
    assert (low2 + high2) / 2 == pytest.approx(-10)
    assert layout["yaxis"]["dtick"] == layout["yaxis2"]["dtick"] == 2


def test_a_head_is_hollow_where_it_is_not_found_and_missing_where_nothing_is_known() -> None:
    course = Course("L0H1", (effect(0.1), None, effect(0.01, found=False), effect(0.1)))
    (trace,) = drawn(effects_over_time(POINTS, [course]))["data"]
    assert list(trace["y"]) == [10, None, 1, 10]
    assert [trace["marker"]["symbol"][place] for place in (0, 2)] == ["circle", "circle-open"]
    assert trace["text"][2] == "<b>L0H1</b>, 2026-11-17: 1.0 [−1.0, 3.0], not found"


def test_an_open_bound_reaches_the_edge_of_its_row() -> None:
    course = Course("L0H1", (effect(0.1), None, Effect(0.1, 0.08, math.inf, True), Effect(0.1, -math.inf, 0.12, True)))
    figure = drawn(effects_over_time(POINTS, [course]))
    low, high = figure["layout"]["yaxis"]["range"]
    error = figure["data"][0]["error_y"]
    assert error["array"][2] == pytest.approx(high - 10, abs=1e-3)
    assert error["arrayminus"][3] == pytest.approx(10 - low, abs=1e-3)
    assert list(error["arrayminus"])[:3] == [pytest.approx(2), None, pytest.approx(2)]


def test_effects_that_never_move_and_have_no_interval_still_have_a_scale() -> None:
    course = Course("L0H1", (Effect(0.1, -math.inf, math.inf, True), None, None, None))
    low, high = drawn(effects_over_time(POINTS, [course]))["layout"]["yaxis"]["range"]
    assert low < 10 < high


def test_a_single_run_has_days_around_it() -> None:
    start, end = drawn(found_over_time(POINTS[:1], [Counts("t", (3,))]))["layout"]["xaxis"]["range"]
    assert (start, end) == ("2026-10-31 04:17:05", "2026-11-06 04:17:05")


def test_only_marks_that_are_drawn_are_explained() -> None:
    assert marks_in_words(POINTS).replace("\u00a0", " ") == "● the first run, ◆ findings changed, ▲ alarm, ✕ failed"
