"""What `reportgen init` asks, question by question, until it can write a spec."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pydantic import ValidationError

from reportgen import numbers
from reportgen.catalogue import Pack, find_pack, pack_names
from reportgen.cli.asking import Asker
from reportgen.errors import InputError, Problem, nearest, shown
from reportgen.facts.look import Look, look_at
from reportgen.models.named import FORMS, model_named, usual_model, written_from
from reportgen.new_study import (
    EXAMPLE_RELATION,
    EXAMPLE_TEMPLATE,
    EXAMPLE_TITLE,
    FactsFile,
    NewStudy,
    false_choices,
    proposed_template,
    require_free,
    slug,
)
from reportgen.spec.facts_section import FalseObjects, RelationSection
from reportgen.spec.model import StudySection
from reportgen.spec.wording import listed

if TYPE_CHECKING:
    from reportgen.spec.model import ModelSection

EXAMPLES = "examples"
PACK = "pack:"
_ASKED_FOR = 12
"""Of so many relations the author is asked for the wording; of more, the proposals stand in the spec."""


@dataclass(frozen=True)
class Flags:
    """What was given on the command line; None, or nothing, for what is to be asked."""

    id: str | None
    title: str | None
    model: str | None
    facts: str | None
    subject: str | None
    object: str | None
    relation: str | None
    templates: tuple[str, ...]
    false: str | None


@dataclass(frozen=True)
class _Chosen:
    """The facts, how they are worded, what can be false of them, and a title that they suggest."""

    facts: FactsFile | str | None
    templates: Mapping[str, str]
    false: Sequence[FalseObjects]
    title: str


def new_study(flags: Flags, spec: Path | None, folder: Path, asker: Asker, *, force: bool) -> tuple[NewStudy, Path]:
    """The study that the answers make, and the path of its spec: `spec` where that was named, else by its id in `folder`.

    Raises InputError where an answer cannot be used and nobody can be asked again.
    """
    beside = folder if spec is None else spec.parent
    chosen = _facts(flags, beside, asker)
    false = cast("FalseObjects", asker.choose("What is false", flags.false, chosen.false, _FALSE_REMARK))
    model: ModelSection = asker.ask(
        "Model", flags.model, usual_model(), partial(model_named, beside=beside), f"\n{FORMS}"
    )
    title = asker.ask("\nTitle of the page", flags.title, chosen.title, _not_empty)
    if spec is not None:
        name = asker.ask("Its id", flags.id, slug(spec.stem) or slug(title) or "study", _id)
        return NewStudy(name, title, model, chosen.facts, chosen.templates, false), spec

    def free(answer: str) -> str:
        require_free(folder / f"{_id(answer)}.yml", force=force)
        return answer

    name = asker.ask("Its id, which names its spec", flags.id, slug(title) or "study", free)
    return NewStudy(name, title, model, chosen.facts, chosen.templates, false), folder / f"{name}.yml"


_FALSE_REMARK = (
    "\nEach true fact gets a false twin: by handing the objects round (derangement), also among equally long ones."
)


def _facts(flags: Flags, beside: Path, asker: Asker) -> _Chosen:
    """The facts and their wordings, by the kind of source that is answered."""

    def read(answer: str) -> Look | Pack | None:
        if answer == EXAMPLES:
            return None
        if answer.startswith(PACK):
            return find_pack(answer.removeprefix(PACK).strip(), "facts")
        return look_at(Path(answer).expanduser())

    remark = (
        f"A table with a row a fact (CSV, JSON Lines, Parquet, Excel), {EXAMPLES}, or {PACK}NAME for a ready pack:\n"
        f"{', '.join(pack_names())}."
    )
    found = asker.ask("Facts", flags.facts, EXAMPLES, read, remark)
    if found is None:
        templates = _templates(flags, (EXAMPLE_RELATION,), asker, {EXAMPLE_RELATION: EXAMPLE_TEMPLATE})
        return _Chosen(None, templates, false_choices(given=False), EXAMPLE_TITLE)
    if isinstance(found, Pack):
        if flags.templates:
            raise InputError(
                Problem("--template", "a pack brings its own wordings", "leave it out; change them in the spec")
            )
        return _Chosen(found.name, {}, false_choices(given=False), found.title.removesuffix("."))
    return _own_file(found, flags, beside, asker)


def _own_file(look: Look, flags: Flags, beside: Path, asker: Asker) -> _Chosen:
    seen = f"{numbers.things(len(look.records), 'row')}, columns {listed(look.columns)}"
    column = partial(_column, look=look)
    remark = "" if (look.subject, look.object) == ("subject", "object") else seen
    subject = asker.ask(
        "Column of subjects", flags.subject or ("subject" if not remark else None), look.subject, column, remark
    )

    def other(answer: str) -> str:
        if column(answer) == subject:
            remedy = f"name one of {listed(name for name in look.columns if name != subject)}"
            raise InputError(Problem(str(look.path), f"{shown(subject)} holds the subjects already", remedy))
        return answer

    likely = look.object if look.object != subject else next(name for name in look.columns if name != subject)
    thing = asker.ask("Column of objects", flags.object or ("object" if not remark else None), likely, other)
    relation = flags.relation if flags.relation is not None else look.relation or ""
    relation = "" if relation in (subject, thing) else relation
    alone = relation if relation not in look.columns and not nearest(relation, look.columns) else ""
    relation = "" if alone else relation
    relations = look.relations(column(relation)) if relation else (alone or thing.replace("_", " "),)
    templates = _templates(flags, relations, asker, {name: proposed_template(name) for name in relations})
    facts = FactsFile(
        written_from(look.path, beside), subject, thing, relation, look.false_object or "", look.truth or ""
    )
    given = bool(look.false_object or look.truth)
    return _Chosen(
        facts, templates, false_choices(given=given), look.path.stem.replace("_", " ").capitalize() or "Facts"
    )


def _column(answer: str, look: Look) -> str:
    if answer in look.columns:
        return answer
    near = nearest(answer, look.columns)
    remedy = f"did you mean {shown(near)}?" if near else f"its columns are {listed(look.columns)}"
    raise InputError(Problem(str(look.path), f"the file has no column {shown(answer)}", remedy))


def _templates(flags: Flags, relations: Sequence[str], asker: Asker, proposed: Mapping[str, str]) -> dict[str, str]:
    """The wording of every relation: as a flag says, as is answered, or as proposed where there are very many."""
    given = _given_templates(flags.templates, relations)
    found: dict[str, str] = {}
    for place, name in enumerate(relations):
        remark = "" if place else "\nHow is a fact worded? {subject} and {object} stand in it once each."
        if name in given or place < _ASKED_FOR:
            found[name] = asker.ask(f"Wording of {shown(name)}", given.get(name), proposed[name], _template, remark)
        else:
            found[name] = proposed[name]
    return found


def _given_templates(flags: Sequence[str], relations: Sequence[str]) -> dict[str, str]:
    """`RELATION=WORDING`, or the wording alone where there is one relation."""
    found = {}
    for flag in flags:
        name, equals, text = flag.partition("=")
        if len(relations) == 1 and not (equals and name.strip() in relations):
            name, text = relations[0], flag
        elif name.strip() not in relations:
            near = nearest(name, relations)
            remedy = (
                f"did you mean {shown(near)}?"
                if near
                else f"write RELATION=WORDING; the relations are {listed(relations)}"
            )
            raise InputError(Problem("--template", f"{shown(flag)} names no relation of the facts", remedy))
        found[name.strip()] = text.strip()
    return found


def _template(answer: str) -> str:
    try:
        RelationSection(template=answer)
    except ValidationError as error:
        raise InputError(Problem("template", _why(error), 'such as "The capital of {subject} is {object}"')) from error
    return answer


def _id(answer: str) -> str:
    try:
        StudySection(id=answer, title="-")
    except ValidationError as error:
        near = slug(answer)
        remedy = f"for example {shown(near)}" if near not in ("", answer) else ""
        what = "an id is of lower-case letters, digits and hyphens, 64 at most, not starting with a hyphen"
        what = _why(error) if near == answer else what
        raise InputError(Problem("--id", f"{shown(answer)} is no id: {what}", remedy)) from error
    return answer


def _not_empty(answer: str) -> str:
    if not answer:
        raise InputError(Problem("title", "a title is not empty", "write a few words"))
    return answer


def _why(error: ValidationError) -> str:
    """What the spec's own class says of a value."""
    first = error.errors(include_url=False)[0]
    return str(first.get("ctx", {}).get("error", first["msg"]))
