"""What knocking heads out does, drawn: curves over sizes, heads one by one, and files."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy import stats

from reportgen import numbers
from reportgen.analyses.analysis import Study
from reportgen.analyses.knockout import Ablated, Knockout, Outcome
from reportgen.figures import theme
from reportgen.figures.head_scatter import HEIGHT as SCATTER_HEIGHT
from reportgen.figures.head_scatter import Axis, head_scatter
from reportgen.figures.knockout_curve import HEIGHT, Band, Panel, knockout_curve
from reportgen.inference import HeadTests
from reportgen.report.csv_files import columns_csv
from reportgen.report.document import Figure
from reportgen.report.head_links import head_cell, head_name
from reportgen.report.markup import Html, Md, md
from reportgen.report.plotted import plotted
from reportgen.report.tables import Column, Row, folded, table_html
from reportgen.spec.experiments import Ablation
from reportgen.stats.against_controls import Against

ABLATIONS: Mapping[Ablation, str] = {
    "mean": "a head put out its mean over the relation's statements at tokens of the same role",
    "zero": "a head put out nothing",
    "resample": "a head put out what it puts out for another pair, drawn by seed, at the same token",
}
_NAMES: Mapping[Ablation, str] = {
    "mean": "mean ablation",
    "zero": "zero ablation",
    "resample": "resample ablation",
}
_LEVEL = 0.95


def beyond(found: Knockout, ablated: Ablated) -> list[int]:
    """The sizes at which the log-probability changes more than with both kinds of control sets."""
    adjusted = ablated.likelihood.adjusted <= ablated.total.alpha
    return [size for size, is_beyond in zip(found.sizes, adjusted.tolist(), strict=True) if is_beyond]


def curve_figure(found: Knockout, ablated: Ablated) -> Figure:
    """Both quantities over sizes, with the same numbers as two tables."""
    likelihood, right = ablated.likelihood, ablated.right
    effects = ablated.total.heads.isel(layer=0)
    direct = None if ablated.direct is None else ablated.direct.heads.effect.to_numpy()[0]
    panels = (
        Panel(
            "Change in log-probability, nats",
            effects.effect.to_numpy(),
            Band(effects.simultaneous_low.to_numpy(), effects.simultaneous_high.to_numpy()),
            _band(likelihood.by_layer),
            _band(likelihood.by_attention),
            direct,
        ),
        Panel(
            "True object likelier, % of pairs",
            right.after * 100,
            _wilson(right.after, len(found.halves.asked), 100.0),
            _band(right.by_layer, right.clean, 100.0),
            _band(right.by_attention, right.clean, 100.0),
            digits=1,
        ),
    )
    most = found.sizes[-1]
    return plotted(
        f"fig-knockout-{ablated.ablation}",
        data=theme.figure_json(knockout_curve(found.sizes, panels)),
        height=HEIGHT,
        alt=f"Over numbers of heads knocked out, by {_NAMES[ablated.ablation]}: the change in log-probability, "
        f"{numbers.decimal(float(panels[0].chosen[-1]))} nats with {most} heads, and the share of pairs answered rightly, "
        f"{numbers.percent(float(right.after[-1]), 1)}, each with bands of control sets. The tables below hold all numbers.",
        waiting="The curves over numbers of heads appear here.",
        caption=md(
            "The strongest heads knocked out ({ablation}), chosen on other pairs. Coloured line: these heads, with intervals"
            "{direct}. Shaded: 90 % of {n} random sets in the same layers. Between the dashed lines: 90 % of {n} sets with like "
            "mean attention.",
            ablation=_NAMES[ablated.ablation],
            direct="" if direct is None else "; dotted: their direct effect alone",
            n=found.controls,
        ),
        how_to_read=Md(
            "*How to read it:* where the coloured line leaves both bands, these heads matter more than as many others in "
            "their place. Where it lies within, any such set would do as much."
        ),
        table=folded(
            "The same as tables",
            Html("{}{}").format(
                table_html(
                    "Change in log-probability by number of heads, in nats",
                    _columns(ablated, "change, nats"),
                    [_likelihood_row(found, ablated, place) for place in range(len(found.sizes))],
                ),
                table_html(
                    "Share of pairs in which the true object is the likelier",
                    (
                        Column("Heads"),
                        Column("pairs answered rightly", number=True),
                        Column("95 % interval", number=True),
                        *_control_columns(),
                    ),
                    [_right_row(found, right, place) for place in range(len(found.sizes))],
                ),
            ),
        ),
    )


def _band(kind: Against, clean: float = 0.0, scale: float = 1.0) -> Band:
    """What 90 % of control sets come to, from a clean value."""
    return Band((clean + kind.low) * scale, (clean + kind.high) * scale)


def _columns(ablated: Ablated, change: str) -> tuple[Column, ...]:
    direct = () if ablated.direct is None else (Column("direct", number=True),)
    return (
        Column("Heads"),
        Column(change, number=True),
        Column("interval", number=True),
        *direct,
        *_control_columns(),
    )


def _control_columns() -> tuple[Column, ...]:
    return (
        Column("same layers: 90 %", number=True),
        Column("adjusted p", number=True),
        Column("like attention: 90 %", number=True),
        Column("adjusted p", number=True),
    )


def _likelihood_row(found: Knockout, ablated: Ablated, place: int) -> Row:
    cell = ablated.total.heads.isel(layer=0, head=place)
    direct = () if ablated.direct is None else (numbers.decimal(float(ablated.direct.heads.effect[0, place])),)
    return Row(
        (
            numbers.count(found.sizes[place]),
            numbers.decimal(float(cell.effect)),
            numbers.interval(float(cell.simultaneous_low), float(cell.simultaneous_high)),
            *direct,
            *_control_cells(ablated.likelihood.by_layer, place),
            *_control_cells(ablated.likelihood.by_attention, place),
        ),
        emphasis=bool(ablated.likelihood.adjusted[place] <= ablated.total.alpha),
    )


def _control_cells(kind: Against, place: int) -> tuple[str, str]:
    band = numbers.interval(float(kind.low[place]), float(kind.high[place]))
    return band, numbers.p_value(float(kind.adjusted[place]))


def _right_row(found: Knockout, right: Outcome, place: int) -> Row:
    own = _wilson(right.after, len(found.halves.asked), 1.0)
    cells: list[str] = []
    for kind in (right.by_layer, right.by_attention):
        low, high = (numbers.percent(right.clean + float(edge[place]), 1) for edge in (kind.low, kind.high))
        cells += [f"{low} to {high}", numbers.p_value(float(kind.adjusted[place]))]
    return Row(
        (
            numbers.count(found.sizes[place]),
            numbers.percent(float(right.after[place]), 1),
            f"{numbers.percent(float(own.low[place]), 1)} to {numbers.percent(float(own.high[place]), 1)}",
            *cells,
        )
    )


def _wilson(shares: npt.NDArray[np.float64], pairs: int, scale: float) -> Band:
    """The Wilson (1927) score intervals of shares of so many pairs."""
    intervals = [
        stats.binomtest(round(share * pairs), pairs).proportion_ci(_LEVEL, method="wilson") for share in shares.tolist()
    ]
    return Band(np.array([each.low for each in intervals]) * scale, np.array([each.high for each in intervals]) * scale)


def singles_figure(found: Knockout, study: Study) -> Figure:
    """Total over direct effect of the strongest heads one by one; over the effect on attention where there is no direct one."""
    singles, shape = found.singles, study.tests.heads.effect.shape
    total = _spread(singles.total, singles.heads, shape)
    stands = np.zeros(shape, dtype=bool)
    stands[tuple(np.array(singles.heads).T)] = singles.total.significant(singles.total.headline).to_numpy()[0]
    if singles.direct is None:
        across = Axis("effect on attention, points", study.tests.heads.effect.to_numpy() * 100)
    else:
        across = Axis("direct effect, nats", _spread(singles.direct, singles.heads, shape))
    named = sorted(singles.heads, key=lambda head: -abs(np.nan_to_num(total[head])))
    return plotted(
        "fig-knockout-heads",
        data=theme.figure_json(
            head_scatter(across, Axis("total effect, nats", total), stands, [head for head in named if stands[head]])
        ),
        height=SCATTER_HEIGHT,
        alt=f"The {len(singles.heads)} strongest heads as points: {across.title} across, total effect up. The table below holds "
        "the same numbers.",
        waiting="The heads' effects appear here.",
        caption=md(
            "The {n} strongest heads knocked out one by one ({ablation}): the change in log-probability of the true object, "
            "{across}. Filled: those that change it under the headline correction over these heads. A click opens the head.",
            n=len(singles.heads),
            ablation=_NAMES[found.ablated[0].ablation],
            across="in total and by what the head writes itself"
            if singles.direct is not None
            else "and the effect on attention",
        ),
        how_to_read=Md(
            "*How to read it:* below 0 the model finds the true object less likely without the head. "
            + (
                "Nearer to 0 in total than directly: later heads repair what is missing. Further from 0: the head works through "
                "later ones."
                if singles.direct is not None
                else ""
            )
        ),
        table=folded(f"The same as a table: {len(singles.heads)} heads", _singles_table(found, named)),
    )


def _singles_table(found: Knockout, named: list[tuple[int, int]]) -> Html:
    singles = found.singles
    place = {head: number for number, head in enumerate(singles.heads)}
    rows = []
    for head in named:
        cell = singles.total.heads.isel(layer=0, head=place[head])
        adjusted = float(singles.total.adjusted(singles.total.headline)[0, place[head]])
        direct = () if singles.direct is None else (_decimal(singles.direct, place[head]),)
        rows.append(
            Row(
                (
                    head_cell(*head),
                    numbers.decimal(float(cell.effect), 3),
                    numbers.interval(float(cell.simultaneous_low), float(cell.simultaneous_high), 3),
                    numbers.p_value(adjusted),
                    *direct,
                ),
                emphasis=adjusted <= singles.total.alpha,
            )
        )
    direct_column = () if singles.direct is None else (Column("direct", number=True),)
    columns = (
        Column("Head"),
        Column("change, nats", number=True),
        Column("interval for all heads", number=True),
        Column("adjusted p", number=True),
        *direct_column,
    )
    return table_html("Heads knocked out one by one", columns, rows)


def _decimal(tests: HeadTests, place: int) -> str:
    return numbers.decimal(float(tests.heads.effect[0, place]), 3)


def _spread(tests: HeadTests, heads: tuple[tuple[int, int], ...], shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """The effects of some heads, [layer, head], NaN at the others."""
    values = np.full(shape, np.nan)
    values[tuple(np.array(heads).T)] = tests.heads.effect.to_numpy()[0]
    return values


def sets_csv_bytes(found: Knockout) -> bytes:
    """A row for each ablation and size."""
    columns: dict[str, list[float | int | str]] = {}

    def put(name: str, value: float | str) -> None:
        columns.setdefault(name, []).append(value)

    for ablated in found.ablated:
        for place, size in enumerate(found.sizes):
            cell = ablated.total.heads.isel(layer=0, head=place)
            put("ablation", ablated.ablation)
            put("heads", size)
            put("names", " ".join(head_name(*head) for head in found.chosen[:size]))
            put("change_nats", float(cell.effect))
            put("change_low", float(cell.simultaneous_low))
            put("change_high", float(cell.simultaneous_high))
            put("direct_nats", np.nan if ablated.direct is None else float(ablated.direct.heads.effect[0, place]))
            put("share_right_clean", ablated.right.clean)
            put("share_right", float(ablated.right.after[place]))
            for quantity, outcome in (("change", ablated.likelihood), ("right", ablated.right)):
                for kind, beside in (("layer", outcome.by_layer), ("attention", outcome.by_attention)):
                    for name in ("low", "median", "high", "p_value", "adjusted", "different"):
                        put(f"{quantity}_controls_{kind}_{name}", getattr(beside, name)[place].item())
    return columns_csv({name: np.array(values) for name, values in columns.items()})


def heads_csv_bytes(found: Knockout, study: Study) -> bytes:
    """A row for each head that is knocked out alone."""
    singles = found.singles
    layers, heads = np.array(singles.heads).T
    total = singles.total.heads.isel(layer=0)
    nothing = np.full(len(layers), np.nan)
    return columns_csv(
        {
            "layer": layers,
            "head": heads,
            "attention_effect": study.tests.heads.effect.to_numpy()[layers, heads],
            "change_nats": total.effect.to_numpy(),
            "change_low": total.simultaneous_low.to_numpy(),
            "change_high": total.simultaneous_high.to_numpy(),
            "adjusted": singles.total.adjusted(singles.total.headline).to_numpy()[0],
            "direct_nats": nothing if singles.direct is None else singles.direct.heads.effect.to_numpy()[0],
        }
    )
