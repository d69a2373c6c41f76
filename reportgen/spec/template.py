"""What a relation's template may look like: plain slots, or a few words of Jinja.

1. A plain template has slots in single braces, `The capital of {subject} is {object}`. One that holds `{{` or `{%` is
   Jinja: its slots stand in double braces, and conditions and filters may choose articles and endings.
2. A slot is `subject`, `object`, or a column of the facts. A column whose name begins with `subject_` or `object_` is
   another form of that name, such as a genitive: what it writes counts as the subject or the object itself.
3. Of Jinja only what a few words need is let through, node by node: output, conditions, comparisons, and a handful of
   filters. There are no calls, no attributes, no loops, no arithmetic, so that nothing can be reached or run from a
   template, and none takes longer than its text. Nor does any nest deeper than `DEEPEST`: Jinja and Python write and read
   its code by recursion.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, Literal

from reportgen.errors import nearest, shown
from reportgen.spec.section import Misfit, MisfitError
from reportgen.spec.slots import Slots

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.nodes import Node

Role = Literal["subject", "object"]
ROLES: tuple[Role, ...] = ("subject", "object")
DEEPEST = 24
MARKS = "\ue000\ue001\ue002"
"""Characters that nobody writes: between them a filled template of Jinja holds its subject and its object."""
FILTERS = ("capitalize", "lower", "title", "trim", "upper")
_NODES = frozenset(
    {
        *("Template", "Output", "TemplateData", "Name", "If", "CondExpr", "Const", "Compare", "Operand"),
        *("And", "Or", "Not", "Filter", "Test"),
    }
)
_TESTS = ("defined", "none", "eq", "equalto", "ne", "in", "upper", "lower")


@dataclass(frozen=True)
class Template:
    """A template that has been looked at: its text, whether it is Jinja, and the slots that it names, each as often as it
    stands there."""

    text: str
    jinja: bool
    names: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> "Template":
        """Raises MisfitError where the text is no template, or not one that names a subject and an object."""
        jinja = "{{" in text or "{%" in text
        template = cls(text, jinja, _jinja_names(text) if jinja else _plain_names(text))
        if faults := [Misfit(fault) for fault in template._faults()]:
            raise MisfitError(*faults)
        return template

    def _faults(self) -> Iterator[str]:
        for role in ROLES:
            times = sum(role_of(name) == role for name in self.names)
            slot = f"{{{{ {role} }}}}" if self.jinja else f"{{{role}}}"
            if times == 0 or (times > 1 and not self.jinja):
                meant = nearest(role, (name for name in self.names if role_of(name) is None)) if times == 0 else None
                question = f". Is {shown(f'{{{meant}}}')} meant for it?" if meant else ""
                yield f"a template names {slot} exactly once; this one names it {times} times{question}"


def role_of(slot: str) -> Role | None:
    """Whether a slot writes the subject or the object, in one of their forms; None where it is another column."""
    return next((role for role in ROLES if slot == role or slot.startswith(f"{role}_")), None)


def forms_of_object(columns: Mapping[str, str]) -> dict[str, str]:
    """Those of a fact's columns that are forms of its object, and go where it goes."""
    return {name: text for name, text in columns.items() if role_of(name) == "object"}


def with_forms(columns: Mapping[str, str], forms: Mapping[str, str]) -> dict[str, str]:
    """A fact's columns with the forms of another object in place of those of its own."""
    return {**{name: text for name, text in columns.items() if role_of(name) != "object"}, **forms}


def jinja_environment() -> "Environment":
    """Jinja in its sandbox, knowing no filter, test or name beyond those that a template may use."""
    from jinja2 import StrictUndefined  # noqa: PLC0415
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    environment.globals.clear()
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    environment.tests = {name: environment.tests[name] for name in _TESTS}
    return environment


def checked(text: str) -> str:
    """The text of a template; raises MisfitError where it is none."""
    Template.of(text)
    return text


def _plain_names(text: str) -> tuple[str, ...]:
    try:
        names = Slots.of(text).names
    except ValueError as error:
        slots = [slot for slot in re.findall(r"\{[^{}]*\}", text) if not re.fullmatch(r"\{\w+\}", slot)]
        what = f"not {shown(slots[0])}" if slots else "and here is a brace without its partner"
        raise MisfitError(Misfit(f"a slot is a name in braces, such as {{subject}}, {what}")) from error
    if odd := [name for name in names if not name.isidentifier()]:
        raise MisfitError(Misfit(f"a slot is one word, as a column is named, not {shown('{' + odd[0] + '}')}"))
    return names


@lru_cache
def _jinja_names(text: str) -> tuple[str, ...]:
    from jinja2 import TemplateSyntaxError  # noqa: PLC0415
    from jinja2.nodes import Name  # noqa: PLC0415

    if set(MARKS) & set(text):
        raise MisfitError(Misfit(_PRIVATE))
    try:
        tree = jinja_environment().parse(text)
    except TemplateSyntaxError as error:
        raise MisfitError(Misfit(f"this is no Jinja that can be read: {error.message}")) from error
    except RecursionError as error:
        raise MisfitError(Misfit(_TOO_DEEP)) from error
    except ValueError as error:
        raise MisfitError(Misfit("this is no Jinja that can be read: a number in it is too long")) from error
    for node, depth in _below(tree):
        if fault := _TOO_DEEP if depth > DEEPEST else _fault(node):
            raise MisfitError(Misfit(fault))
    return tuple(node.name for node in tree.find_all(Name))


_PRIVATE = "a template of Jinja may not hold the characters U+E000 to U+E002, which nobody writes"
_TOO_DEEP = "this template is nested too deeply"
_ALLOWED = f"it has slots, `if`, comparisons, and the filters {', '.join(FILTERS)}"


def _fault(node: "Node") -> str:
    """Why a node may not stand in a template; empty where it may."""
    from jinja2.nodes import Const, Filter, Name, Test  # noqa: PLC0415

    if (kind := type(node).__name__) not in _NODES:
        return f"a template may not use Jinja's {kind}: {_ALLOWED}"
    match node:
        case Filter(name=name) if name not in FILTERS:
            return f"a template may not use the filter {shown(name)}: {_ALLOWED}"
        case Filter(name=name, args=[_, *_]):
            return f"the filter {shown(name)} takes nothing in parentheses"
        case Test(name=name) if name not in _TESTS:
            return f"a template may not use the test {shown(name)}: {_ALLOWED}"
        case Name(name="self"):
            return "a slot of Jinja may not be called `self`: rename the column"
        case Const(value=value) if set(MARKS) & set(str(value)):
            return _PRIVATE
        case Const(value=value) if value in (math.inf, -math.inf):
            return "a number in a template is finite"
    return ""


def _below(top: "Node") -> "Iterator[tuple[Node, int]]":
    """All nodes of a template, with their depths, whatever these are."""
    level = [top]
    for depth in count(1):
        level = [child for node in level for child in node.iter_child_nodes()]
        if not level:
            return
        yield from ((node, depth) for node in level)
