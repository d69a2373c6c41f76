"""What several models show: the answer, where in depth their heads lie, and which heads match."""

from collections.abc import Iterator, Sequence

import numpy as np

from reportgen import numbers
from reportgen.analyses.across_models import AcrossModels, Compared, InModel
from reportgen.analyses.analysis import Study
from reportgen.figures import matched_heads, over_depth, theme
from reportgen.figures.matched_heads import Matches
from reportgen.figures.over_depth import InDepth
from reportgen.notices import Notice
from reportgen.report.csv_files import columns_csv
from reportgen.report.document import Figure
from reportgen.report.downloads import Download
from reportgen.report.experiment import Evidence, Map, Told
from reportgen.report.head_links import head_cell, head_name
from reportgen.report.markup import Html, Md, join_md, md
from reportgen.report.plotted import plotted
from reportgen.report.tables import Column, Row, folded, table_html
from reportgen.spec.other_models import AcrossModelsSection
from reportgen.stats.depth import Estimate
from reportgen.stats.matching import HALVES

_LISTED = 15


def tell(found: AcrossModels, study: Study, _: AcrossModelsSection) -> Told:
    """The answer, the depth of the heads found, and the matches."""
    return Told(
        answer=join_md([_shared_text(found), *(_compared_text(found, other) for other in found.others)]),
        blocks=(_depth_figure(found, study), _matches_figure(found)),
        method=_method(found, study),
        files=_files(found),
        evidence=tuple(_evidence(found)),
        notices=tuple(_notices(found)),
    )


def _shared_text(found: AcrossModels) -> Md:
    own = found.own
    return md(
        "Over {shared} that all {models} models read, **{n}** of {tested} heads of {own} are found ({interval} truly "
        "differ, by intervals for all heads){depth}.",
        shared=numbers.things(found.shared, "pair"),
        models=len(found.models),
        n=int(own.counted.found.sum()),
        tested=own.tests.tested,
        own=own.name,
        interval=own.counted.words,
        depth=f", {_depth_text(own)}" if own.counted.found.any() else "",
    )


def _depth_text(model: InModel) -> str:
    return f"at a depth of {numbers.decimal(model.depth.value)} {_interval(model.depth)}"


def _interval(estimate: Estimate, digits: int = 2) -> str:
    return numbers.interval(estimate.low, estimate.high, digits)


def _compared_text(found: AcrossModels, other: Compared) -> Md:
    model, matching = other.model, other.matching
    like = int((matching.p_value <= model.tests.alpha).sum())
    return md(
        "**{name}**: {n} of {tested} heads ({interval}){deeper}. {matched} heads have one there that responds to the same facts "
        "more alike than any match by chance does{both}; matched heads correlate at r = {mean} on average ({chance} by "
        "chance, {p}; {held} on facts that had no part in the matching).",
        name=model.name,
        n=int(model.counted.found.sum()),
        tested=model.tests.tested,
        interval=model.counted.words,
        deeper=_deeper_text(model, other.deeper),
        matched=f"{like} of {len(matching.p_value)}" if like else f"None of {len(matching.p_value)}",
        both=_both_text(found, other) if like else "",
        mean=numbers.decimal(matching.mean),
        chance=numbers.decimal(matching.by_chance),
        p=numbers.p_equals(matching.mean_p),
        held=numbers.decimal(matching.held_out),
    )


def _deeper_text(model: InModel, deeper: Estimate) -> str:
    if not model.counted.found.any():
        return ""
    if np.isnan(deeper.value):
        return f", {_depth_text(model)}"
    said = f"{numbers.decimal(deeper.value)} {_interval(deeper)}"
    where = (
        "no other depth can be told" if deeper.low <= 0 <= deeper.high else "deeper" if deeper.value > 0 else "earlier"
    )
    return f", {_depth_text(model)} (difference {said}: {where})"


def _both_text(found: AcrossModels, other: Compared) -> str:
    if not found.own.counted.found.any() or not other.model.counted.found.any():
        return ""
    return (
        f"; {numbers.count(other.both)} of them are heads found in both models ({numbers.decimal(other.by_chance, 1)} expected "
        "if matches went by anything else)"
    )


def _method(found: AcrossModels, study: Study) -> Md:
    return md(
        "Each model read the facts by its own tokenizer, its scores were tested as the study's are, and pairs without a place in "
        "all models were left out. A head's depth is its layer over the last one's number; that of the heads found is their mean "
        "weighted by the size of their effects, with percentile bootstrap intervals over units drawn alike in all models "
        "[@efron1979], the heads found being held. The interval of a share counts the simultaneous intervals that lie beyond the "
        "smallest effect of interest, and those that do not lie within it. Heads were matched one to one by the largest sum of "
        "correlations of {profiles} over units [@crouse2016], beside permutations of one model's units, matched anew: a match "
        "counts where at most {alpha} of them have any as similar (max statistic [@westfall1993; @phipson2010]). Held-out "
        "correlations are those of the other half of the units, over {halves} random halves. Where any two heads are about "
        "as alike as matched ones, facts move all heads alike, and a match says little of these two.",
        profiles="their differences between partners"
        if found.own.tests.design == "paired"
        else "their scores around the sets' means",
        alpha=numbers.level(study.spec.tests.alpha),
        halves=HALVES,
    )


def _notices(found: AcrossModels) -> Iterator[Notice]:
    if left := found.pairs - found.shared:
        yield Notice(
            "left out",
            f"{numbers.things(left, 'pair')} of {numbers.count(found.pairs)} {'has' if left == 1 else 'have'} no place in one of "
            "the models that are compared, and had no part in the comparison.",
            found.unplaced,
        )


def _evidence(found: AcrossModels) -> Iterator[Evidence]:
    """By head, the largest similarity with its match in any other model; there is no interval, a p-value alone."""
    shape = found.own.counted.found.shape
    best: Map = np.full(shape, np.nan)
    like = np.zeros(shape, dtype=bool)
    for other in found.others:
        layers, heads = np.divmod(other.matching.matched.first, shape[1])
        best[layers, heads] = np.fmax(best[layers, heads], other.matching.matched.similarity)
        like[layers, heads] |= other.matching.p_value <= found.own.tests.alpha / len(found.others)
    nothing = np.full(shape, np.nan)
    yield Evidence("a like in another model", "r", best, nothing, nothing, like, "holds", 2)


def _depth_figure(found: AcrossModels, study: Study) -> Figure:
    columns = (
        Column("Model"),
        Column("Layers × heads", number=True),
        Column("Heads found", number=True),
        Column("truly differ", number=True),
        Column("Depth of those found", number=True),
        Column("interval", number=True),
        Column("deeper than the study's by", number=True),
        Column("interval", number=True),
    )
    deeper = [None, *(other.deeper for other in found.others)]
    rows = [
        Row(
            (
                model.name,
                f"{model.layers} × {model.per_layer}",
                numbers.count(int(model.counted.found.sum())),
                model.counted.interval,
                numbers.decimal(model.depth.value),
                "–" if np.isnan(model.depth.low) else _interval(model.depth),
                "–" if more is None else numbers.decimal(more.value),
                "–" if more is None or np.isnan(more.low) else _interval(more),
            )
        )
        for model, more in zip(found.models, deeper, strict=True)
    ]
    return plotted(
        "fig-across-models",
        data=theme.figure_json(over_depth.over_depth([_in_depth(model) for model in found.models])),
        height=over_depth.height(len(found.models)),
        alt=f"The share of heads found, layer by layer, in {len(found.models)} models. The table below holds their "
        "numbers and depths.",
        waiting="The depth of the heads found in each model appears here.",
        caption=md(
            "From the first layer to the last: the percentage of a layer's heads found to differ between {a} and {b}. The "
            "diamond is the depth of all heads found, weighted by their effects, with its interval.",
            a=study.tests.contrast.a.name,
            b=study.tests.contrast.b.name,
        ),
        how_to_read=Md(
            "*How to read it:* diamonds one below the other say that models have such heads at the same depth. The band says "
            "which share of a layer's heads truly differs, at least and at most."
        ),
        table=folded("The same as a table: every model", table_html("Heads found in each model", columns, rows)),
    )


def _in_depth(model: InModel) -> InDepth:
    counted = model.counted
    share, low, high = (100 * flags.mean(axis=1) for flags in (counted.found, counted.surely, counted.perhaps))
    texts = [
        f"layer {layer}: {int(counted.found[layer].sum())} of {model.per_layer} heads "
        f"[{int(counted.surely[layer].sum())}, {int(counted.perhaps[layer].sum())}]"
        for layer in range(model.layers)
    ]
    depth = model.depth
    return InDepth(model.name, share, low, high, (depth.value, depth.low, depth.high), texts)


def _matches_figure(found: AcrossModels) -> Figure:
    shown = [_matches(found, other) for other in found.others]
    return plotted(
        "fig-across-models-matches",
        data=theme.figure_json(matched_heads.matched_heads(shown, found.own.name)),
        height=matched_heads.height(len(shown)),
        alt=f"Heads of {found.own.name} and those of the other models that they are matched with, by depth. The tables below "
        "hold the most similar.",
        waiting="Matched heads appear here.",
        caption=md(
            "Each head of {own} and the head of another model that it is matched with, by how deep they lie; within a layer "
            "heads stand side by side. Filled: more alike than by chance. A click opens the study's head.",
            own=found.own.name,
        ),
        how_to_read=Md(
            "*How to read it:* filled points along the rising diagonal are heads that do the same at the same depth of both "
            "models. Hollow ones are matched only because every head is."
        ),
        table=folded(
            "The same as tables: matchings as a whole, and the most similar heads",
            Html("").join([_matchings_table(found), *(_matches_table(found, other) for other in found.others)]),
        ),
    )


def _matches(found: AcrossModels, other: Compared) -> Matches:
    matched = other.matching.matched
    return Matches(
        other.model.name,
        _depths(found.own, matched.first.tolist()),
        _depths(other.model, matched.second.tolist()),
        [head_name(*found.own.name_of(head)) for head in matched.first.tolist()],
        [head_name(*other.model.name_of(head)) for head in matched.second.tolist()],
        matched.similarity,
        other.matching.p_value <= found.own.tests.alpha,
    )


def _depths(model: InModel, heads: Sequence[int]) -> Map:
    """Where heads stand between 0 and 1: each layer has a part of the axis, in which its heads stand side by side."""
    places = np.array([model.name_of(head) for head in heads]).reshape(-1, 2)
    within = 0.1 + 0.8 * (places[:, 1] + 0.5) / model.per_layer
    return np.asarray((places[:, 0] + within) / model.layers)


def _matchings_table(found: AcrossModels) -> Html:
    columns = (
        Column("Model"),
        Column("More alike than by chance", number=True),
        Column("r on average", number=True),
        Column("by chance", number=True),
        Column("95 % of permutations", number=True),
        Column("p", number=True),
        Column("on other facts", number=True),
        Column("any two heads", number=True),
        Column("found in both", number=True),
        Column("expected", number=True),
    )
    rows = [
        Row(
            (
                other.model.name,
                f"{int((match.p_value <= found.own.tests.alpha).sum())} of {len(match.p_value)}",
                numbers.decimal(match.mean),
                numbers.decimal(match.by_chance),
                numbers.interval(match.chance_low, match.chance_high),
                numbers.p_value(match.mean_p),
                numbers.decimal(match.held_out),
                numbers.decimal(match.any_two),
                numbers.count(other.both),
                numbers.decimal(other.by_chance, 1),
            )
        )
        for other in found.others
        for match in (other.matching,)
    ]
    return table_html("How far heads match", columns, rows)


def _matches_table(found: AcrossModels, other: Compared) -> Html:
    matched, p_value = other.matching.matched, other.matching.p_value
    columns = (
        Column("Head"),
        Column(f"in {other.model.name}"),
        Column("r", number=True),
        Column("p for all", number=True),
        Column("found in both"),
    )
    mine, theirs = found.own.counted.found.ravel(), other.model.counted.found.ravel()
    rows = []
    for at in np.argsort(-matched.similarity, kind="stable")[:_LISTED].tolist():
        first, second = int(matched.first[at]), int(matched.second[at])
        rows.append(
            Row(
                (
                    head_cell(*found.own.name_of(first)),
                    head_name(*other.model.name_of(second)),
                    numbers.decimal(float(matched.similarity[at])),
                    numbers.p_value(float(p_value[at])),
                    _in_which(bool(mine[first]), bool(theirs[second])),
                ),
                emphasis=bool(p_value[at] <= found.own.tests.alpha),
            )
        )
    return table_html(f"The most similar heads of {found.own.name} and {other.model.name}", columns, rows)


def _in_which(mine: bool, theirs: bool) -> str:
    if mine and theirs:
        return "in both"
    return "here alone" if mine else "there alone" if theirs else "in neither"


def _files(found: AcrossModels) -> tuple[Download, ...]:
    columns = ("effect", "simultaneous_low", "simultaneous_high", "p_value")
    rows = {
        "model": np.concatenate([np.repeat(model.name, model.counted.found.size) for model in found.models]),
        "layer": np.concatenate([np.repeat(np.arange(one.layers), one.per_layer) for one in found.models]),
        "head": np.concatenate([np.tile(np.arange(one.per_layer), one.layers) for one in found.models]),
        **{
            name: np.concatenate([model.tests.heads[name].to_numpy().ravel() for model in found.models])
            for name in columns
        },
        "adjusted": np.concatenate(
            [model.tests.adjusted(model.tests.headline).to_numpy().ravel() for model in found.models]
        ),
        "found": np.concatenate([model.counted.found.ravel() for model in found.models]),
    }
    matches = {
        "model": np.concatenate([np.repeat(one.model.name, len(one.matching.p_value)) for one in found.others]),
        "head": np.concatenate([_matches(found, one).heads for one in found.others]),
        "matched": np.concatenate([_matches(found, one).its_heads for one in found.others]),
        "similarity": np.concatenate([one.matching.matched.similarity for one in found.others]),
        "p_value": np.concatenate([one.matching.p_value for one in found.others]),
    }
    return (
        Download("across-models.csv", "every head's effect in every model that is compared", columns_csv(rows)),
        Download("matched-heads.csv", "the study's heads and those of other models that match", columns_csv(matches)),
    )
