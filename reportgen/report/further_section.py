"""Interactions and doses on the page: the question, the answer in a sentence, one figure with its table."""

from collections.abc import Callable

import numpy as np
import xarray as xr

from reportgen import numbers
from reportgen.figures import theme
from reportgen.figures.further_maps import FurtherMap, Map, further_maps
from reportgen.figures.panels import Frame
from reportgen.further import DoseFinding, InteractionFinding
from reportgen.inference import HeadTests
from reportgen.report import words
from reportgen.report.document import Block, Figure, Heading, Prose
from reportgen.report.markup import Html, Md, md
from reportgen.report.render import component
from reportgen.report.tables import Column, Row, folded, table_html
from reportgen.spec.model import StudySpec

SHOWN = 20


def interaction_blocks(finding: InteractionFinding, spec: StudySpec) -> tuple[Block, ...]:
    """One difference of differences."""
    tests, section = finding.tests, finding.section
    (contrast,) = [contrast for contrast in spec.contrasts if contrast.id == section.contrast]
    found = tests.recall_heads()
    answer = md(
        "The difference between {a} and {b} statements, among {x} minus among {y}: **{found}** of {tested} heads show a "
        "different one ({correction}, {n}, at least {smallest} points).{strongest}",
        a=contrast.a.name,
        b=contrast.b.name,
        x=section.x.name,
        y=section.y.name,
        found=int(found.sum()),
        tested=tests.tested,
        correction=words.CORRECTIONS[tests.headline],
        n=_pairs(tests),
        smallest=numbers.points(tests.smallest_effect),
        strongest=_strongest(tests.heads.effect, found, lambda value: f"{numbers.points(value)} points"),
    )
    shown = FurtherMap(
        title=f"{section.x.name} − {section.y.name}",
        unit="points",
        effect=tests.heads.effect.to_numpy() * 100,
        p_value=tests.heads.p_value.to_numpy(),
        found=found.to_numpy(),
    )
    columns = (
        Column("Head"),
        Column(section.x.name, number=True),
        Column(section.y.name, number=True),
        Column("Interaction", number=True),
        Column("interval for all heads", number=True),
        Column("adjusted p", number=True),
    )

    def row(layer: int, head: int) -> Row:
        cell = tests.heads.isel(layer=layer, head=head)
        adjusted = float(tests.adjusted(tests.headline)[layer, head])
        return Row(
            (
                f"L{layer}H{head}",
                *(numbers.points(float(cell[name])) for name in ("mean_a", "mean_b", "effect")),
                numbers.points_interval(float(cell.simultaneous_low), float(cell.simultaneous_high)),
                "–" if np.isnan(adjusted) else numbers.p_value(adjusted),
            ),
            emphasis=bool(found[layer, head]),
        )

    return (
        Heading(2, md("{title}", title=section.title), f"finding-{section.id}"),
        Prose(answer),
        _figure(section.id, shown, _table(shown, columns, row)),
    )


def _pairs(tests: HeadTests) -> str:
    unit = "clusters" if tests.settings.cluster is not None else "pairs"
    if tests.design == "paired":
        return f"{numbers.count(tests.n_a)} {unit}"
    return f"{numbers.count(tests.n_a)} and {numbers.count(tests.n_b)} {unit}"


def dose_blocks(finding: DoseFinding, spec: StudySpec) -> tuple[Block, ...]:
    """How the scores go along with one column."""
    section, found = finding.section, finding.significant
    coefficient = {"pearson": "Pearson's r", "spearman": "Spearman's ρ"}[section.method]
    answer = md(
        "How attention to {span} goes along with {column}, over {n} ({where}): in **{found}** of {tested} heads ({correction}, "
        "{coefficient}).{strongest}",
        span=words.key_span(spec.measure),
        column=md("`{column}`", column=section.column),
        n=numbers.things(finding.units, finding.unit),
        where=", ".join(f"{name}: {_value(wanted)}" for name, wanted in section.where.items()),
        found=int(found.sum()),
        tested=int(finding.correlation.notnull().sum()),
        correction=words.CORRECTIONS[finding.headline],
        coefficient=coefficient,
        strongest=_strongest(finding.correlation, found, numbers.decimal),
    )
    shown = FurtherMap(
        title=coefficient,
        unit=f"with {section.column}",
        effect=finding.correlation.to_numpy(),
        p_value=finding.p_value.to_numpy(),
        found=found.to_numpy(),
    )
    columns = (
        Column("Head"),
        Column(coefficient, number=True),
        Column("p", number=True),
        Column("adjusted p", number=True),
    )

    def row(layer: int, head: int) -> Row:
        value, p, adjusted = (
            float(values[layer, head]) for values in (finding.correlation, finding.p_value, finding.adjusted)
        )
        cells = ("–", "–") if np.isnan(p) else (numbers.p_value(p), numbers.p_value(adjusted))
        return Row((f"L{layer}H{head}", numbers.decimal(value), *cells), emphasis=bool(found[layer, head]))

    return (
        Heading(2, md("{title}", title=section.title), f"finding-{section.id}"),
        Prose(answer),
        _figure(section.id, shown, _table(shown, columns, row)),
    )


def _value(wanted: object) -> str:
    values = wanted if isinstance(wanted, tuple) else (wanted,)
    return " or ".join(str(value).lower() if isinstance(value, bool) else str(value) for value in values)


def _strongest(effect: xr.DataArray, found: xr.DataArray, said: Callable[[float], str]) -> Md:
    if not bool(found.any()):
        return Md("")
    layer, head = _by_size(np.where(found.to_numpy(), effect.to_numpy(), np.nan))[0]
    return md(
        " The strongest is L{layer}H{head}: {effect}.", layer=layer, head=head, effect=said(float(effect[layer, head]))
    )


def _by_size(effect: Map) -> list[tuple[int, int]]:
    """The heads as (layer, head), the largest effect first, those without one last."""
    order = np.argsort(-np.nan_to_num(np.abs(effect.ravel()), nan=-1.0), kind="stable")
    return [(int(place) // effect.shape[1], int(place) % effect.shape[1]) for place in order]


def _table(shown: FurtherMap, columns: tuple[Column, ...], row: Callable[[int, int], Row]) -> Html:
    """All heads found, and the next strongest up to twenty, each with its numbers."""
    places = sorted(_by_size(shown.effect), key=lambda place: not shown.found[place])
    rows = [row(layer, head) for layer, head in places[: max(SHOWN, int(shown.found.sum()))]]
    label = f"The same as a table: the {len(rows)} strongest heads, those found first"
    return folded(label, table_html("The strongest heads", columns, rows))


def _figure(name: str, shown: FurtherMap, table: Html) -> Figure:
    return Figure(
        id=f"fig-further-{name}",
        html=component(
            "components/plot",
            height=Frame(*shown.effect.shape).height,
            map="",
            alt=f"Two heatmaps, layer by head: {shown.title} in {shown.unit}, and the evidence as −log10 p. The table below "
            "holds the strongest heads.",
            data=theme.figure_json(further_maps(shown)),
            waiting="The maps of effect and evidence appear here.",
        ),
        caption=md(
            "Every head, layer 0 on top: {title} ({unit}), and the evidence, uncorrected. A ring marks the {found} found under "
            "the headline correction.",
            title=shown.title,
            unit=shown.unit,
            found=numbers.things(int(shown.found.sum()), "head"),
        ),
        how_to_read=Md(
            "*How to read it:* rings in neighbouring layers speak for a mechanism; dark cells without a ring are large values "
            "that may be chance."
        ),
        table=table,
    )
