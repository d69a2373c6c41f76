"""What examples do to the heads, said and drawn."""

import numpy as np

from reportgen import numbers
from reportgen.analyses.analysis import Study
from reportgen.analyses.few_shot import FewShot
from reportgen.figures import theme
from reportgen.figures.effects_by_dose import Curve, effects_by_dose, height
from reportgen.figures.further_maps import FurtherMap, further_maps
from reportgen.figures.panels import Frame
from reportgen.inference import HeadTests
from reportgen.report.csv_files import heads_csv
from reportgen.report.document import Figure, Table
from reportgen.report.downloads import Download
from reportgen.report.experiment import Evidence, Map, Told
from reportgen.report.head_links import head_cell, head_name, head_text
from reportgen.report.markup import Md, md
from reportgen.report.plotted import plotted
from reportgen.report.tables import Column, Row, folded, table_html
from reportgen.spec.experiments import FewShotSection

_CURVES, _ROWS = 8, 20

Place = tuple[int, int]


def tell(found: FewShot, _: Study, section: FewShotSection) -> Told:
    """The heads found after each number of examples, those whose effect changes, and how."""
    most = found.tests[-1]
    return Told(
        answer=_answer(found),
        blocks=(_counts(found), _curves(found), _map(found)),
        method=_method(found, section),
        files=(Download("few-shot.csv", "every head's effect after each number of examples", _csv(found)),),
        evidence=(
            Evidence(
                what=f"effect after {numbers.things(found.shots[-1], 'example')}",
                unit="points",
                estimate=_points(most.heads.effect),
                low=_points(most.heads.simultaneous_low),
                high=_points(most.heads.simultaneous_high),
                speaks=most.recall_heads().to_numpy(),
                kind="holds",
            ),
        ),
        notices=found.notices,
    )


def _points(values: object) -> Map:
    return np.asarray(values, dtype=np.float64) * 100


def _answer(found: FewShot) -> Md:
    flags = [tests.recall_heads().to_numpy() for tests in found.tests]
    first, last = flags[0], flags[-1]
    change, changing = found.change, found.change.recall_heads().to_numpy()
    return md(
        "With {shots} examples before the statement, {counts} of {tested} heads are found; {both} of the {first} with "
        "{fewest} are among the {last} with {most}. {changes}",
        shots=_and(found.shots),
        counts=_and([int(own.sum()) for own in flags]),
        tested=found.tests[0].tested,
        both=int((first & last).sum()),
        first=int(first.sum()),
        last=int(last.sum()),
        fewest=_examples(found.shots[0]),
        most=_examples(found.shots[-1]),
        changes=_changes(found, change.strongest(1)[0]) if changing.any() else _no_change(found),
    )


def _and(items: tuple[int, ...] | list[int]) -> str:
    *rest, last = [numbers.count(item) for item in items]
    return f"{', '.join(rest)} and {last}"


def _examples(number: int) -> str:
    return "none" if number == 0 else numbers.count(number)


def _changes(found: FewShot, place: Place) -> Md:
    change = found.change
    cell, flags = change.heads.isel(layer=place[0], head=place[1]), change.recall_heads().to_numpy()
    before = found.tests[0].heads.effect.to_numpy()
    weaker = int((flags & (np.sign(before) * change.heads.effect.to_numpy() < 0)).sum())
    return md(
        "The effect of **{n}** changes along the number of examples, in {weaker} of them so that it shrinks or turns "
        "round. The largest change is that of {head}: {effect} points {interval} from {first} to {last} examples.",
        n=numbers.things(int(flags.sum()), "head"),
        weaker=weaker,
        head=head_text(*place),
        effect=numbers.points(float(cell.effect)),
        interval=numbers.points_interval(float(cell.simultaneous_low), float(cell.simultaneous_high)),
        first=found.shots[0],
        last=found.shots[-1],
    )


def _no_change(found: FewShot) -> Md:
    detectable = float(np.nanmedian(found.change.heads.detectable.to_numpy()))
    return md(
        "No head's effect is found to change along the number of examples; a change of {detectable} points would have been "
        "seen in 80 % of cases at the median head.",
        detectable=numbers.points(detectable),
    )


def _counts(found: FewShot) -> Table:
    """How many heads are found after each number of examples, and how many of the first ones are among them."""
    first = found.tests[0]
    before, effect = first.recall_heads().to_numpy(), first.heads.effect.to_numpy().ravel()
    columns = (
        Column("Examples"),
        Column("found", number=True),
        Column(f"also with {_examples(found.shots[0])}", number=True),
        Column("r", number=True),
        Column("strongest"),
        Column("effect [for all heads]", number=True),
    )
    rows = []
    for number, tests in zip(found.shots, found.tests, strict=True):
        own, place = tests.recall_heads().to_numpy(), tests.strongest(1)[0]
        rows.append(
            Row(
                (
                    numbers.count(number),
                    numbers.count(int(own.sum())),
                    numbers.count(int((own & before).sum())),
                    numbers.decimal(_correlation(effect, tests.heads.effect.to_numpy().ravel())),
                    head_cell(*place),
                    _cell(tests, place),
                )
            )
        )
    return Table(
        id="tbl-few-shot",
        caption=md(
            "The contrast after each number of examples, over {n}: heads found under the headline correction, how many of them "
            "are found with {fewest} as well, the correlation of all heads' effects with those there, and the strongest head "
            "(points).",
            n=numbers.things(first.n_a, "pair" if first.design == "paired" else "statement of the first set"),
            fewest=_examples(found.shots[0]),
        ),
        html=table_html("The contrast after each number of examples", columns, rows),
    )


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    known = np.isfinite(x) & np.isfinite(y)
    varies = known.sum() > 2 and np.ptp(x[known]) > 0 and np.ptp(y[known]) > 0
    return float(np.corrcoef(x[known], y[known])[0, 1]) if varies else float("nan")


def _curves(found: FewShot) -> Figure:
    places = found.change.strongest(_CURVES)
    columns = (
        Column("Head"),
        *(Column(f"{numbers.things(number, 'example')} [for all heads]", number=True) for number in found.shots),
        Column("change [for all heads]", number=True),
        Column("adjusted p", number=True),
    )
    flags = found.change.recall_heads().to_numpy()
    adjusted = found.change.adjusted(found.change.headline).to_numpy()
    rows = [
        Row(
            (
                head_cell(*place),
                *(_cell(tests, place) for tests in (*found.tests, found.change)),
                numbers.p_value(float(adjusted[place])),
            ),
            emphasis=bool(flags[place]),
        )
        for place in found.change.strongest(_ROWS)
    ]
    contrast = found.change.contrast
    return plotted(
        "fig-few-shot",
        data=theme.figure_json(
            effects_by_dose([_curve(found, place, flags) for place in places], found.shots, "examples")
        ),
        height=height(len(places)),
        alt=f"The effect of {len(places)} heads after {_and(found.shots)} examples, a panel each; so does the table below.",
        waiting="The effects after each number of examples appear here.",
        caption=md(
            "The effect ({a} minus {b}, points) of the heads with the strongest change, by the number of examples, with "
            "intervals that hold for all heads at once. Filled: the change is found. Beside the name, the change from {first} to "
            "{last} examples along a straight line. A click opens the head.",
            a=contrast.a.name,
            b=contrast.b.name,
            first=found.shots[0],
            last=found.shots[-1],
        ),
        how_to_read=Md(
            "*How to read it:* a level line is a head to which examples make no difference. Where a line jumps with the first "
            "example and then stays, a longer text alone may have done it: the sentence no longer stands first."
        ),
        table=folded(
            f"The same as a table: the {len(rows)} strongest changes", table_html("Effects by examples", columns, rows)
        ),
    )


def _cell(tests: HeadTests, place: Place) -> str:
    cell = tests.heads.isel(layer=place[0], head=place[1])
    interval = numbers.points_interval(float(cell.simultaneous_low), float(cell.simultaneous_high))
    return f"{numbers.points(float(cell.effect))} {interval}"


def _curve(found: FewShot, place: Place, flags: np.ndarray) -> Curve:
    effect, low, high = (
        np.array([float(tests.heads[name][place]) * 100 for tests in found.tests])
        for name in ("effect", "simultaneous_low", "simultaneous_high")
    )
    note = numbers.points(float(found.change.heads.effect[place]))
    return Curve(head_name(*place), effect, low, high, bool(flags[place]), note)


def _map(found: FewShot) -> Figure:
    change, flags = found.change, found.change.recall_heads().to_numpy()
    shown = FurtherMap(
        title="Change of the effect",
        unit="points",
        effect=_points(change.heads.effect),
        p_value=change.heads.p_value.to_numpy(),
        found=flags,
    )
    columns = (
        Column("Layer"),
        Column("heads whose effect changes", number=True),
        Column("largest change", number=True),
    )
    sizes = np.nan_to_num(np.abs(shown.effect))
    rows = [
        Row(
            (
                f"{layer}",
                numbers.count(int(own.sum())),
                numbers.decimal(float(np.nan_to_num(shown.effect[layer])[sizes[layer].argmax()]), 1),
            )
        )
        for layer, own in enumerate(flags)
    ]
    return plotted(
        "fig-few-shot-map",
        data=theme.figure_json(further_maps(shown)),
        height=Frame(*shown.effect.shape).height,
        alt="Two heatmaps, layer by head: the change of the effect along the number of examples, and its evidence.",
        waiting="The map of changes appears here.",
        caption=md(
            "Every head, layer 0 on top: how the effect changes from {first} to {last} examples (points), and the evidence, "
            "uncorrected. A ring marks the {n} found under the headline correction.",
            first=found.shots[0],
            last=found.shots[-1],
            n=numbers.things(int(flags.sum()), "head"),
        ),
        how_to_read=Md(
            "*How to read it:* a change in the colour of the effect itself is a head that examples strengthen, one in the "
            "other colour a head that they weaken or turn round."
        ),
        table=folded("By layer", table_html("Changes by layer", columns, rows)),
    )


def _method(found: FewShot, section: FewShotSection) -> Md:
    between = {"newline": "the end of a line", "space": "a full stop and a space"}[section.separator]
    return md(
        "Statements were read behind {shots} examples [@brown2020]: true facts of the same relation in its own wording, with "
        "{between} after each, drawn by seed for each pair and the same for both of its statements; none names the pair's "
        "subject or either of its objects, and more examples go on from fewer. The contrast was tested after each number as in "
        "the study. For the dose, each statement's least-squares slope over the numbers of examples was tested in the same "
        "contrast, both ways, and is shown as the change from {first} to {last} examples; the headline correction holds over "
        "all heads. A change that goes up and down again has no slope and is not found so.",
        shots=_and(found.shots),
        between=between,
        first=found.shots[0],
        last=found.shots[-1],
    )


def _csv(found: FewShot) -> bytes:
    columns: dict[str, np.ndarray] = {}
    for number, tests in zip(found.shots, found.tests, strict=True):
        columns |= {
            f"effect_{number}": tests.heads.effect.to_numpy(),
            f"simultaneous_low_{number}": tests.heads.simultaneous_low.to_numpy(),
            f"simultaneous_high_{number}": tests.heads.simultaneous_high.to_numpy(),
            f"adjusted_{number}": tests.adjusted(tests.headline).to_numpy(),
            f"found_{number}": tests.recall_heads().to_numpy(),
        }
    change = found.change
    return heads_csv(
        {
            **columns,
            "change": change.heads.effect.to_numpy(),
            "change_low": change.heads.simultaneous_low.to_numpy(),
            "change_high": change.heads.simultaneous_high.to_numpy(),
            "p_value_change": change.heads.p_value.to_numpy(),
            "adjusted_change": change.adjusted(change.headline).to_numpy(),
            "found_change": change.recall_heads().to_numpy(),
        }
    )
