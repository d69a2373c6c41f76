"""The example statements that a spec names: by subject or by a filter. Knows labels alone, so a wrong name is told
before any model runs."""

from reportgen.contrasts import Labels, choose
from reportgen.errors import InputError, Problem, shown
from reportgen.spec.model import ReportSection
from reportgen.spec.wording import did_you_mean, listed

MOST_EXAMPLES = 64


def named_examples(labels: Labels, report: ReportSection, place: str = "the spec") -> tuple[int, ...] | None:
    """The places of the examples that the spec names, or None where it gives their number.

    Raises InputError for a subject or a column that no statement has, and for a filter that lets none pass.
    """
    if isinstance(report.examples, int):
        return None
    where = report.examples if isinstance(report.examples, dict) else {"subject": report.examples}
    problems = [
        _problem(
            place,
            f"filters by the column {shown(column)}, which no statement has; the columns are {listed(sorted(labels))}",
            did_you_mean(column, labels),
        )
        for column in where
        if column not in labels
    ]
    if not isinstance(report.examples, dict):
        subjects = set(labels["subject"].tolist())
        problems = [
            _problem(place, f"names the subject {shown(name)}, which no statement has", did_you_mean(name, subjects))
            for name in report.examples
            if name not in subjects
        ]
    if problems:
        raise InputError(*problems)
    places = choose(labels, where)
    if not len(places):
        remedy = "Widen it, or give a number of examples."
        raise InputError(_problem(place, "is a filter that no statement passes", remedy))
    return tuple(places[:MOST_EXAMPLES].tolist())


def _problem(place: str, message: str, remedy: str) -> Problem:
    return Problem(place, f"`report.examples` {message}", remedy)
