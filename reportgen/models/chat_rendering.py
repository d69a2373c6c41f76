"""Renders a chat template, a program of strangers: run as a process of its own, within bounds of time, memory and output.

1. Standard input has the template, its messages, the special tokens and the bounds as JSON; standard output gets the text, or
   why there is none. Whoever started the process sees by its end where a bound on time stopped it.
2. Jinja's immutable sandbox, with what transformers gives templates: `trim_blocks`, `lstrip_blocks`, loop controls,
   `generation` blocks, `tojson` without escapes, `raise_exception`, namespaces without names that begin with `_`.
3. Nothing may depend on the day or on chance. `strftime_now` tells the time of `DAY` (that on which Llama's own template falls
   back), and it is told that it was asked; `random` and `lipsum` are refused.

Nothing of reportgen is imported, so that the process begins quickly.
"""

import contextlib
import json
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from typing import Any, NoReturn, TypedDict

from jinja2 import TemplateError, TemplateSyntaxError, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

DAY = datetime(2024, 7, 26)


class Asked(TypedDict):
    """What to render, as it comes in: seconds of the processor, bytes of memory and characters of output bound it."""

    template: str
    messages: list[dict[str, str]]
    tokens: dict[str, str]
    seconds: int
    memory: int
    longest: int


class Told(TypedDict, total=False):
    """What goes out: the text and whether the template asked for the time; or an error, with its line where that is known."""

    text: str
    dated: bool
    error: str
    line: int | None


class _Generation(Extension):
    """`{% generation %}…{% endgeneration %}` marks what an assistant says, for training: here its content alone counts."""

    tags = {"generation"}  # noqa: RUF012 (Jinja's own way)

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        return nodes.Scope(parser.parse_statements(("name:endgeneration",), drop_needle=True), lineno=line)


class _Names(Namespace):
    """Jinja's namespace, of which a template can reach nothing but what it has put there."""

    def __init__(*args: Any, **kwargs: Any) -> None:
        for name in dict(*args[1:], **kwargs):
            _require_plain(name)
        Namespace.__init__(*args, **kwargs)

    def __setitem__(self, name: str, value: Any) -> None:
        _require_plain(name)
        super().__setitem__(name, value)


def _require_plain(name: object) -> None:
    if str(name).startswith("_"):
        raise SecurityError(f"it names {name!r} in a namespace")


class _Dict:
    """Makes dicts, and is no class that leads anywhere else."""

    def __call__(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        return dict(*args, **kwargs)

    def fromkeys(self, *args: Any) -> dict[Any, Any]:
        return dict.fromkeys(*args)


def render(asked: Asked) -> Told:
    """The text of a template; raises what the template runs into."""
    times: list[str] = []
    template = _environment(times.append).from_string(asked["template"])
    pieces, length = [], 0
    for piece in template.generate(
        messages=asked["messages"], tools=None, documents=None, add_generation_prompt=True, **asked["tokens"]
    ):
        pieces.append(piece)
        length += len(piece)
        if length > asked["longest"]:
            raise TemplateError(f"it writes more than {asked['longest']:,} characters")
    return {"text": "".join(pieces), "dated": bool(times)}


def _environment(tell_time: Callable[[str], None]) -> ImmutableSandboxedEnvironment:
    def strftime_now(form: str) -> str:
        tell_time(form)
        return DAY.strftime(form)

    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols])
    made.filters["tojson"] = _to_json
    made.filters["random"] = _refuse_chance
    made.globals |= {
        "raise_exception": _raise,
        "strftime_now": strftime_now,
        "dict": _Dict(),
        "namespace": _Names,
        "lipsum": _refuse_chance,
    }
    return made


def _to_json(
    value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None, sort_keys: bool = False
) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _raise(message: object) -> NoReturn:
    raise TemplateError(str(message))


def _refuse_chance(*_: object, **__: object) -> NoReturn:
    raise TemplateError("it draws at random, so that no two runs would read the same")


def _bound(seconds: int, memory: int) -> None:
    """Have the system stop this process; where it knows no such bounds, whoever started it still has a clock."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 (not on every system)

    bounds = {resource.RLIMIT_CORE: 0, resource.RLIMIT_AS: memory, resource.RLIMIT_CPU: seconds}
    for kind, most in bounds.items():
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (most, most))


def _answer(asked: Asked) -> Told:
    try:
        return render(asked)
    except MemoryError:
        return {"error": f"it takes more than {asked['memory'] >> 20} MiB of memory", "line": None}
    except Exception as error:  # whatever a stranger's program runs into
        return {"error": str(error) or type(error).__name__, "line": _line(error)}


def _line(error: Exception) -> int | None:
    """The line of the template at which it happened, where that is known."""
    if isinstance(error, TemplateSyntaxError):
        return error.lineno
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "<template>"]
    return lines[-1] if lines else None


def main() -> None:
    """Answer the one request on standard input."""
    asked: Asked = json.load(sys.stdin.buffer)
    _bound(asked["seconds"], asked["memory"])
    sys.stdout.write(json.dumps(_answer(asked)))


if __name__ == "__main__":
    main()
