"""A first spec, written for its author: a few answers become a commented file that the real loaders have read.

1. Answers are a `NewStudy`: where the model is, where the facts are, how each relation is worded, what is false.
2. They become YAML with a comment above every choice, each value written so that YAML reads it back as it was given.
3. The spec is loaded, and its facts with their twins, before anything is written; a spec that would not run is never left.
"""

import re
import tempfile
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reportgen.errors import InputError, Problem
from reportgen.facts.load import load_facts
from reportgen.spec.facts_section import FalseObjects
from reportgen.spec.load import load_spec
from reportgen.spec.model import ModelSection
from reportgen.spec.reference import flow_yaml
from reportgen.spec.schema import modeline
from reportgen.store import write_atomically

EXAMPLE_RELATION = "located in"
EXAMPLE_TEMPLATE = "The {subject} is located in the city of {object}"
EXAMPLE_TITLE = "Landmarks and their cities"
EXAMPLE_FACTS = (
    ("Colosseum", "Rome"),
    ("Eiffel Tower", "Paris"),
    ("Brandenburg Gate", "Berlin"),
    ("Parthenon", "Athens"),
    ("Kremlin", "Moscow"),
    ("Prado Museum", "Madrid"),
    ("Charles Bridge", "Prague"),
    ("Little Mermaid", "Copenhagen"),
    ("Big Ben", "London"),
    ("Sagrada Familia", "Barcelona"),
    ("Blue Mosque", "Istanbul"),
    ("Red Fort", "Delhi"),
)
"""Facts for a first look, where the author has none at hand."""

_COLUMNS = ("subject", "relation", "object", "false_object", "truth")
_PREPOSITIONS = ("about", "at", "by", "for", "from", "in", "into", "of", "on", "to", "with")
_FALSE_WORDS: Mapping[FalseObjects, str] = {
    "derangement": "the relation's own objects, handed round: each is true as often as it is false",
    "matched_derangement": "the same among objects with as many tokens, so that both twins end at one position",
    "given": "the false objects that the facts themselves give",
}


@dataclass(frozen=True)
class FactsFile:
    """A CSV of the author's own: its path as the spec will have it, and which column holds what. A role without a column has
    an empty name; without a relation's column all facts are of one relation."""

    file: str
    subject: str
    object: str
    relation: str = ""
    false_object: str = ""
    truth: str = ""

    @property
    def renamed(self) -> dict[str, str]:
        """The columns that have other names than the spec's own, by role."""
        held = {role: getattr(self, role) for role in _COLUMNS}
        return {role: name for role, name in held.items() if name not in ("", role)}


@dataclass(frozen=True)
class NewStudy:
    """What a new spec says. `facts` is a file, a ready pack by its name, or None for a few examples; `templates` are the
    wordings of all relations, by name, empty where the pack brings them."""

    id: str
    title: str
    model: ModelSection
    facts: FactsFile | str | None
    templates: Mapping[str, str] = field(default_factory=dict)
    false_objects: FalseObjects = "derangement"


@dataclass(frozen=True)
class Started:
    """A spec that can be written: its `text`, how many statements it has, true and false, and the first of them."""

    text: str
    statements: int
    example: str


def start(study: NewStudy, path: Path, schema: str | None) -> Started:
    """The spec as it would stand at `path`, its editors' schema at `schema` (None for none), read by the loaders.

    Raises InputError where spec or facts are wrong.
    """
    text = spec_text(study, schema)
    with tempfile.TemporaryDirectory() as folder:
        tried = Path(folder) / path.name
        tried.write_text(text, encoding="utf-8")
        try:
            spec = load_spec(tried).spec
        except InputError as error:
            raise InputError(*(_at(path, tried, problem) for problem in error.problems)) from error
    facts = load_facts(spec.facts, path, _words)
    return Started(text, len(facts.facts), facts.facts[0].worded().text)


def write(started: Started, path: Path, *, force: bool) -> None:
    """Put the spec at its place. Raises InputError where something is there and `force` does not say to replace it, and
    StudyError where the disk refuses."""
    require_free(path, force=force)
    write_atomically(path, started.text.encode())


def require_free(path: Path, *, force: bool) -> None:
    """Raise InputError where something stands at the path already that may not be replaced."""
    if path.is_dir():
        raise InputError(Problem(str(path), "there is a folder of this name", "name another file"))
    if not force and (path.exists() or path.is_symlink()):
        remedy = "name another file, or replace this one with --force"
        raise InputError(Problem(str(path), "this spec exists already, and is left as it is", remedy))


def spec_text(study: NewStudy, schema: str | None) -> str:
    """The spec as YAML with its comments."""
    return "\n".join(
        [
            *([modeline(schema)] if schema else []),
            "# A study is one YAML file; keys that are left out take their defaults. `reportgen explain` tells of every key,",
            "# `reportgen check` names every mistake with its line before any model is loaded.",
            "",
            "study:",
            f"  id: {flow_yaml(study.id)}  # part of the page's address: small letters, digits, hyphens",
            f"  title: {flow_yaml(study.title)}",
            "  # question: What the page asks, under its title",
            "",
            "# From exactly one of four places: `hub` (a name on the Hugging Face hub), `folder`, `gguf` (a file), or `package`",
            "# with the GGUF `file` in it.",
            "model:",
            *_model(study.model),
            "",
            "facts:",
            *_facts(study),
            "",
            "# What counts as a finding: heads whose effect is this large, in shares of attention, after the correction.",
            "tests:",
            "  headline: max_t        # `reportgen explain tests.headline` lists the others",
            "  alpha: 0.05",
            "  smallest_effect: 0.01  # 1 point of attention",
            "",
            "# Further questions about the same heads; `reportgen explain experiments` lists all.",
            "# experiments:",
            "#   object_attention: {}",
            "#   entropy: {}",
            "",
        ]
    )


def _model(model: ModelSection) -> list[str]:
    return [
        f"  {name}: {flow_yaml(getattr(model, name))}"
        for name in type(model).model_fields
        if name in model.model_fields_set
    ]


def _facts(study: NewStudy) -> list[str]:
    wording = [f"    {flow_yaml(name)}: {flow_yaml({'template': text})}" for name, text in study.templates.items()]
    worded = [
        "  # How each relation is worded: {subject} and {object} stand in it once each. Attention is read where it ends.",
        "  relations:",
        *wording,
    ]
    false = [
        "  # What is false: " + _FALSE_WORDS[study.false_objects] + ".",
        f"  false_objects: {study.false_objects}",
    ]
    if isinstance(study.facts, FactsFile):
        return [*_file(study.facts), *worded, *false]
    if study.facts is not None:
        pack = [
            "  # Facts that come with reportgen; `reportgen facts list` names the others.",
            f"  pack: {flow_yaml(study.facts)}",
        ]
        return [*pack, *(worded if wording else []), *false]
    [relation] = study.templates
    items = [
        f"    - {flow_yaml({'subject': subject, 'relation': relation, 'object': thing})}"
        for subject, thing in EXAMPLE_FACTS
    ]
    note = "  # Or `file: facts.csv`, with the columns subject, relation and object. More facts show more: `reportgen power`."
    return [*worded, *false, note, "  items:", *items]


def _file(facts: FactsFile) -> list[str]:
    lines = [
        "  # A path beside this file. Lines that start with # at the top of the CSV say where the facts come from, and stand on",
        "  # the page; columns beyond those named here can choose statements in a contrast.",
        f"  file: {flow_yaml(facts.file)}",
    ]
    return [*lines, f"  columns: {flow_yaml(facts.renamed)}"] if facts.renamed else lines


def proposed_template(relation: str) -> str:
    """A wording to begin with: "born in" is "{subject} is born in {object}", "capital" is "The capital of {subject} is
    {object}"."""
    words = " ".join(re.sub(r"[{}_]", " ", relation).split()) or "object"
    last = words.split()[-1].lower()
    if last == "of":
        return f"{{subject}} is the {words} {{object}}"
    return (
        f"{{subject}} is {words} {{object}}" if last in _PREPOSITIONS else f"The {words} of {{subject}} is {{object}}"
    )


def slug(text: str) -> str:
    """A text as an id: "Städte & Länder" is "stadte-lander"; empty where nothing of it can stand there."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64].rstrip("-")


def false_choices(*, given: bool) -> Sequence[FalseObjects]:
    """What can be false, the proposal first; the author's own where there are any."""
    return ("given", "derangement", "matched_derangement") if given else ("derangement", "matched_derangement")


def _words(text: str) -> int:
    """A stand-in for the number of tokens, since no tokenizer is at hand: it decides which twins there are, not whether."""
    return len(text.split())


def _at(path: Path, tried: Path, problem: Problem) -> Problem:
    """The problem at the place where the spec would stand."""
    return Problem(problem.where.replace(str(tried), str(path)), problem.message, problem.remedy)
