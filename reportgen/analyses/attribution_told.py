"""What attribution shows, said."""

import numpy as np

from reportgen import numbers
from reportgen.analyses.analysis import Study
from reportgen.analyses.attribution import Attribution
from reportgen.analyses.attribution_shown import CUT, DIRECT, corners_table, scatter, windows_figure
from reportgen.analyses.attribution_words import (
    agreement_text,
    in_thousandths,
    stands,
    strongest,
    window_name,
    with_interval,
)
from reportgen.inference import HeadTests
from reportgen.report.csv_files import heads_csv
from reportgen.report.document import Prose
from reportgen.report.downloads import Download
from reportgen.report.experiment import Evidence, Kind, Told
from reportgen.report.head_links import head_text
from reportgen.report.markup import Md, join_md, md
from reportgen.spec.experiments import AttributionSection


def tell(found: Attribution, _: Study, __: AttributionSection) -> Told:
    """The answer, both scatters with the heads of their corners, and the curve of windows."""
    return Told(
        answer=_answer(found),
        blocks=(
            scatter(found, DIRECT),
            corners_table(found),
            scatter(found, CUT),
            Prose(_own_look(found)),
            windows_figure(found),
        ),
        method=_method(found),
        files=(
            Download("attribution.csv", "every head's attention effect and what it does to the answer", _csv(found)),
        ),
        evidence=(
            _evidence("logit attribution", "logits", found.direct, "moves", 2),
            _evidence("edge knock-out", "logits", found.cut, "moves", 2),
            _evidence("contribution-weighted effect", "stream units", found.weighted, "looks", 2),
        ),
        notices=found.asked.notices,
    )


def _evidence(what: str, unit: str, tests: HeadTests, kind: Kind, digits: int) -> Evidence:
    heads = tests.heads
    return Evidence(
        what=what,
        unit=unit,
        estimate=heads.effect.to_numpy(),
        low=heads.simultaneous_low.to_numpy(),
        high=heads.simultaneous_high.to_numpy(),
        speaks=stands(tests),
        kind=kind,
        digits=digits,
    )


def _answer(found: Attribution) -> Md:
    looks, moves = stands(found.looking), stands(found.direct)
    return join_md(
        (
            _both(int(looks.sum()), int((looks & moves).sum()), int((moves & ~looks).sum())),
            _strongest_direct(found),
            md(
                "Over heads, the effect on attention and the direct contribution correlate at r = {r}.",
                r=agreement_text(found.with_direct),
            ),
            _cut_answer(found),
            _windows_answer(found),
        )
    )


def _both(looks: int, both: int, others: int) -> Md:
    if not looks:
        some = numbers.things(others, "head") if others else "no head"
        verb = "move" if others > 1 else "moves"
        return md("No head looks at the subject differently; {some} {verb} the answer directly.", some=some, verb=verb)
    others_text = (
        f"{numbers.things(others, 'other head')} {'do' if others > 1 else 'does'}" if others else "no other head does"
    )
    if not both:
        return md(
            "None of the **{looks}** heads that look at the subject differently is found to move the answer directly with what "
            "it reads there; {others}.",
            looks=looks,
            others=others_text,
        )
    return md(
        "Of the {looks} heads that look at the subject differently, **{both}** {verb} the answer directly with what "
        "{they} there; {others}.",
        looks=looks,
        both=both,
        verb="move" if both > 1 else "moves",
        they="they read" if both > 1 else "it reads",
        others=others_text,
    )


def _strongest_direct(found: Attribution) -> Md:
    place = strongest(found.direct)
    if place is None:
        return Md("")
    return md(
        "The largest contribution is that of {head}: {effect} logits, where the true object is ahead by {ahead} on average.",
        head=head_text(*place),
        effect=with_interval(found.direct, place),
        ahead=numbers.decimal(found.difference),
    )


def _cut_answer(found: Attribution) -> Md:
    place, heads = strongest(found.cut), int(stands(found.cut).sum())
    if place is None:
        return Md("Taking one head's attention to the subject away changes the answer at no head.")
    return md(
        "Taking one head's attention to the subject away changes the answer at **{n}** {heads}, most at {head}: by {effect} "
        "logits.",
        n=heads,
        heads="heads" if heads > 1 else "head",
        head=head_text(*place),
        effect=with_interval(found.cut, place),
    )


def _windows_answer(found: Attribution) -> Md:
    windows = found.windows
    place = strongest(windows.subject)
    if place is None:
        return md("Blocking that of all heads in {n} layers on end changes it nowhere.", n=windows.width)
    others = ""
    if windows.others is not None:
        others = f"; blocking as many other tokens, by {with_interval(windows.others, place)}"
    return md(
        "Blocking that of all heads in {layers} changes the log-probability of the true object by {effect} nats{others}.",
        layers=window_name(place[0], windows.width),
        effect=with_interval(windows.subject, place),
        others=others,
    )


def _own_look(found: Attribution) -> Md:
    """What follows from the very attention that the study measures."""
    return join_md((_largest_divergence(found), _differing(found), _kept(found)))


def _largest_divergence(found: Attribution) -> Md:
    means = np.stack([found.diverging.heads[name].to_numpy() for name in ("mean_a", "mean_b")])
    layer, head = np.unravel_index(int(means.mean(axis=0).argmax()), means.shape[1:])
    true, false = means[:, layer, head]
    return md(
        "Taking away the very look that this study measures, one head at a time, moves the distribution of what the model says "
        "next most at {head}: by {true} nats of Kullback–Leibler divergence in true statements and {false} in false ones.",
        head=head_text(int(layer), int(head)),
        true=numbers.decimal(float(true), 3),
        false=numbers.decimal(float(false), 3),
    )


def _differing(found: Attribution) -> Md:
    place, heads = strongest(found.diverging), int(stands(found.diverging).sum())
    if place is None:
        return Md("At no head do the two differ.")
    return md(
        "The two differ at {n} {heads}, most at {head}: by {effect} thousandths of a nat, true minus false.",
        n=heads,
        heads="heads" if heads > 1 else "head",
        head=head_text(*place),
        effect=in_thousandths(found.diverging, place),
    )


def _kept(found: Attribution) -> Md:
    weighted, looks = stands(found.weighted), stands(found.looking)
    return md(
        "Weighted by what the values write, attention to the subject differs at {weighted} heads, {both} of them among the "
        "{looks} where attention itself does.",
        weighted=int(weighted.sum()),
        both=int((weighted & looks).sum()),
        looks=int(looks.sum()),
    )


def _method(found: Attribution) -> Md:
    return md(
        "For {n} of {possible} pairs, drawn at random, what each head reads from the subject's tokens at the position before "
        "the twins' objects first differ was projected through its output matrix, every norm after it with its scale held "
        "(and a cap on logits, where there is one, by the part that it leaves), and the unembedding's difference of the two "
        "next tokens: its direct contribution to their logit difference [@chughtai2024; @elhage2021]. That a model's logits "
        "are such a sum was proven on a run first. Attention was taken away as −∞ before the softmax would take it: from that"
        " position to the subject, of one head; of all heads in {width} layers on end [@geva2023]; and from the study's own "
        "query position to its key span, of one head. Means over pairs were tested against 0 by paired t under the headline "
        "correction, each kind as a family of its own, and count as found where they are {least} logits or more; correlations"
        " over heads have percentile bootstrap intervals over pairs [@efron1979]. "
        "Attention alone is contested as an explanation [@jain2019]; "
        "beside it stands attention times the length of what the value writes [@kobayashi2020].",
        n=len(found.asked.pairs),
        possible=found.asked.possible,
        width=found.windows.width,
        least=f"{found.direct.smallest_effect:g}",
    )


def _csv(found: Attribution) -> bytes:
    named = {
        "attention": found.looking,
        "weighted": found.weighted,
        "direct": found.direct,
        "without_look": found.cut,
        "divergence": found.diverging,
    }
    columns = ("effect", "simultaneous_low", "simultaneous_high", "p_value")
    return heads_csv(
        {
            key: values
            for name, tests in named.items()
            for key, values in {
                **{f"{column}_{name}": tests.heads[column].to_numpy() for column in columns},
                f"adjusted_{name}": tests.adjusted(tests.headline).to_numpy(),
            }.items()
        }
    )
