"""A figure outside a page: its colours are those of the page, light and dark, and no variable is left."""

from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest

from reportgen.figures.heatmaps import significance_heatmaps
from reportgen.figures.standalone import colours_of, standalone
from tests import planted

CSS = (Path(__file__).parents[2] / "templates" / "assets" / "page.css").read_text(encoding="utf-8")


@pytest.mark.parametrize(("dark", "paper", "set_a"), [(False, "#ffffff", "#00689d"), (True, "#161615", "#56b4e9")])
def test_the_colours_are_those_of_the_page(dark: bool, paper: str, set_a: str) -> None:
    colours = colours_of(CSS, dark=dark)
    assert (colours["--paper"], colours["--set-a"]) == (paper, set_a)
    assert colours["--sans"].startswith("system-ui")


@pytest.mark.parametrize("dark", [False, True])
def test_a_map_keeps_its_values_and_loses_its_variables(dark: bool) -> None:
    made = planted.statements(20)
    figure = significance_heatmaps(planted.finding(made, planted.values(made, {(1, 2): 0.1})))
    alone = standalone(figure, colours_of(CSS, dark=dark))
    assert "var(" in figure.to_json()
    assert "var(" not in alone.to_json()
    np.testing.assert_array_equal(alone.data[0].z, figure.data[0].z)
    assert alone.layout.paper_bgcolor == colours_of(CSS, dark=dark)["--paper"]


def test_a_variable_that_no_style_sheet_knows_is_an_error() -> None:
    with pytest.raises(KeyError, match="--nowhere"):
        standalone(go.Figure(layout={"font": {"color": "var(--nowhere)"}}), colours_of(CSS, dark=False))
