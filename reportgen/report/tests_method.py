"""How the heads were tested, in the words of a methods section: what each contrast's test was, and what holds for all."""

from collections.abc import Sequence

from reportgen import numbers
from reportgen.findings import Finding
from reportgen.inference import HeadTests
from reportgen.report import words
from reportgen.report.finding_text import n_text
from reportgen.report.markup import Md, join_md, md
from reportgen.selected import RESAMPLES, SPLITS
from reportgen.spec.model import Correction, StudySpec, TestName, TestsSection
from reportgen.stats.corrections import criterion
from reportgen.stats.tail import TailFit

_TEST_SOURCES: dict[TestName, str] = {
    "paired_t": "student1908",
    "student": "student1908",
    "welch": "welch1947",
    "wilcoxon": "wilcoxon1945",
    "mann_whitney": "mann1947",
    "permutation": "phipson2010",
}


def tests_method(findings: Sequence[Finding], spec: StudySpec) -> tuple[Md, ...]:
    """Two paragraphs: the tests with their correction, and what is said beside them."""
    tests = spec.tests
    tested = [_tested(finding) for finding in findings]
    text = [*tested, *_clusters(tests), _corrected(findings[0].tests), *_chances(findings, spec), _found(tests)]
    return join_md(text), _beside(findings[0].tests)


def _tested(finding: Finding) -> Md:
    tests = finding.tests
    return md(
        "For {a} against {b} statements ({n}) each head was tested by a {sides} {test} [@{source}]{resampling}; standardized "
        "effects are {standardized}.",
        a=tests.contrast.a.name,
        b=tests.contrast.b.name,
        n=n_text(finding),
        sides=words.SIDES[tests.settings.alternative],
        test=words.TESTS[tests.test],
        source=Md(_TEST_SOURCES[tests.test]),
        resampling=_resampling(tests),
        standardized=(
            md("Cohen's *d~z~* [@lakens2013]") if tests.design == "paired" else md("Hedges' *g* [@hedges1981]")
        ),
    )


def _clusters(tests: TestsSection) -> list[Md]:
    if tests.cluster is None:
        return []
    text = (
        "Statements of one {column} are not independent of each other, so the units are the clusters: each counts once, "
        "with the mean of its statements, and is exchanged, drawn and split as a whole."
    )
    return [md(text, column=tests.cluster)]


def _corrected(tests: HeadTests) -> Md:
    family = "tested heads of each contrast" if tests.settings.family == "contrast" else "tested heads of all contrasts"
    return md(
        "The {family} form one family, corrected by {correction}{cite} at α = {alpha}.",
        family=family,
        correction="nothing" if tests.headline == "none" else words.CORRECTIONS[tests.headline],
        cite=_cite(tests.headline),
        alpha=f"{tests.alpha:g}",
    )


def _chances(findings: Sequence[Finding], spec: StudySpec) -> list[Md]:
    """The error rate of the study as a whole, where it asks more than one question."""
    contrasts = 1 if spec.tests.family == "study" else len(findings)
    families = contrasts + len(spec.interactions) + len(spec.doses)
    if families == 1 or spec.tests.headline == "none":
        return []
    return [
        md(
            "Each interaction and each dose is a family by itself; with {families} families, a false finding anywhere in the "
            "study may have a probability of up to {chance}.",
            families=families,
            chance=numbers.level(round(min(1.0, families * spec.tests.alpha), 4)),
        )
    ]


def _found(tests: TestsSection) -> Md:
    return md(
        "A head counts as found when its adjusted p-value is at most α and its effect (the mean score in the first set minus "
        "that in the second) is at least {smallest} points, the smallest effect of interest; it is called negligible when two "
        "one-sided t-tests [@schuirmann1987; @lakens2017], corrected {how} and with an α of their own, show that its effect is "
        "smaller; else undecided.",
        smallest=numbers.points(tests.smallest_effect),
        how="by Holm" if criterion(tests.headline).resampled else "likewise",
    )


def _beside(tests: HeadTests) -> Md:
    """Intervals, selection, sensitivity."""
    ranks = tests.test in ("wilcoxon", "mann_whitney")
    bootstrap = md(
        "bias-corrected and accelerated bootstrap intervals [@efron1987] (2,000 resamples, seed {seed})",
        seed=tests.settings.seed,
    )
    return md(
        "Intervals of one head hold {level} and are {interval}; simultaneous intervals are as wide as the correction asks{fcr}. "
        "All are two-sided and of the mean, so that one may hold 0 where a one-sided, rank or step-down test finds a head, or "
        "the reverse. The strongest heads were also chosen on one half of the units and estimated on the other ({splits} "
        "splits, both ways), and counted among the strongest in {resamples} bootstrap resamples. The smallest detectable effect "
        "is the one seen with 80\u00a0% power by a t-test at the level that the correction leaves for a first finding "
        "[@cohen1988].",
        level=numbers.level(1 - tests.alpha),
        interval=bootstrap if ranks else "those of the t distribution",
        fcr=Md(" [@benjamini2005]") if criterion(tests.headline).controls == "FDR" else "",
        splits=numbers.count(SPLITS),
        resamples=numbers.count(RESAMPLES),
    )


def _resampling(tests: HeadTests) -> Md:
    """By which arrangements max-T and permutation p-values came about; nothing where none were needed."""
    if not criterion(tests.headline).resampled and tests.test != "permutation":
        return Md("")
    arranged = tests.adjusting
    return md(
        " ({how} of {kind}{tail} [@phipson2010])",
        how=f"all {numbers.count(arranged.arrangements)} arrangements"
        if arranged.exact
        else f"{numbers.count(arranged.arrangements)} random arrangements, seed {tests.settings.seed},",
        kind="signs within pairs" if tests.design == "paired" else "labels",
        tail=_tail(arranged.tail),
    )


def _tail(tail: TailFit | None) -> str:
    if tail is None:
        return ""
    if not tail.fitted:
        return "; no generalized Pareto distribution fits their tail, so p-values are counted"
    return (
        f"; p-values beyond the {numbers.count(tail.exceedances)} largest from a generalized Pareto distribution fitted to "
        f"them, goodness of fit p = {numbers.p_value(tail.goodness)}"
    )


def _cite(correction: Correction) -> Md:
    key = criterion(correction).reference
    return md(" [@{key}]", key=Md(key)) if key else Md("")
