"""The names that the page uses for what the spec names by key."""

from reportgen.spec.model import Alternative, Correction, KeySpan, MeasureSection, TestName

TESTS: dict[TestName, str] = {
    "paired_t": "paired t-test",
    "wilcoxon": "Wilcoxon signed-rank test",
    "student": "Student's t-test",
    "welch": "Welch's t-test",
    "mann_whitney": "Mann–Whitney U test",
    "permutation": "permutation test",
}

CORRECTIONS: dict[Correction, str] = {
    "none": "none",
    "bonferroni": "Bonferroni",
    "sidak": "Šidák",
    "holm": "Holm",
    "hommel": "Hommel",
    "benjamini_hochberg": "Benjamini–Hochberg",
    "two_stage_benjamini_hochberg": "two-stage Benjamini–Hochberg",
    "benjamini_yekutieli": "Benjamini–Yekutieli",
    "max_t": "max-T",
    "max_t_step_down": "max-T, step-down",
}

INTERVALS = {"FWER": "for all heads", "FDR": "for the heads found", "each head's own error rate": "for each head"}

SIDES: dict[Alternative, str] = {
    "two-sided": "two-sided",
    "greater": "one-sided (more attention in the first set)",
    "less": "one-sided (less attention in the first set)",
}

_KEY_SPANS: dict[KeySpan, str] = {
    "subject": "the subject",
    "object": "the object",
    "first": "the first token",
    "self": "the query position itself",
    "previous": "the token before the query position",
    "relation": "the relation's own wording",
}
_QUERIES = {
    "last": "the last token",
    "subject_last": "the subject's last token",
    "object_last": "the object's last token",
    "before_object": "the token before the object",
}
_AGGREGATIONS = {
    "sum": "summed over its tokens",
    "mean": "averaged over its tokens",
    "max": "at the token of it that gets most",
}


def key_span(measure: MeasureSection) -> str:
    """Where attention goes: "the subject"."""
    return _KEY_SPANS[measure.key_span]


def query_position(measure: MeasureSection) -> str:
    """Where attention comes from: "the last token"."""
    return _QUERIES[measure.query_position]


def aggregation(measure: MeasureSection) -> str:
    """How the shares of a span's tokens become one number: "summed over its tokens"."""
    return _AGGREGATIONS[measure.aggregation]
