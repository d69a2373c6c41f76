"""The frame that maps of heads share: two panels, layer by head, layer 0 on top, and a bar for each layer.

The panels stand side by side where a layer has few heads, and one under the other where it has many, so that a
cell stays wide enough to be seen and hit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from reportgen.figures import theme

_TOP, _BOTTOM, _BETWEEN = 46, 80, 64
_BAR_BELOW = 44
_MOST_SIDE_BY_SIDE = 24
_TOTALS = (0.90, 1.0)

Domain = tuple[float, float]


@dataclass(frozen=True)
class Frame:
    """Where everything stands on a map of so many layers and heads a layer."""

    layers: int
    per_layer: int

    @property
    def stacked(self) -> bool:
        return self.per_layer > _MOST_SIDE_BY_SIDE

    @property
    def height(self) -> int:
        """The figure's height in pixels."""
        return _TOP + _BOTTOM + self._inner

    @property
    def across(self) -> tuple[Domain, Domain]:
        return ((0.0, 0.86), (0.0, 0.86)) if self.stacked else ((0.0, 0.40), (0.46, 0.86))

    @property
    def up(self) -> tuple[Domain, Domain]:
        share = self._panel / self._inner
        return ((1 - share, 1.0), (0.0, share)) if self.stacked else ((0.0, 1.0), (0.0, 1.0))

    @property
    def bars(self) -> tuple[Domain, Domain]:
        """Where the two colour bars stand, below everything."""
        return ((0.0, 0.40), (0.46, 0.86))

    @property
    def bar_height(self) -> float:
        return -_BAR_BELOW / self._inner

    @property
    def _panel(self) -> int:
        return self.layers * (6 if self.stacked else 16 if self.layers <= 36 else 11)

    @property
    def _inner(self) -> int:
        return 2 * self._panel + _BETWEEN if self.stacked else self._panel

    def layout(self, largest_total: float, titles: Sequence[str]) -> go.Layout:
        """Axes and titles: `titles` are those of the two panels and of the bars, in Plotly's markup."""
        return theme.base_layout(
            height=self.height,
            margin={"l": 34, "r": 6, "t": _TOP, "b": _BOTTOM},
            xaxis={**self._heads_axis(), "domain": self.across[0], "anchor": "y"},
            xaxis2={**self._heads_axis(), "domain": self.across[1], "anchor": "y2"},
            xaxis3={**_BARE, "domain": _TOTALS, "range": [0, 1.5 * (largest_total or 1.0)], "showticklabels": False},
            yaxis={**self._layers_axis(), "domain": self.up[0], "title": _axis_title("layer")},
            yaxis2={
                **self._layers_axis(),
                "domain": self.up[1],
                "anchor": "x2",
                "showticklabels": self.stacked,
            },
            bargap=0.35,
            annotations=[
                _title(titles[0], self.across[0][0], self.up[0][1]),
                _title(titles[1], self.across[1][0], self.up[1][1]),
                {**_title(titles[2], 1, 1), "xanchor": "right", "align": "right"},
            ],
        )

    def panel(
        self,
        values: npt.NDArray[np.float64],
        panel: int,
        scale: list[list[object]],
        limits: Domain,
        name: str,
    ) -> go.Heatmap:
        """One number of every head, [layer, head], in the first or the second panel (0 or 1)."""
        left, right = self.bars[panel]
        gap = 0 if self.stacked else 1
        return go.Heatmap(
            z=np.round(values, 3),
            **_axes(panel),
            hovertemplate="L%{y}H%{x}: %{z}<extra></extra>",
            hoverongaps=True,
            colorscale=scale,
            zmin=limits[0],
            zmax=limits[1],
            xgap=gap,
            ygap=gap,
            colorbar={
                "orientation": "h",
                "x": (left + right) / 2,
                "xanchor": "center",
                "y": self.bar_height,
                "yanchor": "top",
                "len": right - left,
                "thickness": 8,
                "outlinewidth": 0,
                "tickfont": {"size": 11, "color": theme.INK_SOFT},
                "ticks": "",
                "nticks": 5,
                "title": {
                    "text": name if self.stacked else "",
                    "side": "bottom",
                    "font": {"size": 11, "color": theme.INK_SOFT},
                },
            },
        )

    def _heads_axis(self) -> dict[str, object]:
        return {
            **_BARE,
            "ticks": "",
            "tickfont": {"size": 11, "color": theme.INK_SOFT},
            "dtick": 1 if self.per_layer <= 12 else 5,
            "range": [-0.5, self.per_layer - 0.5],
            "title": _axis_title("head"),
        }

    def _layers_axis(self) -> dict[str, object]:
        return {
            **_BARE,
            "range": [self.layers - 0.5, -0.5],
            "dtick": 5 if self.layers <= 48 else 10,
            "ticks": "",
            "tickfont": {"size": 11, "color": theme.INK_SOFT},
        }


_BARE: dict[str, object] = {"showgrid": False, "zeroline": False, "fixedrange": True}


def _axes(panel: int) -> dict[str, str]:
    return {"xaxis": ("x", "x2")[panel], "yaxis": ("y", "y2")[panel]}


def rings(marked: npt.NDArray[np.bool_], panel: int) -> go.Scatter:
    """A ring on each head that is marked, [layer, head]."""
    rows, columns = np.nonzero(marked)
    return _symbols(columns.tolist(), rows.tolist(), panel, 5, "circle")


def stars(heads: Sequence[tuple[int, int]], panel: int) -> go.Scatter:
    """A star on each of some heads, given as (layer, head)."""
    return _symbols([head for _, head in heads], [layer for layer, _ in heads], panel, 10, "star")


def _symbols(x: list[int], y: list[int], panel: int, size: int, symbol: str) -> go.Scatter:
    return go.Scatter(
        x=x,
        y=y,
        **_axes(panel),
        mode="markers",
        hoverinfo="skip",
        marker={"size": size, "symbol": symbol, "color": theme.PAPER, "line": {"color": theme.INK, "width": 1}},
    )


def totals(values: npt.NDArray[Any], texts: list[str], hover: str) -> go.Bar:
    """A bar a layer, beside the first panel."""
    return go.Bar(
        x=values,
        y=np.arange(len(values)),
        xaxis="x3",
        orientation="h",
        marker={"color": theme.INK_SOFT},
        text=texts,
        textposition="outside",
        textfont={"size": 10, "color": theme.INK_SOFT},
        cliponaxis=False,
        hovertemplate=f"{hover}<extra></extra>",
    )


def _axis_title(text: str) -> dict[str, object]:
    return {"text": text, "font": {"size": 11, "color": theme.INK_SOFT}, "standoff": 2}


def _title(text: str, x: float, y: float) -> dict[str, object]:
    return {
        "text": text,
        "x": x,
        "y": y,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "yshift": 6,
        "align": "left",
        "showarrow": False,
        "font": {"size": 12, "color": theme.INK},
    }
