"""Short names of the choices that make up a universe, for figures and tables."""

from reportgen.universes import Choice, Dimension

DIMENSIONS: dict[Dimension, str] = {
    "query_position": "Read from",
    "prepend_bos": "First token",
    "aggregation": "Span's tokens",
    "facts": "Facts",
    "relation": "Relation",
    "test": "Test",
    "correction": "Correction",
}

_LONGEST = 18
_VALUES: dict[Dimension, dict[str, str]] = {
    "query_position": {
        "last": "last token",
        "subject_last": "subject's last",
        "object_last": "object's last",
        "before_object": "before the object",
    },
    "prepend_bos": {"always": "a BOS token", "never": "the text's own"},
    "aggregation": {"sum": "sum", "mean": "mean", "max": "largest"},
    "facts": {"all": "all", "recalled": "recalled alone"},
    "test": {
        "paired_t": "paired t",
        "wilcoxon": "Wilcoxon",
        "student": "Student's t",
        "welch": "Welch's t",
        "mann_whitney": "Mann–Whitney",
        "permutation": "permutation",
    },
    "correction": {
        "none": "none",
        "bonferroni": "Bonferroni",
        "sidak": "Šidák",
        "holm": "Holm",
        "hommel": "Hommel",
        "benjamini_hochberg": "Benjamini–Hochberg",
        "two_stage_benjamini_hochberg": "two-stage BH",
        "benjamini_yekutieli": "Benjamini–Yekutieli",
        "max_t": "max-T",
        "max_t_step_down": "max-T step-down",
    },
}


def dimension(name: Dimension) -> str:
    """What is chosen: "Span's tokens"."""
    return DIMENSIONS[name]


def choice(chosen: Choice) -> str:
    """What it is chosen to be: "mean"; a relation has its own name."""
    if chosen.dimension == "relation":
        return chosen.value or "all together"
    return _VALUES[chosen.dimension][str(chosen.value)]


def short(chosen: Choice) -> str:
    """`choice`, cut to what fits beside a figure."""
    name = choice(chosen)
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"
