"""Methods and limits, written from what was run and not from what was meant.

Citations are Quarto's (`[@key]`); both engines resolve them from `references.bib`.
"""

import re

from reportgen import numbers, provenance
from reportgen.findings import Finding
from reportgen.inference import HeadTests
from reportgen.models.source import ModelSource
from reportgen.report import words
from reportgen.report.controls_section import controls_method
from reportgen.report.finding_text import n_text
from reportgen.report.markup import Md, join_md, md
from reportgen.report.results import Results
from reportgen.spec.model import Correction, FalseObjects, StudySpec, TestName
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

_TWINS: dict[FalseObjects, str] = {
    "given": "The false objects were given by the study's author.",
    "derangement": (
        "False objects are a seeded derangement (seed {seed}) of the true ones within each relation, so that both sets "
        "hold every object equally often and no subject gets an object that is true of it."
    ),
    "matched_derangement": (
        "False objects are a seeded derangement (seed {seed}) of the true ones within each relation, among objects with "
        "the same number of tokens as far as possible, so that both sets hold every object equally often, twins end at "
        "the same position, and no subject gets an object that is true of it."
    ),
}


def methods(results: Results) -> Md:
    """The paragraph to paste into a paper."""
    spec = results.plan.file.spec
    tested = join_md(_tested(finding, spec) for finding in results.findings)
    controls = controls_method(results.controls)
    return join_md(
        [_model(results.plan.source, results), _facts(results), _measured(spec), tested, controls, _software(results)]
    )


def limits(results: Results) -> tuple[Md, ...]:
    """What this study cannot show, each limit one sentence or two."""
    spec = results.plan.file.spec
    always = (
        md("Every finding is about these facts, these templates and this checkpoint of one model."),
        md(
            "Attention says where a head looks, not what it does with what it finds there: a difference in attention need "
            "not change what the model says [@jain2019]."
        ),
        md(
            "The heads named as strongest were chosen by the effects that are reported for them, which therefore overstate "
            "theirs on the whole [@gelman2014]; cross-fitted effects stand beside them."
        ),
    )
    conditional = []
    if results.plan.source.gguf is not None:
        conditional.append(
            md(
                "The weights come from the quantized file {file}, dequantized to float32; the model as first published may "
                "differ from it.",
                file=results.plan.source.gguf.name,
            )
        )
    if len(spec.facts.relations) == 1:
        conditional.append(
            md("There is one template, so what belongs to its wording cannot be told from what belongs to facts.")
        )
    if results.plan.limit is not None:
        conditional.append(
            md("Only the first {n} facts were used: this is a quick look, not the study.", n=results.plan.limit)
        )
    return (*always, *conditional)


def cited_keys(texts: list[Md]) -> tuple[str, ...]:
    """The keys that some texts cite, each once, in the order of the alphabet."""
    found = {key for text in texts for group in re.findall(r"\[@([^\]]+)\]", text) for key in group.split("; @")}
    return tuple(sorted(found))


def _model(source: ModelSource, results: Results) -> Md:
    _, layers, heads = results.captured.values.shape
    return md(
        "We studied the {all} attention heads ({layers} layers of {heads}) of {name} ({origin}; {identity}) in float32.",
        all=numbers.count(layers * heads),
        layers=layers,
        heads=heads,
        name=source.name,
        origin=source.origin,
        identity=_short_identity(source),
    )


def _short_identity(source: ModelSource) -> str:
    kind, _, value = source.identity.partition(":")
    return f"{'SHA-256' if kind == 'sha256' else kind} {value[:12]}…"


def _facts(results: Results) -> Md:
    plan, facts = results.plan, results.plan.file.spec.facts
    statements = plan.statements.statements
    pairs = sum(statement.fact.truth for statement in statements)
    relations = len({statement.fact.relation for statement in statements})
    bos = plan.tokenizer.bos is not None
    return md(
        "The study rests on {n} ({pairs} of them true) about {relations}, tokenized by the model's own tokenizer "
        "{bos}. {twins}",
        n=numbers.things(len(statements), "statement"),
        pairs=numbers.count(pairs),
        relations=numbers.things(relations, "relation"),
        bos="with a beginning-of-sequence token put first" if bos else "without a beginning-of-sequence token",
        twins=_TWINS[facts.false_objects].format(seed=facts.seed),
    )


def _measured(spec: StudySpec) -> Md:
    return md(
        "A head's score on a statement is its attention from {query} to {keys}, {how}: a share of that position's whole "
        "attention, reported in points (hundredths). Positions come from the character offsets of the tokenizer.",
        query=words.query_position(spec.measure),
        keys=words.key_span(spec.measure),
        how=words.aggregation(spec.measure),
    )


def _tested(finding: Finding, spec: StudySpec) -> Md:
    tests = finding.tests
    paired = tests.design == "paired"
    return join_md(
        [
            md(
                "For {a} against {b} statements ({n}) each head was tested by a {sides} {test} [@{source}]; {family}, "
                "corrected by {correction}{cite}, at α = {alpha}{resampling}.",
                sides=words.SIDES[tests.settings.alternative],
                a=tests.contrast.a.name,
                b=tests.contrast.b.name,
                n=n_text(finding),
                test=words.TESTS[tests.test],
                source=Md(_TEST_SOURCES[tests.test]),
                family=_family(tests),
                resampling=_resampling(tests),
                correction="nothing" if tests.headline == "none" else words.CORRECTIONS[tests.headline],
                cite=_cite(tests.headline),
                alpha=f"{tests.alpha:g}",
            ),
            md(
                "A head counts as found when its adjusted p-value is at most α and its effect (the mean score in the first "
                "set minus that in the second) is at least {smallest} points, the smallest effect of interest. Standardized "
                "effects are {standardized}; intervals hold {level} for each head and are {interval}; simultaneous intervals are "
                "as wide as the correction asks{fcr}. A head is called negligible when two one-sided t-tests "
                "[@schuirmann1987; @lakens2017], corrected likewise, show that its effect is smaller. The smallest "
                "detectable effect is the one seen with 80\u00a0% power by a t-test at the level that the correction leaves for "
                "a first finding [@cohen1988].",
                fcr=Md(" [@benjamini2005]") if criterion(tests.headline).controls == "FDR" else "",
                smallest=numbers.points(tests.smallest_effect),
                standardized=md("Cohen's *d~z~* [@lakens2013]") if paired else md("Hedges' *g* [@hedges1981]"),
                level=numbers.level(1 - tests.alpha),
                interval=(
                    md(
                        "bias-corrected and accelerated bootstrap intervals [@efron1987] (2,000 resamples, seed {s})",
                        s=spec.tests.seed,
                    )
                    if tests.test in ("wilcoxon", "mann_whitney")
                    else "those of the t distribution"
                ),
            ),
        ]
    )


def _family(tests: HeadTests) -> str:
    heads = numbers.count(tests.family_size)
    if tests.settings.family == "study":
        return f"the {heads} tested heads of all contrasts form one family"
    return f"the {heads} tested heads form one family"


def _resampling(tests: HeadTests) -> Md:
    """By which arrangements max-T and permutation p-values came about; nothing where none were needed."""
    if not criterion(tests.headline).resampled and tests.test != "permutation":
        return Md("")
    arranged = tests.adjusting
    return md(
        " ({how} of {kind}{tail}) [@westfall1993; @phipson2010]",
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


def _software(results: Results) -> Md:
    run = results.captured.runs[-1]
    versions, installed = dict(run.versions), dict(provenance.versions())
    return md(
        "Attention was read with TransformerLens {lens} [@nanda2022] on transformers {transformers} [@wolf2020] and PyTorch "
        "{torch}, and before use compared with plain transformers on {sample} (scores differ by {worst} at most). Tests "
        "were computed with SciPy {scipy} [@virtanen2020], corrections with statsmodels {statsmodels} [@seabold2010].",
        lens=versions["transformer-lens"],
        transformers=versions["transformers"],
        torch=versions["torch"],
        sample=numbers.things(run.proof.statements, "statement"),
        worst=numbers.small(run.proof.score),
        scipy=installed["scipy"],
        statsmodels=installed["statsmodels"],
    )
