"""What misleading sentences do, said; drawn by `adversarial_shown` and `foretold_shown`."""

import numpy as np

from reportgen import numbers
from reportgen.analyses.adversarial import FEWEST, Adversarial
from reportgen.analyses.adversarial_shown import facts, points, sentences, share_text, shift_map
from reportgen.analyses.analysis import Study
from reportgen.analyses.foretold_shown import area_text, areas_of, predictions
from reportgen.report.csv_files import columns_csv, heads_csv
from reportgen.report.downloads import Download
from reportgen.report.experiment import Evidence, Told
from reportgen.report.head_links import head_text
from reportgen.report.markup import Md, join_md, md
from reportgen.spec.experiments import AdversarialSection
from reportgen.stats.predicting import SHUFFLES


def tell(found: Adversarial, study: Study, section: AdversarialSection) -> Told:
    """The shift of attention, the answers that flip, and the heads that tell which."""
    shift = found.shift
    return Told(
        answer=join_md((_shifted(found), _flipped(found), _foretold(found))),
        blocks=(shift_map(found, study), sentences(found), facts(found, study), *predictions(found)),
        method=_method(found, section),
        files=(
            Download(
                "adversarial-heads.csv",
                "every head's shift behind misleading sentences, and how it tells flips",
                _csv(found),
            ),
            Download(
                "adversarial-facts.csv",
                "by how much the true object is likelier behind each sentence",
                _facts_csv(found, study),
            ),
        ),
        evidence=(
            Evidence(
                what="shift when misled",
                unit="points",
                estimate=points(shift.heads.effect),
                low=points(shift.heads.simultaneous_low),
                high=points(shift.heads.simultaneous_high),
                speaks=shift.recall_heads().to_numpy(),
            ),
        ),
        notices=found.notices,
    )


def _shifted(found: Adversarial) -> Md:
    shift = found.shift
    flags, effect = shift.recall_heads().to_numpy(), shift.heads.effect.to_numpy()
    if not flags.any():
        return md(
            "No head of {tested} is found to shift its attention to the subject when a sentence before names a wrong answer.",
            tested=shift.tested,
        )
    place = shift.strongest(1)[0]
    cell = shift.heads.isel(layer=place[0], head=place[1])
    return md(
        "When a sentence before names a wrong answer, **{n}** of {tested} heads attend to the subject differently than behind "
        "a neutral one: {less} less and {more} more. The strongest is {head}: {effect} points {interval}.",
        n=int(flags.sum()),
        tested=shift.tested,
        less=int((flags & (effect < 0)).sum()),
        more=int((flags & (effect > 0)).sum()),
        head=head_text(*place),
        effect=numbers.points(float(cell.effect)),
        interval=numbers.points_interval(float(cell.simultaneous_low), float(cell.simultaneous_high)),
    )


def _flipped(found: Adversarial) -> Md:
    flips = found.flips
    return md(
        "Of {facts}, {answered} have their true object preferred behind neutral sentences; misleading ones flip **{n}** of these "
        "({share}).",
        facts=numbers.things(len(found.misled.rows), "fact"),
        answered=numbers.count(flips.whole),
        n=numbers.count(flips.part),
        share=share_text(flips),
    )


def _foretold(found: Adversarial) -> Md:
    if not found.foretold:
        stay = found.flips.whole - found.flips.part
        return md(
            "Whether heads tell which answers flip is not asked: {flips} flip and {stay} stay, and {fewest} of each are needed.",
            flips=numbers.count(found.flips.part),
            stay=numbers.count(stay),
            fewest=FEWEST,
        )
    by_side = {one.side: one for one in found.foretold}
    neutral, misleading = by_side["neutral"], by_side["misleading"]
    return md(
        "Which of them flip {can} be told beforehand from what all heads do behind neutral sentences: the area under the curve "
        "is {before} out of sample ({p}; {n} of {tested} heads tell by themselves), and {during} from what they do behind "
        "misleading ones. How unsure the model is behind neutral sentences tells with {unsure} by itself.",
        can="can" if neutral.together_p <= neutral.heads.alpha else "cannot",
        before=area_text(neutral.together.area),
        p=numbers.p_equals(neutral.together_p),
        n=numbers.count(int(neutral.heads.significant(neutral.heads.headline).sum())),
        tested=neutral.heads.tested,
        during=area_text(misleading.together.area),
        unsure=area_text(found.beside[0].area),
    )


def _method(found: Adversarial, section: AdversarialSection) -> Md:
    shift = found.shift
    return md(
        "True statements were read behind {n} that named the false object of their pair as the answer, and behind the same with "
        "a neutral phrase in its place, chosen so that both are equally long in tokens. Attention to the subject was compared in "
        "{pairs}, averaged over sentences. The model's answer is the likelier of both objects, by the log-probability of all "
        "their tokens; shares have Wilson's intervals [@wilson1927].{told}",
        n=numbers.things(len(found.misled.templates), "misleading sentence"),
        pairs=numbers.things(shift.n_a, "pair" if shift.settings.cluster is None else "cluster"),
        told=_told(found, section) if found.foretold else Md(""),
    )


def _told(found: Adversarial, section: AdversarialSection) -> Md:
    cluster = found.shift.settings.cluster
    return md(
        " Flips were told from answers that stay by the ranks of each head's attention [@mann1947; @hanley1982] and, in "
        "{folds}-fold cross-validation over {groups}, by a penalized logistic regression on all heads [@lecessie1992] and by the "
        "head that was best in the other folds, as lookback ratios tell hallucinations [@chuang2024]. Intervals are of the "
        "bootstrap [@efron1979], p-values of {shuffles} shuffles of the flips [@ojala2010], adjusted by Holm [@holm1979].",
        folds=section.folds,
        groups="facts" if cluster is None else f"clusters by {cluster}",
        shuffles=SHUFFLES,
    )


def _csv(found: Adversarial) -> bytes:
    shift = found.shift
    columns = {
        name: shift.heads[name].to_numpy()
        for name in ("mean_a", "mean_b", "effect", "simultaneous_low", "simultaneous_high", "p_value")
    }
    columns["adjusted"] = shift.adjusted(shift.headline).to_numpy()
    columns["found"] = shift.recall_heads().to_numpy()
    for one in found.foretold:
        columns[f"area_{one.side}"] = areas_of(one)
        columns[f"adjusted_area_{one.side}"] = one.heads.adjusted(one.heads.headline).to_numpy()
    return heads_csv(columns)


def _facts_csv(found: Adversarial, study: Study) -> bytes:
    margins = found.margins
    true = [study.statements[row].fact for row in found.misled.rows]
    columns = {
        "subject": np.array([fact.subject for fact in true]),
        "relation": np.array([fact.relation for fact in true]),
        "object": np.array([fact.object for fact in true]),
        "other": np.array([pair.false.fact.object for pair in found.misled.misleading[0]]),
        "margin_no_sentence": margins.plain,
    }
    for place in range(len(found.misled.templates)):
        columns[f"margin_neutral_{place + 1}"] = margins.neutral[place]
        columns[f"margin_misleading_{place + 1}"] = margins.misleading[place]
    return columns_csv({**columns, "flipped": margins.flipped})
