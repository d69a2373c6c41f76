"""What the relations show, said and drawn."""

from typing import Any

import numpy as np
import numpy.typing as npt

from reportgen import numbers
from reportgen.analyses.analysis import Study
from reportgen.analyses.relations import Relations
from reportgen.analyses.relations_figures import and_listed, effects_figure, pair_name, sets_figure, tree_figure
from reportgen.contrasts import FEWEST_PAIRS
from reportgen.notices import Notice
from reportgen.report.csv_files import heads_csv
from reportgen.report.document import Block, Prose
from reportgen.report.downloads import Download
from reportgen.report.experiment import Evidence, Told
from reportgen.report.head_links import head_text
from reportgen.report.markup import Md, join_md, md
from reportgen.spec.experiments import RelationsSection


def tell(found: Relations, study: Study, _: RelationsSection) -> Told:
    """Head sets and their overlap, the effects by relation, and where they differ."""
    in_relations = found.found.sum(axis=0)
    blocks: tuple[Block, ...] = (
        *((sets_figure(found),) if in_relations.any() else ()),
        Prose(_alike(found)),
        tree_figure(found),
        Prose(_differing(found)),
        effects_figure(found),
    )
    nothing = np.full(in_relations.shape, np.nan)
    return Told(
        answer=_answer(found),
        blocks=blocks,
        method=_method(found),
        files=(Download("relations.csv", "every head's effect in each relation, and whether it differs", _csv(found)),),
        evidence=(
            Evidence(
                what="found in",
                unit="relations",
                estimate=in_relations.astype(float),
                low=nothing,
                high=nothing,
                speaks=in_relations >= 2,
                kind="holds",
                digits=0,
            ),
        ),
        notices=_notices(found, study),
    )


def _answer(found: Relations) -> Md:

    total = found.found.sum(axis=0)
    each = join_md(
        (
            md("{n} in {relation}", n=int(own.sum()), relation=name)
            for name, own in zip(found.names, found.found, strict=True)
        ),
        ", ",
    )
    if not total.any():
        heads = md("No head is found in any of the {n} relations by itself.", n=len(found.names))
    else:
        heads = md(
            "**{all}** of {tested} heads are found in every one of {n} relations, and {one} in one alone ({each}).",
            all=int((total == len(found.names)).sum()),
            tested=found.tests[0].tested,
            n=len(found.names),
            one=int((total == 1).sum()),
            each=each,
        )
    differ = int((found.differing.adjusted <= found.tests[0].alpha).sum())
    least = np.nanmin(found.differing.adjusted)
    differing = md(
        "The effect differs between relations at {n} ({least}).",
        n=md("**{n}** heads", n=differ) if differ else "no head",
        least=f"smallest adjusted {numbers.p_equals(float(least))}",
    )
    return join_md((heads, differing))


def _alike(found: Relations) -> Md:
    """What can be said of overlaps and correlations, beside those under shuffled relations."""
    alike, alpha = found.alike, found.tests[0].alpha
    apart = [pair_name(found, place) for place in np.flatnonzero(found.overlap_p <= alpha).tolist()]
    unlike = [pair_name(found, place) for place in np.flatnonzero(found.correlation_p <= alpha).tolist()]
    parts = []
    if np.isfinite(alike.overlap.observed).any():
        place = int(np.nanargmin(alike.overlap.observed - alike.overlap.shuffled))
        parts.append(
            md(
                "Against shuffled relations, heads of {pair} overlap least: they share {shared} of those that either has, and "
                "{expected} where relations are shuffled. {own}",
                pair=pair_name(found, place),
                shared=numbers.percent(float(alike.overlap.observed[place]), 1),
                expected=numbers.percent(float(alike.overlap.shuffled[place]), 1),
                own=f"Fewer are shared than shuffled relations share by {and_listed(apart)} (adjusted p ≤ {alpha:g})."
                if apart
                else "No two relations share fewer than shuffled ones do.",
            )
        )
    parts.append(
        md(
            "Over all heads, found or not, effects of two relations correlate at {low} to {high}; {own}",
            low=numbers.decimal(float(np.nanmin(alike.correlation.observed))),
            high=numbers.decimal(float(np.nanmax(alike.correlation.observed))),
            own=f"less than under shuffled relations for {and_listed(unlike)}."
            if unlike
            else "no two less than under shuffled relations.",
        )
    )
    return join_md(parts)


def _differing(found: Relations) -> Md:

    differing, effects = found.differing, found.effects
    place = _most_differing(found)
    most, least = int(effects[:, *place].argmax()), int(effects[:, *place].argmin())
    return md(
        "The effect differs most at {head}: {high} points in {most}, {low} in {least} (Welch's F = {f}, {p} over all heads).",
        head=head_text(*place),
        high=numbers.points(float(effects[most, *place])),
        low=numbers.points(float(effects[least, *place])),
        most=found.names[most],
        least=found.names[least],
        f=numbers.decimal(float(differing.statistic[place]), 1),
        p=numbers.p_equals(float(differing.adjusted[place])),
    )


def _most_differing(found: Relations) -> tuple[int, int]:
    layer, head = np.unravel_index(np.nanargmax(found.differing.statistic), found.differing.statistic.shape)
    return int(layer), int(head)


def _method(found: Relations) -> Md:

    shuffled = "within each cluster (what stands in one relation alone stays there)" if found.within else "over pairs"
    return md(
        "The first contrast was tested in every relation with {fewest} pairs or more as over all of them, a family of heads "
        "each. Head sets are compared by the share that two have in common [@jaccard1912], drawn as an UpSet plot [@lex2014]; "
        "the null shuffles relations {shuffled} and takes, in each relation, as many heads with the largest t and an effect of "
        "interest as were found (p-values over pairs of relations by Holm's method [@holm1979]). Whether a head's effect differs "
        "between relations is tested by Welch's F [@welch1951] under {draws} of the same shuffles, its largest value over heads "
        "controlling the family-wise error [@westfall1993]. Relations are joined by average linkage at a distance of 1 − r.",
        fewest=FEWEST_PAIRS,
        shuffled=shuffled,
        draws=numbers.count(found.tests[0].settings.resamples),
    )


def _notices(found: Relations, study: Study) -> tuple[Notice, ...]:

    few = Notice(
        "left out", f"Relations with fewer than {FEWEST_PAIRS} pairs are not compared with others.", found.split.few
    )
    repeated = Notice(
        "warning",
        f"{numbers.things(found.repeated, 'subject')} stand in several relations and count as independent there: "
        "`tests.cluster: subject` would compare relations within subjects.",
    )
    lacking = int(np.isnan(found.differing.statistic).sum())
    untested = Notice(
        "left out",
        f"{numbers.things(lacking, 'head')} of {study.scores[0].size} cannot be tested in every relation, and are compared "
        "between none.",
    )
    wanted = ((found.split.few, few), (found.repeated, repeated), (lacking, untested))
    return tuple(notice for needed, notice in wanted if needed)


def _csv(found: Relations) -> bytes:

    columns: dict[str, npt.NDArray[Any]] = {}
    for name, tests in zip(found.names, found.tests, strict=True):
        heads = tests.heads
        columns |= {
            f"effect_{name}": heads.effect.to_numpy(),
            f"simultaneous_low_{name}": heads.simultaneous_low.to_numpy(),
            f"simultaneous_high_{name}": heads.simultaneous_high.to_numpy(),
            f"adjusted_{name}": tests.adjusted(tests.headline).to_numpy(),
            f"found_{name}": tests.recall_heads().to_numpy(),
        }
    differing = found.differing
    return heads_csv(
        {
            **columns,
            "welch_f": differing.statistic,
            "p_value_differs": differing.p_value,
            "adjusted_differs": differing.adjusted,
        }
    )
