"""The finding in sentences a reader may quote, with its numbers and how sure they are."""

import math

from reportgen import numbers
from reportgen.findings import Finding
from reportgen.inference import HeadTests
from reportgen.report import words
from reportgen.report.markup import Md, join_md, md
from reportgen.sensitivity import unit_of
from reportgen.spec.model import Correction, StudySpec
from reportgen.stats.corrections import criterion


def lead(finding: Finding, spec: StudySpec) -> Md:
    """Two or three sentences: how many heads, against how many by chance, and the strongest of them."""
    return _found(finding, spec) if finding.recall else _nothing(finding, spec)


def one_line(finding: Finding, spec: StudySpec) -> str:
    """The finding for the list of studies, as plain text."""
    tests, span = finding.tests, words.key_span(spec.measure)
    if not finding.recall:
        nothing = f"No head of {tests.tested} is shown to attend to {span} differently; with {n_text(finding)} "
        if math.isinf(finding.detectable):
            return f"{nothing}none could have been, whatever its scores."
        return (
            f"{nothing}the study could have told differences of {numbers.points(finding.detectable)} points from none."
        )
    top = finding.recall[0]
    return (
        f"{len(finding.recall)} of {tests.tested} heads attend to {span} differently; the strongest, {top.name}, by "
        f"{numbers.points(top.effect)} points {numbers.points_interval(top.simultaneous_low, top.simultaneous_high)}."
    )


def n_text(finding: Finding) -> str:
    """How much the contrast rests on: "170 pairs", "80 and 75 statements"."""
    return counted(finding.tests)


def counted(tests: HeadTests) -> str:
    """How many units a contrast compares: "170 pairs", "24 clusters", "80 and 75 statements"; "60 facts" in several wordings."""
    many = unit_of(tests)
    if tests.design == "paired":
        return numbers.things(tests.n_a, many.removesuffix("s"), many)
    return f"{numbers.count(tests.n_a)} and {numbers.count(tests.n_b)} {many}"


def _found(finding: Finding, spec: StudySpec) -> Md:
    tests, top = finding.tests, finding.recall[0]
    higher = sum(head.effect > 0 for head in finding.recall)
    return join_md(
        [
            md(
                "Of {family} heads, **{found}** {give} {span} {share} ({correction}, {rate}, and an estimated difference of at "
                "least {smallest}); uncorrected, about {chance} would pass at p < {alpha} by chance alone.",
                give="gives" if len(finding.recall) == 1 else "give",
                share=_share(tests),
                family=tests.tested,
                found=len(finding.recall),
                span=words.key_span(spec.measure),
                a=_name(tests.contrast.a.name, "a"),
                b=_name(tests.contrast.b.name, "b"),
                correction=words.CORRECTIONS[tests.headline],
                rate=_rate(tests.headline, tests.alpha),
                smallest=f"{numbers.points(tests.smallest_effect)} points",
                chance=numbers.decimal(tests.alpha * tests.tested, 1),
                alpha=f"{tests.alpha:g}",
            ),
            md(
                "The strongest, [{head}](#{anchor}), gives it {size} points {direction} attention in {a} statements "
                "{interval} ({n}, adjusted {p}).",
                head=top.name,
                anchor=Md(f"tbl-heads-{tests.contrast.id}"),
                size=numbers.points(abs(top.effect)),
                direction="more" if top.effect > 0 else "less",
                a=_name(tests.contrast.a.name, "a"),
                interval=_magnitude(top.simultaneous_low, top.simultaneous_high),
                n=n_text(finding),
                p=numbers.p_equals(top.adjusted),
            ),
            _directions(higher, len(finding.recall) - higher, tests.contrast.a.name),
        ]
    )


def _share(tests: HeadTests) -> Md:
    """What a finding is, in the direction that the study asks for."""
    a, b = _name(tests.contrast.a.name, "a"), _name(tests.contrast.b.name, "b")
    if tests.settings.alternative == "two-sided":
        return md("a different share of attention in {a} and in {b} statements", a=a, b=b)
    more = "larger" if tests.settings.alternative == "greater" else "smaller"
    return md("a {more} share of attention in {a} than in {b} statements", more=more, a=a, b=b)


def _directions(more: int, less: int, a: str) -> Md:
    if not more or not less:
        one = "more" if more else "less"
        subject = "It attends" if more + less == 1 else f"All {more + less} attend"
        return md("{subject} to it {one} in {a} statements.", subject=subject, one=one, a=_name(a, "a"))
    return md(
        "{more} of the {all} attend to it more in {a} statements, {less} less.",
        more=more,
        all=more + less,
        a=_name(a, "a"),
        less=less,
    )


def _nothing(finding: Finding, spec: StudySpec) -> Md:
    tests, top = finding.tests, finding.strongest[0]
    return join_md(
        [
            md(
                "No head of {family} is shown to give {span} {share} ({correction}, {rate}, and an estimated difference of at "
                "least {smallest}).",
                share=_share(tests),
                family=tests.tested,
                span=words.key_span(spec.measure),
                a=_name(tests.contrast.a.name, "a"),
                b=_name(tests.contrast.b.name, "b"),
                correction=words.CORRECTIONS[tests.headline],
                rate=_rate(tests.headline, tests.alpha),
                smallest=f"{numbers.points(tests.smallest_effect)} points",
            ),
            _could_have(finding),
            md(
                "The largest difference is that of {head}: {effect} points {interval}, adjusted {p}.",
                head=top.name,
                effect=numbers.points(top.effect),
                interval=numbers.points_interval(top.simultaneous_low, top.simultaneous_high),
                p=numbers.p_equals(top.adjusted),
            ),
        ]
    )


def _could_have(finding: Finding) -> Md:
    if math.isinf(finding.detectable):
        return md("With {n} none could have been found, whatever its scores.", n=n_text(finding))
    return md(
        "With {n} this study could have told differences of {detectable} points or more from none in 80\u00a0% of cases (the "
        "median over heads), so smaller ones may well exist.",
        n=n_text(finding),
        detectable=numbers.points(finding.detectable),
    )


def _magnitude(low: float, high: float) -> str:
    """The interval of an effect told as "more" or "less": of its size, not of its sign."""
    return numbers.points_interval(-high, -low) if low + high < 0 else numbers.points_interval(low, high)


def _name(name: str, side: str) -> Md:
    return md("[{name}]{{.set-{side}}}", name=name, side=Md(side))


def _rate(correction: Correction, alpha: float) -> str:
    level = numbers.level(alpha)
    if correction == "none":
        return f"no correction, error {level} for each head"
    return f"family-wise error {level}" if criterion(correction).controls == "FWER" else f"false discovery rate {level}"
