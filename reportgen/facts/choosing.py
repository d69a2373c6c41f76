"""The facts that a study is about, of all that its source holds."""

from collections.abc import Mapping, Sequence

from reportgen.errors import InputError, Problem, shown
from reportgen.facts.rows import Row
from reportgen.spec.section import Value, Values
from reportgen.spec.wording import did_you_mean, listed

_OWN = ("subject", "relation", "object", "truth", "pair")


def choose(rows: Sequence[Row], only: Mapping[str, Value | Values], place: str) -> tuple[Row, ...]:
    """The rows that have, in each column, one of the values wanted, as YAML writes them.

    Raises InputError where no row has such a column, or none such a value.
    """
    known = sorted({*_OWN, *(name for row in rows for name in row.columns)})
    if unknown := [name for name in only if name not in known]:
        raise InputError(
            *(
                Problem(place, f"no fact has the column {shown(name)}", did_you_mean(name, known) or listed(known))
                for name in unknown
            )
        )
    wanted = {name: _texts(value) for name, value in only.items()}
    chosen = tuple(row for row in rows if all(_cell(row, name) in texts for name, texts in wanted.items()))
    if rows and not chosen:
        raise InputError(Problem(place, "no fact has these values", "look at the values of the columns"))
    return chosen


def _texts(value: Value | Values) -> frozenset[str]:
    values = value if isinstance(value, tuple) else (value,)
    return frozenset(str(one).lower() if isinstance(one, bool) else str(one) for one in values)


def _cell(row: Row, name: str) -> str:
    if name == "truth":
        return str(row.truth).lower()
    return str(getattr(row, name)) if name in _OWN else row.columns.get(name, "")
