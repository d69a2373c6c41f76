"""What the checkpoints of a training show: the answer, three figures, their tables and files."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from reportgen import numbers
from reportgen.analyses.analysis import Study
from reportgen.analyses.checkpoints import KINDS, NEVER, Checkpoints, Look
from reportgen.figures import effects_by_group, kinds_over_training, over_training, theme
from reportgen.figures.effects_by_group import ByGroup
from reportgen.figures.kinds_over_training import OverTraining
from reportgen.figures.over_training import Course, Onset
from reportgen.notices import Notice
from reportgen.report.csv_files import columns_csv
from reportgen.report.document import Figure
from reportgen.report.downloads import Download
from reportgen.report.experiment import Told
from reportgen.report.head_links import head_cell, head_name, head_text
from reportgen.report.markup import Html, Md, join_md, md
from reportgen.report.plotted import plotted
from reportgen.report.tables import Column, Row, folded, table_html
from reportgen.spec.other_models import CheckpointsSection

_COURSES, _MAPPED, _LISTED = 3, 24, 20
_EVENLY = len(KINDS) - 1

Places = Sequence[tuple[int, int]]


def tell(found: Checkpoints, study: Study, _: CheckpointsSection) -> Told:
    """The answer, the course of training, the heads over it, and who has which role."""
    strongest = _strongest(found)
    return Told(
        answer=join_md([_heads_text(found, strongest), _knowledge_text(found), _kinds_text(found)]),
        blocks=(_course(found, study, strongest), _heads(found, study, strongest), _kinds(found)),
        method=_method(study),
        files=_files(found),
        notices=tuple(_notices(found)),
    )


def _strongest(found: Checkpoints) -> list[tuple[int, int]]:
    """Heads that stay found first, then those found anywhere, then the others; among each by the largest effect that they ever
    have."""
    largest = np.nan_to_num(np.abs(found.effects)).max(axis=0).ravel()
    ever, stays = found.found.any(axis=0).ravel(), (found.appears != NEVER).ravel()
    order = np.lexsort((-largest, ~ever, ~stays))
    per_layer = found.appears.shape[1]
    return [(int(place) // per_layer, int(place) % per_layer) for place in order]


def _heads_text(found: Checkpoints, strongest: Places) -> Md:
    last = found.looks[-1]
    begun = md(
        "At the last of {looks} checkpoints, step {step}, **{n}** of {tested} heads are found ({interval} truly differ, "
        "by intervals for all heads).",
        looks=len(found.looks),
        step=numbers.count(last.step),
        n=int(last.counted.found.sum()),
        tested=last.tests.tested,
        interval=last.counted.words,
    )
    if found.begins == NEVER:
        return join_md([begun, Md("No head that is found at any checkpoint stays found to the end of the training.")])
    first = [place for place in strongest if found.appears[place] == found.begins]
    if not first:
        return join_md([begun, md("From {when} on there are always some.", when=_when(found, found.begins))])
    appear = md(
        "The first that stay appear at {when}: {heads}{more}.",
        when=_when(found, found.begins),
        heads=join_md([head_text(*place) for place in first[:3]], ", "),
        more=f" and {len(first) - 3} more" if len(first) > 3 else "",
    )
    return join_md([begun, appear])


def _when(found: Checkpoints, place: int) -> str:
    """A checkpoint with the one before it: between the two it began."""
    step = f"step {numbers.count(found.looks[place].step)}"
    if not place:
        return f"{step}, the first checkpoint"
    return f"{step} (not yet at {numbers.count(found.looks[place - 1].step)})"


def _knowledge_text(found: Checkpoints) -> Md:
    last = found.looks[-1].knowledge
    if not last.compared:
        return Md(
            "What the model knows could not be asked: in none of the pairs does the subject come before both objects."
        )
    if found.known == NEVER:
        return md(
            "Facts are not known from any checkpoint on: at the last one the true object is likelier than the false one in "
            "{n} of {of} pairs ({p}).",
            n=last.preferred,
            of=last.compared,
            p=numbers.p_equals(found.looks[-1].nothing_known),
        )
    look = found.looks[found.known]
    share = wilson(look)
    return md(
        "**Facts are known from {when} on**, where the true object is likelier than the false one in {share} of {of} pairs "
        "{interval}; at the last checkpoint in {last}.{heads}",
        when=_when(found, found.known),
        share=numbers.percent(look.knowledge.preferred, look.knowledge.compared),
        of=look.knowledge.compared,
        interval=f"[{numbers.level(round(share[0], 2))}, {numbers.level(round(share[1], 2))}]",
        last=numbers.percent(last.preferred, last.compared),
        heads=_order(found),
    )


def wilson(look: Look) -> tuple[float, float]:
    """The Wilson score interval of the share of pairs whose true object is the likelier (Wilson 1927), of level 95 %."""
    from scipy.stats import binomtest  # noqa: PLC0415

    if not look.knowledge.compared:
        return np.nan, np.nan
    interval = binomtest(look.knowledge.preferred, look.knowledge.compared).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def _order(found: Checkpoints) -> str:
    if found.begins == NEVER:
        return ""
    if found.begins == found.known:
        return " Heads and knowledge begin at the same checkpoint."
    between = abs(found.begins - found.known)
    order = "before" if found.begins < found.known else "after"
    return f" The heads begin {numbers.things(between, 'checkpoint')} {order} the knowledge."


def _kinds_text(found: Checkpoints) -> Md:
    """How steady the kinds are since the heads or the knowledge began, beside how steady their heads are."""
    start = found.begins if found.begins != NEVER else found.known
    if start in (NEVER, len(found.looks) - 1):
        return Md("")
    counts = found.kinds.counts[0]
    kind = int(counts[-1, :_EVENLY].argmax())
    since, same = counts[start:, kind], found.kinds.same[0][start, kind]
    if not counts[-1, kind]:
        return Md("At the end no head has a role: all spread their attention about evenly.")
    return md(
        "The most frequent role at the end is “{kind}”: since step {step} it has been that of {range} at every checkpoint, and "
        "of those that had it then or have it at the end, {same} have it at both.",
        range=_heads_between(int(since.min()), int(since.max())),
        kind=KINDS[kind],
        step=numbers.count(found.looks[start].step),
        same=numbers.percent(same, 1),
    )


def _heads_between(low: int, high: int) -> str:
    return numbers.things(low, "head") if low == high else f"{numbers.count(low)} to {numbers.things(high, 'head')}"


def _method(study: Study) -> Md:
    return md(
        "Each checkpoint was read and tested as the study's own model was, a family of heads each. A head appears, and facts are "
        "known, at the first checkpoint from which this is significant at all later ones: so each is dated too early with "
        "probability {alpha} at most. That facts are known is an exact binomial test of the share of pairs whose true object is "
        "the likelier against one half; its intervals are Wilson's [@wilson1927]. The interval of a number of heads counts "
        "the simultaneous intervals that lie beyond the smallest effect of interest, and those that do not lie within "
        "it. A head's role is the one to which it gives most beyond an even spread over tokens, 10 points at least; roles "
        "have percentile bootstrap intervals over pairs [@efron1979]. That mechanisms stay while the heads that carry them "
        "change was seen before [@tigges2024].",
        alpha=numbers.level(study.spec.tests.alpha),
    )


def _notices(found: Checkpoints) -> Iterator[Notice]:
    lost = (found.appears == NEVER) & found.found.any(axis=0)
    if lost.any():
        names = tuple(head_name(layer, head) for layer, head in np.argwhere(lost).tolist())
        yield Notice(
            "note",
            f"{numbers.things(len(names), 'head')} found at some checkpoints {'is' if len(names) == 1 else 'are'} not found at "
            "a later one, so that no date is given.",
            names,
        )


def _course(found: Checkpoints, study: Study, strongest: Places) -> Figure:
    steps = [look.step for look in found.looks]
    courses = [
        _found_course(found),
        *_known_course(found),
        *(_effect_course(found, place) for place in strongest[:_COURSES]),
    ]
    onsets = [Onset(steps[found.begins], 0, "heads begin")] if found.begins not in (NEVER, 0) else []
    if found.known not in (NEVER, 0) and found.looks[-1].knowledge.compared:
        onsets.append(Onset(steps[found.known], 1, "facts known"))
    columns = (
        Column("Step", number=True),
        Column("Heads found", number=True),
        Column("truly differ", number=True),
        Column("found at the end too", number=True),
        Column("True object likelier", number=True),
        Column("95 % interval", number=True),
        Column("p", number=True),
        Column("Facts recalled", number=True),
    )
    rows = [
        Row(
            (
                numbers.count(look.step),
                numbers.count(int(look.counted.found.sum())),
                look.counted.interval,
                _share(same),
                numbers.percent(look.knowledge.preferred, look.knowledge.compared),
                _wilson_text(look),
                numbers.p_value(look.nothing_known),
                numbers.percent(look.knowledge.recalled, look.knowledge.asked),
            ),
            emphasis=place in (found.begins, found.known),
        )
        for place, (look, same) in enumerate(zip(found.looks, found.same, strict=True))
    ]
    return plotted(
        "fig-checkpoints",
        data=theme.figure_json(over_training.over_training(steps, courses, onsets)),
        height=over_training.height(courses),
        alt=f"Heads found and facts known at {len(steps)} checkpoints, and the effects of the strongest heads. The table below "
        "holds the numbers.",
        waiting="The course of the training appears here.",
        caption=md(
            "The training step by step, on a log scale: the number of heads found, the share of pairs whose true object is the "
            "likelier, and the effects ({a} minus {b}) of the heads that count most. Filled: found, or more than half.",
            a=study.tests.contrast.a.name,
            b=study.tests.contrast.b.name,
        ),
        how_to_read=Md(
            "*How to read it:* bands are intervals: how many heads truly differ, the share's 95 % interval, the effect's "
            "interval for all heads. Where bands leave the middle line, something is there; dotted lines say from which "
            "checkpoint on it stays."
        ),
        table=folded("The same as a table: every checkpoint", table_html("Checkpoints of the training", columns, rows)),
    )


def _share(share: float) -> str:
    return "–" if np.isnan(share) else numbers.percent(share, 1)


def _wilson_text(look: Look) -> str:
    low, high = wilson(look)
    return "–" if np.isnan(low) else f"[{100 * low:.0f}, {100 * high:.0f}]"


def _found_course(found: Checkpoints) -> Course:
    counted = [look.counted for look in found.looks]
    number = np.array([float(one.found.sum()) for one in counted])
    return Course(
        "Heads found",
        number,
        np.array([float(one.surely.sum()) for one in counted]),
        np.array([float(one.perhaps.sum()) for one in counted]),
        number > 0,
        [f"step {numbers.count(look.step)}: {look.counted.text} heads" for look in found.looks],
        floor=0.0,
    )


def _known_course(found: Checkpoints) -> list[Course]:
    if not any(look.knowledge.compared for look in found.looks):
        return []
    share = [100 * look.knowledge.preferred / look.knowledge.compared for look in found.looks]
    bounds = np.array([wilson(look) for look in found.looks]) * 100
    p_values = np.array([look.nothing_known for look in found.looks])
    return [
        Course(
            "True object likelier, % of pairs",
            np.array(share),
            bounds[:, 0],
            bounds[:, 1],
            p_values <= found.looks[0].tests.alpha,
            [
                f"step {numbers.count(look.step)}: {part:.0f} % {_wilson_text(look)}, {numbers.p_equals(look.nothing_known)}"
                for look, part in zip(found.looks, share, strict=True)
            ],
            even=50.0,
        )
    ]


def _effect_course(found: Checkpoints, place: tuple[int, int]) -> Course:
    cells = [look.tests.heads.isel(layer=place[0], head=place[1]) for look in found.looks]
    value, low, high = (
        np.array([float(cell[name]) for cell in cells]) * 100
        for name in ("effect", "simultaneous_low", "simultaneous_high")
    )
    name = head_name(*place)
    return Course(
        f"{name}, effect in points",
        value,
        np.where(np.isfinite(low), low, value),
        np.where(np.isfinite(high), high, value),
        found.found[:, place[0], place[1]],
        [f"<b>{name}</b>, step {numbers.count(look.step)}: {_effect_text(look, place)}" for look in found.looks],
        even=0.0,
        head=name,
    )


def _effect_text(look: Look, place: tuple[int, int]) -> str:
    cell = look.tests.heads.isel(layer=place[0], head=place[1])
    interval = numbers.points_interval(float(cell.simultaneous_low), float(cell.simultaneous_high))
    return f"{numbers.points(float(cell.effect))} {interval}"


def _heads(found: Checkpoints, study: Study, strongest: Places) -> Figure:
    ever = int(found.found.any(axis=0).sum())
    mapped = sorted(strongest[: min(max(ever, 10), _MAPPED)])
    shown = ByGroup(
        [head_name(*place) for place in mapped],
        [numbers.count(look.step) for look in found.looks],
        np.array([100 * found.effects[:, layer, head] for layer, head in mapped]),
        np.array([found.found[:, layer, head] for layer, head in mapped]),
    )
    return plotted(
        "fig-checkpoints-heads",
        data=theme.figure_json(effects_by_group.effects_by_group(shown)),
        height=effects_by_group.height(len(mapped), len(shown.groups)),
        alt=f"{len(mapped)} heads by {len(found.looks)} checkpoints: the effect in each, and where it is found. The table below "
        "holds when each appears.",
        waiting="The effect of each head at each checkpoint appears here.",
        caption=md(
            "The effect ({a} minus {b}), in points, of {which} at every checkpoint, named by its step. Rings: found there. A "
            "click opens the head as it is in the study's own model.",
            a=study.tests.contrast.a.name,
            b=study.tests.contrast.b.name,
            which=f"the {len(mapped)} heads that count most",
        ),
        how_to_read=Md(
            "*How to read it:* a row that is pale and then coloured to its end is a head that appears and stays; rings without "
            "an unbroken run to the right belong to heads that come and go."
        ),
        table=_heads_table(found, strongest),
    )


def _heads_table(found: Checkpoints, strongest: Places) -> Html:
    columns = (
        Column("Head"),
        Column("Stays from step", number=True),
        Column("not yet at", number=True),
        Column("Effect there", number=True),
        Column("interval for all heads", number=True),
        Column("Effect at the end", number=True),
        Column("interval", number=True),
    )
    rows = []
    for place in strongest[:_LISTED]:
        begins = int(found.appears[place])
        there = found.looks[begins] if begins != NEVER else None
        rows.append(
            Row(
                (
                    head_cell(*place),
                    numbers.count(there.step) if there else "–",
                    numbers.count(found.looks[begins - 1].step) if begins > 0 else "–",
                    *(_effect_cells(there, place) if there else ("–", "–")),
                    *_effect_cells(found.looks[-1], place),
                ),
                emphasis=there is not None,
            )
        )
    return folded(
        f"When heads appear: the {len(rows)} that count most",
        table_html("When each head appears", columns, rows),
    )


def _effect_cells(look: Look, place: tuple[int, int]) -> tuple[str, str]:
    effect, interval = _effect_text(look, place).split(" ", 1)
    return effect, interval


def _kinds(found: Checkpoints) -> Figure:
    counts, same = found.kinds.counts, found.kinds.same
    ever = [kind for kind in range(len(KINDS)) if counts[0][:, kind].any()]
    steps = [numbers.count(look.step) for look in found.looks]
    shown = OverTraining([KINDS[kind] for kind in ever], steps, counts[0][:, ever].T, same[0][:, ever].T)
    columns = (Column("Step", number=True), *(Column(KINDS[kind], number=True) for kind in ever))
    tables = [
        (
            "How many heads have each role",
            [[_interval(counts[:, at, kind], 1) for kind in ever] for at in range(len(steps))],
        ),
        (
            "Of those in a role then or at the end, at both, %",
            [[_interval(same[:, at, kind], 100) for kind in ever] for at in range(len(steps))],
        ),
    ]
    html = Html("").join(
        table_html(title, columns, [Row((step, *cells)) for step, cells in zip(steps, rows, strict=True)])
        for title, rows in tables
    )
    return plotted(
        "fig-checkpoints-roles",
        data=theme.figure_json(kinds_over_training.kinds_over_training(shown)),
        height=kinds_over_training.height(len(ever)),
        alt=f"Roles by {len(steps)} checkpoints: how many heads have each, and what share of them are those of the end. The "
        "tables below hold the numbers.",
        waiting="The roles of heads appear here.",
        caption=Md(
            "Roles rather than names: to what a head attends beyond an even spread over tokens. Above, how many heads have each "
            "role at each checkpoint; below, of the heads that have it then or at the end, the percentage that have it at both."
        ),
        how_to_read=Md(
            "*How to read it:* a row whose number stays above while it is pale below is a role that stays and that other heads "
            "carry; dark below says that the same heads carry it."
        ),
        table=folded("The same as tables, with intervals over pairs", html),
    )


def _interval(estimate: npt.NDArray[np.float64], scale: int) -> str:
    value, low, high = (scale * float(one) for one in estimate)
    if np.isnan(value):
        return "–"
    return f"{value:.0f}" if np.isnan(low) else f"{value:.0f} [{low:.0f}, {high:.0f}]"


def _files(found: Checkpoints) -> tuple[Download, ...]:
    looks, shape = found.looks, found.appears.shape
    knowledge = [look.knowledge for look in looks]
    by_step = {
        "step": np.array([look.step for look in looks]),
        "checkpoint": np.array([look.name for look in looks]),
        "heads_found": found.found.sum(axis=(1, 2)),
        "heads_least": np.array([int(look.counted.surely.sum()) for look in looks]),
        "heads_most": np.array([int(look.counted.perhaps.sum()) for look in looks]),
        "found_at_the_end_too": found.same,
        "pairs_compared": np.array([one.compared for one in knowledge]),
        "true_object_likelier": np.array([one.preferred for one in knowledge]),
        "p_nothing_known": np.array([look.nothing_known for look in looks]),
        "facts_asked": np.array([one.asked for one in knowledge]),
        "facts_recalled": np.array([one.recalled for one in knowledge]),
    }
    for kind, name in enumerate(KINDS):
        for part, words in enumerate(("", "_low", "_high")):
            by_step[f"heads_{name.replace(' ', '_')}{words}"] = found.kinds.counts[part][:, kind]
    layers, heads = np.indices(shape).reshape(2, -1)
    kept = ("effect", "simultaneous_low", "simultaneous_high", "p_value")
    by_head = {
        "step": np.repeat(by_step["step"], layers.size),
        "layer": np.tile(layers, len(looks)),
        "head": np.tile(heads, len(looks)),
        **{name: np.concatenate([look.tests.heads[name].to_numpy().ravel() for look in looks]) for name in kept},
        "adjusted": np.concatenate([look.tests.adjusted(look.tests.headline).to_numpy().ravel() for look in looks]),
        "found": found.found.ravel(),
        "role": np.array(KINDS)[found.kinds.kinds.ravel()],
    }
    return (
        Download("checkpoints.csv", "every checkpoint: heads found, facts known, roles", columns_csv(by_step)),
        Download("checkpoint-heads.csv", "every head's effect and role at every checkpoint", columns_csv(by_head)),
    )
