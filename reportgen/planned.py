"""What a spec asks of the statements, checked before any model runs, as far as labels alone can say.

Columns that are measured on the model (`knowledge.COLUMNS`) are there for every study but hold nothing yet: whatever
filters or goes by them is checked when they are known.
"""

from collections.abc import Mapping

from reportgen.contrasts import Labels, Rows, arrange, choose
from reportgen.errors import InputError, Problem, shown
from reportgen.knowledge import COLUMNS
from reportgen.spec.model import DoseSection, StatementSet, StudySpec, Value, Values
from reportgen.spec.wording import did_you_mean, listed


class DoseColumnError(InputError):
    """A dose by a column that is not there, or holds too few numbers, or one number alone."""


def require_columns(labels: Labels, spec: StudySpec, place: str) -> None:
    """Arrange every contrast and every dose.

    Raises InputError where the facts have a column of a measured one's name, and what `contrasts.arrange` and
    `choose_rows` raise.
    """
    if taken := [name for name in COLUMNS if name in labels]:
        remedy = "rename the column in the facts"
        raise InputError(
            *(Problem(place, f"the column {shown(name)} is the name of what is measured", remedy) for name in taken)
        )
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


def choose_rows(labels: Labels, section: DoseSection, place: str) -> Rows:
    """The statements of a dose, by their labels alone; raises DoseColumnError."""
    columns = sorted(labels)
    for name in (section.column, *section.where):
        if name not in labels:
            message = (
                f"the dose {shown(section.id)} names the column {shown(name)}, which no statement has; the columns are "
            )
            raise DoseColumnError(Problem(place, message + listed(columns), did_you_mean(name, columns)))
    return choose(labels, section.where)
