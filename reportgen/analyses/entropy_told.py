"""What the spread of attention says: a sentence, every head as a dot by layer, the strongest heads, a file."""

import numpy as np

from reportgen import numbers
from reportgen.analyses.analysis import Study
from reportgen.analyses.entropy import Entropy, Focus, Spread
from reportgen.analyses.entropy_table import spread_table
from reportgen.figures import theme
from reportgen.figures.spread_by_layer import SpreadPanel, height, spread_by_layer
from reportgen.inference import HeadTests
from reportgen.report.csv_files import heads_csv
from reportgen.report.document import Figure
from reportgen.report.downloads import Download
from reportgen.report.experiment import Evidence, Told
from reportgen.report.head_links import head_text
from reportgen.report.markup import Md, md
from reportgen.report.plotted import plotted
from reportgen.spec.experiments import EntropySection


def tell(found: Entropy, study: Study, _: EntropySection) -> Told:
    """The answer, the dots, and the strongest heads of the study."""
    evidence = _evidence(found.rest)
    return Told(
        answer=md("{focus} {truth}", focus=_focus(found, study), truth=_truth(found)),
        blocks=(_figure(found, study),),
        method=Md(
            "The entropy of the query position's attention was divided by the logarithm of the number of tokens that it can "
            "look at, over all tokens and without the first, on which heads rest [@clark2019; @xiao2024]. Recall heads were "
            "compared with the other heads of their own layers: the interval is BCa over units [@efron1987], the p-value that "
            "of as many heads drawn at random from the same layers [@phipson2010]. Each head beside the mean of its layer's "
            "others, and the sets of the first contrast, were tested and corrected as the study's own scores."
        ),
        files=(
            Download(
                "entropy.csv",
                "how evenly every head spreads its attention, beside its layer and in both sets",
                heads_csv(
                    {
                        "recall": study.tests.recall_heads().to_numpy(),
                        **_columns("all", found.whole),
                        **_columns("without_first", found.rest),
                    }
                ),
            ),
        ),
        evidence=() if evidence is None else (evidence,),
    )


def _evidence(spread: Spread) -> Evidence | None:
    beside = spread.beside
    if beside is None:
        return None
    effect, low, high = (
        beside.heads[name].to_numpy() * 100 for name in ("effect", "simultaneous_low", "simultaneous_high")
    )
    speaks = beside.significant(beside.headline).to_numpy()
    return Evidence("spread beside its layer", "hundredths", effect, low, high, speaks)


def _columns(name: str, spread: Spread) -> dict[str, np.ndarray]:
    return {
        f"spread_{name}": spread.mean,
        f"low_{name}": spread.low,
        f"high_{name}": spread.high,
        **_tested(f"beside_layer_{name}", spread.beside),
        **_tested(f"effect_{name}", spread.contrast),
    }


def _tested(name: str, tests: HeadTests | None) -> dict[str, np.ndarray]:
    if tests is None:
        return {}
    return {
        name: tests.heads.effect.to_numpy(),
        f"{name}_low": tests.heads.simultaneous_low.to_numpy(),
        f"{name}_high": tests.heads.simultaneous_high.to_numpy(),
        f"{name}_adjusted_p": tests.adjusted(tests.headline).to_numpy(),
    }


def first_token(found: Entropy) -> str:
    """The first token in words."""
    return "the beginning-of-sequence token" if found.bos else "the text's first token"


def _focus(found: Entropy, study: Study) -> Md:
    """Whether recall heads are more focused than others, and how sure one may be."""
    whole, rest = found.whole.focus, found.rest.focus
    if whole is None or rest is None:
        why = (
            "In every layer that has recall heads all heads are recall heads"
            if found.recall
            else "The study finds no recall head"
        )
        return md("{why}, so that there is nothing to set beside the others.", why=why)
    return md(
        "{verdict} Over all tokens {whole}; without {first} {rest}. The intervals say how far other facts of the kind could "
        "move this, p how often as many heads drawn at random from the same layers differ as much.{unmatched}",
        verdict=_verdict(whole, rest, found, study.tests.alpha),
        whole=_difference(whole, "their spread differs by"),
        first=first_token(found),
        rest=_difference(rest, "by"),
        unmatched=_unmatched(found),
    )


def _verdict(whole: Focus, rest: Focus, found: Entropy, alpha: float) -> Md:
    states = [_state(focus, alpha) for focus in (whole, rest)]
    who = f"The {numbers.things(found.matched, 'recall head')}"
    are = "is" if found.matched == 1 else "are"
    layers = f"the other heads of {'its layer' if found.matched == 1 else 'their layers'}"
    if states[0] == states[1]:
        return md("{who} {are} **{state}** {layers}.", who=who, are=are, state=states[0], layers=layers)
    return md(
        "{who} {are} **{state}** {layers} where all tokens count, and {other} them without {first}.",
        who=who,
        are=are,
        state=states[0],
        layers=layers,
        other=states[1],
        first=first_token(found),
    )


def _state(focus: Focus, alpha: float) -> str:
    if not focus.told(alpha):
        return "not shown to differ from"
    return "more focused than" if focus.drawn.estimate < 0 else "less focused than"


def _difference(focus: Focus, words: str) -> Md:
    return md(
        "{words} {estimate} hundredths of the most possible {interval}, {p}",
        words=words,
        estimate=numbers.points(focus.drawn.estimate),
        interval=numbers.points_interval(focus.low, focus.high),
        p=numbers.p_equals(focus.drawn.p_value),
    )


def _unmatched(found: Entropy) -> str:
    alone = found.recall - found.matched
    if not alone:
        return ""
    return f" {numbers.things(alone, 'recall head')} in layers of recall heads alone had nothing to be set beside."


def _truth(found: Entropy) -> Md:
    """The true-vs-false effect on the spread."""
    whole, rest = found.whole.contrast, found.rest.contrast
    sets = whole.contrast
    counts = [int(tests.recall_heads().sum()) for tests in (whole, rest)]
    if not any(counts):
        return md(
            "In {a} and {b} statements no head is shown to spread its attention differently.",
            a=sets.a.name,
            b=sets.b.name,
        )
    return md(
        "Between {a} and {b} statements {whole} of {tested} heads spread their attention differently, {rest} without the first "
        "token.{strongest}",
        a=sets.a.name,
        b=sets.b.name,
        whole=counts[0],
        tested=whole.tested,
        rest=counts[1],
        strongest=_strongest(rest if counts[1] else whole, bool(counts[1])),
    )


def _strongest(tests: HeadTests, without: bool) -> Md:
    layer, head = tests.strongest(1)[0]
    cell = tests.heads.isel(layer=layer, head=head)
    return md(
        " The most, {how}, {head}: by {effect} hundredths {interval}.",
        how="without it" if without else "over all tokens",
        head=head_text(layer, head),
        effect=numbers.points(float(cell.effect)),
        interval=numbers.points_interval(float(cell.simultaneous_low), float(cell.simultaneous_high)),
    )


def _figure(found: Entropy, study: Study) -> Figure:
    recall = study.tests.recall_heads().to_numpy()
    panels = (
        SpreadPanel("all tokens", found.whole.mean * 100),
        SpreadPanel("without the first", found.rest.mean * 100),
    )
    return plotted(
        "fig-entropy",
        data=theme.figure_json(spread_by_layer(panels, recall)),
        height=height(len(recall)),
        alt=f"Every head as a dot by layer, at the spread of its attention from 0 to 100, over all tokens and without the "
        f"first. {_means(found, recall)} The table below holds the strongest heads.",
        waiting="The spread of every head appears here.",
        caption=md(
            "How evenly every head spreads its attention from the query position, in hundredths of the most that so many tokens "
            "allow; left over all tokens, right without {first}. Filled: the study's recall heads. The upright stroke is the "
            "mean of the other heads of the layer. A click opens the head.",
            first=first_token(found),
        ),
        how_to_read=Md(
            "*How to read it:* 0 is a head that looks at one token alone, 100 one that looks at all alike. Filled dots to the "
            "left of their layer's stroke are recall heads that are more focused than the others. A head that rests on the "
            "first token alone gives the subject nothing that could differ, so that over all tokens the heads found are bound "
            "to spread more; without the first token they are not."
        ),
        table=spread_table(found, study, recall),
    )


def _means(found: Entropy, recall: np.ndarray) -> str:
    if not recall.any() or recall.all():
        return f"On average {numbers.points(float(found.whole.mean.mean()))} and {numbers.points(float(found.rest.mean.mean()))}."
    own, others = (
        " and ".join(numbers.points(float(spread.mean[chosen].mean())) for spread in (found.whole, found.rest))
        for chosen in (recall, ~recall)
    )
    return f"On average {own} at recall heads, {others} at the others."
