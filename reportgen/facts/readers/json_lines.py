"""JSON as facts come in it: an object a line, or one list of objects, each with its place.

Numbers stay as they were written, so that 1.50 is not 1.5; what is no number by the JSON standard (NaN, Infinity) is an
error, and so is a key that stands twice in one object.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from reportgen.errors import InputError, Problem, shown
from reportgen.facts.readers.arrow import require_size
from reportgen.facts.readers.plain_file import require_few, text_of
from reportgen.facts.readers.raw import Number, RawRow, RawTable, Value, require_rows
from reportgen.spec.wording import listed

_EXPECTED = 'write one JSON object a line, such as {"subject": "Peru", "relation": "capital", "object": "Lima"}'


def read_json(path: Path, named_in: str) -> RawTable:
    """The objects in the file at `path`: the members of a list, else one a line.

    Raises InputError where nothing in it can be read; `named_in` is the place in the spec that names it.
    """
    text = text_of(path, named_in, "JSON")
    require_few(path, text, ",[{")
    found = list(_of_list(path, text) if text.lstrip()[:1] == "[" else _of_lines(path, text))
    rows = tuple(one for one in found if isinstance(one, RawRow))
    problems = tuple(one for one in found if isinstance(one, Problem))
    if not found:
        raise InputError(Problem(str(path), "the facts file is empty", _EXPECTED))
    columns = tuple(dict.fromkeys(name for row in rows for name in row.values))
    require_size(str(path), len(rows), len(columns))  # a row gets every column, its own or not
    return RawTable(str(path), f"its objects have {listed(columns) or 'no keys'}", columns, rows, problems=problems)


def read_document(path: Path, named_in: str) -> Value:
    """The one JSON value that a file holds; raises InputError where it holds none."""
    text = text_of(path, named_in, "JSON")
    require_few(path, text, ",[{")
    return _whole(path, text)


def _whole(path: Path, text: str) -> Value:
    try:
        return _value(text)
    except json.JSONDecodeError as err:
        problem = Problem(
            f"{path}:{err.lineno}:{err.colno}", f"not JSON: {err.msg}", "mend it, or fetch the file again"
        )
    except (ValueError, RecursionError) as err:
        problem = Problem(str(path), f"not JSON that can be read: {_reason(err)}")
    raise InputError(problem)


def _of_list(path: Path, text: str) -> Iterator[RawRow | Problem]:
    whole = _whole(path, text)
    assert isinstance(whole, list), "the text begins with a bracket"
    require_rows(str(path), len(whole))
    for number, value in enumerate(whole, start=1):
        yield _row(f"{path}: record {number}", value)


def _of_lines(path: Path, text: str) -> Iterator[RawRow | Problem]:
    require_rows(str(path), text.count("\n"))
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            value = _value(line)
        except json.JSONDecodeError as err:
            yield Problem(f"{where}:{err.colno}", f"not JSON: {err.msg}", _EXPECTED)
        except (ValueError, RecursionError) as err:
            yield Problem(where, f"not JSON that can be read: {_reason(err)}", _EXPECTED)
        else:
            yield _row(where, value)


def _row(where: str, value: Value) -> RawRow | Problem:
    if isinstance(value, dict):
        return RawRow(where, value)
    return Problem(where, f"this is no JSON object: {shown(str(value))}", _EXPECTED)


def _value(text: str) -> Value:
    """Raises ValueError, of which JSONDecodeError is one, or RecursionError."""
    found: Value = json.loads(
        text, parse_int=Number, parse_float=Number, parse_constant=_no_number, object_pairs_hook=_object
    )
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number in JSON")


def _object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    members = list(pairs)
    found = dict(members)
    if len(found) < len(members):
        name, count = Counter(name for name, _ in members).most_common(1)[0]
        raise ValueError(f"the key {shown(name)} stands {count} times in one object")
    return found


def _reason(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
