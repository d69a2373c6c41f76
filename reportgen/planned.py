"""What a spec asks of the statements, checked before any model runs, as far as labels alone can say.

Columns that are measured on the model (`knowledge.COLUMNS`) are there for every study but hold nothing yet: whatever
filters or goes by them is checked when they are known.
"""

from collections.abc import Mapping

from reportgen.contrasts import Labels, arrange
from reportgen.further import choose_rows
from reportgen.knowledge import COLUMNS
from reportgen.spec.model import StatementSet, StudySpec, Value, Values


def require_columns(labels: Labels, spec: StudySpec, place: str) -> None:
    """Arrange every contrast and every dose. Raises what `contrasts.arrange` and `further.choose_rows` raise."""
    for contrast in spec.contrasts:
        if not _measured(contrast.a, contrast.b) and spec.tests.cluster not in COLUMNS:
            arrange(labels, contrast, spec.tests, place)
    for section in spec.doses:
        if not _asks(section.where) and section.column not in COLUMNS:
            choose_rows(labels, section, place)


def _measured(*sets: StatementSet) -> bool:
    return any(_asks(chosen.where) for chosen in sets)


def _asks(where: Mapping[str, Value | Values]) -> bool:
    return any(column in COLUMNS for column in where)
