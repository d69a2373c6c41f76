"""Methods and limits, written from what was run and not from what was meant.

Citations are Quarto's (`[@key]`); both engines resolve them from `references.bib`.
"""

import re

from reportgen import numbers, provenance
from reportgen.facts.likely_twins import BLOCK
from reportgen.findings import Finding
from reportgen.models.source import ModelSource
from reportgen.models.tokenizer import Tokenizer
from reportgen.report import words
from reportgen.report.capture_words import software
from reportgen.report.chat_words import read_as
from reportgen.report.controls_section import controls_method
from reportgen.report.experiment import experiments_method
from reportgen.report.markup import Md, join_md, md
from reportgen.report.model_words import own_ways
from reportgen.report.results import Results
from reportgen.report.tests_method import tests_method
from reportgen.spec.model import FactsSection, FalseObjects, StudySpec

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
    "matched_log_probability": (
        "False objects are the true ones of the same relation, handed round so that both sets hold every object equally often, "
        "no subject gets an object that is true of it, and the sum over the facts of the distance between log p(true object) and "
        "log p(false object) is smallest, an assignment problem [@crouse2016]; {likely}"
    ),
    "nearest": (
        "False objects are hard negatives: the true ones of the same relation, handed round so that both sets hold every object "
        "equally often, no subject gets an object that is true of it, and the sum over the facts of log p(false object) is "
        "largest, an assignment problem [@crouse2016]; {likely}"
    ),
}
_LIKELY = (
    "log p is the model's own, of all tokens of the object given the text before it, averaged over the wordings. Relations of "
    f"more than {BLOCK} facts were parted at random into blocks, inside which the objects were handed round."
)


def methods(results: Results) -> tuple[Md, ...]:
    """The paragraphs to paste into a paper."""
    spec = results.plan.file.spec
    about = [_model(results.plan.source, results), *own_ways(results.plan.source), _facts(results), _measured(spec)]
    checked = [controls_method(results.controls), _software(results)]
    further = experiments_method(results.experiments)
    return join_md(about), *tests_method(results.findings, spec), *further, join_md(checked)


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
            "theirs on the whole [@gelman2014]; cross-fitted effects stand beside them and overstate less, but still do."
        ),
        *(_not_assigned(finding, results) for finding in results.findings if finding.tests.design == "independent"),
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
    if spec.facts.asks_model:
        conditional.append(
            md(
                "False objects were chosen by what this model finds likely. Another model would be given others, and how far the "
                "model prefers the true objects is in part what it was chosen to be."
            )
        )
    if sum(map(len, results.plan.facts.templates.values())) == 1:
        conditional.append(
            md("There is one template, so what belongs to its wording cannot be told from what belongs to facts.")
        )
    if results.plan.limit is not None:
        conditional.append(
            md("Only the first {n} facts were used: this is a quick look, not the study.", n=results.plan.limit)
        )
    return (*always, *conditional)


def _not_assigned(finding: Finding, results: Results) -> Md:
    """What else may tell two independent sets apart, the number of tokens before all."""
    contrast, sets = finding.tests.contrast, (finding.tests.a, finding.tests.b)
    statements = {statement.id: statement for statement in results.plan.statements.statements}
    chosen = [[statements[name] for name in side.statement.to_numpy().tolist()] for side in sets]
    subject, object_ = (
        [numbers.decimal(sum(map(len, spans)) / len(spans)) for spans in sides]
        for sides in (
            [[statement.subject for statement in side] for side in chosen],
            [[statement.object for statement in side] for side in chosen],
        )
    )
    return md(
        "The sets of “{title}” were found, not assigned: {a} and {b} statements may differ in anything else, such as the number "
        "of tokens (of the subject {sa} against {sb} on average, of the object {oa} against {ob}), which alone moves attention.",
        title=contrast.title,
        a=contrast.a.name,
        b=contrast.b.name,
        sa=subject[0],
        sb=subject[1],
        oa=object_[0],
        ob=object_[1],
    )


def cited_keys(texts: list[Md]) -> tuple[str, ...]:
    """The keys that some texts cite, each once, in the order of the alphabet."""
    found = {key for text in texts for group in re.findall(r"\[@([^\]]+)\]", text) for key in group.split("; @")}
    return tuple(sorted(found))


def _model(source: ModelSource, results: Results) -> Md:
    _, layers, heads = results.captured.values.shape
    return md(
        "We studied the {all} attention heads ({layers} layers of {heads}) of {name} ({origin}; {identity}) in {dtype}.",
        all=numbers.count(layers * heads),
        layers=layers,
        heads=heads,
        name=source.name,
        origin=source.origin,
        identity=_short_identity(source),
        dtype=results.captured.runs[-1].dtype,
    )


def _short_identity(source: ModelSource) -> str:
    kind, _, value = source.identity.partition(":")
    return f"{'SHA-256' if kind == 'sha256' else kind} {value[:12]}…"


def _facts(results: Results) -> Md:
    plan, facts = results.plan, results.plan.file.spec.facts
    read = read_as(plan.file.spec.model, plan.tokenizer)
    statements = plan.statements.statements
    pairs = sum(statement.fact.truth for statement in statements)
    relations = len({statement.fact.relation for statement in statements})
    return md(
        "The study rests on {n} ({pairs} of them true) about {relations}, tokenized by the model's own tokenizer{first}.{read} "
        "{twins}",
        n=numbers.things(len(statements), "statement"),
        pairs=numbers.count(pairs),
        relations=numbers.things(relations, "relation"),
        first=_first_token(plan.tokenizer),
        read=f" {read}" if read else "",
        twins=_twins(facts),
    )


def _twins(facts: FactsSection) -> Md:
    """How the false objects came about."""
    return md(_TWINS[facts.false_objects], seed=facts.seed, likely=Md(_LIKELY))


def _first_token(tokenizer: Tokenizer) -> str:
    """Whether a token is put before each statement, where no chat template says what stands there."""
    if tokenizer.opening is not None:
        return ""
    with_bos = " with a beginning-of-sequence token put first"
    return with_bos if tokenizer.bos is not None else " without a beginning-of-sequence token"


def _measured(spec: StudySpec) -> Md:
    return md(
        "A head's score on a statement is its attention from {query} to {keys}, {how}: a share of that position's whole "
        "attention, reported in points (hundredths). Positions come from the character offsets of the tokenizer.",
        query=words.query_position(spec.measure),
        keys=words.key_span(spec.measure),
        how=words.aggregation(spec.measure),
    )


def _software(results: Results) -> Md:
    installed = dict(provenance.versions(provenance.PAGE_PACKAGES))
    return md(
        "{read} Tests were computed with SciPy {scipy} [@virtanen2020], corrections with statsmodels {statsmodels} "
        "[@seabold2010].",
        read=software(results.captured.runs, results.attention.readers),
        scipy=installed["scipy"],
        statsmodels=installed["statsmodels"],
    )
