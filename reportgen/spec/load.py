"""A spec file as one study, or as a family of them, or every error in it as a `Problem` at its place.

1. The YAML becomes plain data with places (`yaml_source`), laid over the specs that it extends (`extends`), with what the
   command line sets laid over it (`overrides`), and multiplied where it has a matrix (`matrix`). Flaws are kept.
2. pydantic checks the data of each study against the vocabulary (`model`). Each of its errors becomes one flaw in plain
   words (`critic`).
3. What no type can say is checked on the data itself: relations that facts name, and values that mean one
   thing in YAML 1.1 and another in YAML 1.2.
4. All flaws are reported together, in the order of the files, one for each value.
5. A study that came about from several texts is written out as one (`written_out`), so that the text that its page shows,
   that its results hold and that its key is made of says all. Any other keeps its text to the byte.

Checks between the values of a section run once these are right one by one: until then they would blame what
is about to change.
"""

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from reportgen.errors import MOST_TOLD, InputError, Problem, shown
from reportgen.spec.critic import Critic
from reportgen.spec.extends import Layers, read_layers
from reportgen.spec.layers import laid_over
from reportgen.spec.matrix import Cell, cells_of
from reportgen.spec.model import SpecFile, StudySpec
from reportgen.spec.overrides import read_overrides
from reportgen.spec.places import Flaw
from reportgen.spec.preamble import KEYS
from reportgen.spec.rules import Rule, rule_at, value_at
from reportgen.spec.wording import Loc, did_you_mean, got, in_quotes, listed, path_of
from reportgen.spec.written_out import written_out
from reportgen.spec.yaml_source import YamlSource

_OCTAL = re.compile(r"[-+]?0[0-7_]+")
_MOST_NAMED = 3


def load_spec(path: Path, overrides: Sequence[str] = ()) -> SpecFile:
    """The study that the file describes; an `InputError` names every problem with its line and column.

    One study of a family is named by its cell behind the file: `specs/family.yml#small-sum`. `overrides` are keys with other
    values than the file's, as in `tests.alpha=0.01`.
    """
    files = load_specs(path, overrides)
    if len(files) == 1:
        return files[0]
    names = listed(file.name for file in files)
    raise InputError(Problem(str(path), f"this is a family of {len(files)} studies", f"name one of them: {names}"))


def load_specs(path: Path, overrides: Sequence[str] = ()) -> tuple[SpecFile, ...]:
    """The study that the file describes, or each of its family, or the one that is named; raises as `load_spec` does."""
    path, wanted = _named(path)
    layers, given = read_layers(path), read_overrides(overrides)
    source = layers.source
    for override in given:
        source = laid_over(source, override)
    cells = cells_of(source, given)
    specs = _validated(cells)
    files = (_file(path, cell, spec, layers, overrides) for cell, spec in zip(cells, specs, strict=True))
    return tuple(files) if wanted is None else (_chosen(path, wanted, tuple(files)),)


def _named(path: Path) -> tuple[Path, str | None]:
    """A file, and the cell that is named behind it; a file whose own name has a `#` in it is a file."""
    name, sign, cell = path.name.rpartition("#")
    return (path.with_name(name), cell) if sign and name and not path.exists() else (path, None)


def _chosen(path: Path, wanted: str, files: tuple[SpecFile, ...]) -> SpecFile:
    for file in files:
        if file.cell and wanted in (file.cell, file.spec.study.id):
            return file
    cells = [file.cell for file in files if file.cell]
    found = f"; there are {listed(cells)}" if cells else ", it is one study"
    message = f"there is no study {shown(wanted)} in it{found}"
    remedy = did_you_mean(wanted, cells) if cells else f"name the file alone: {path}"
    raise InputError(Problem(str(path), message, remedy))


def _file(path: Path, cell: Cell, spec: StudySpec, layers: Layers, overrides: Sequence[str]) -> SpecFile:
    file = SpecFile(path=path, text=layers.source.text, spec=spec, cell=cell.name, overrides=tuple(overrides))
    if not (cell.name or layers.bases or overrides):
        return file
    return file.model_copy(update={"text": written_out(cell.source.data, file.name, layers.bases, overrides)})


def _validated(cells: Sequence[Cell]) -> list[StudySpec]:
    """The study of each cell; an `InputError` has the flaws of all of them, each once, as far as they are told."""
    specs: list[StudySpec] = []
    found: dict[tuple[object, Loc], tuple[Flaw, list[str]]] = {}
    read = 0
    for cell in cells:
        read += 1
        flaws = _validate(_without_preamble(cell.source), specs)
        for flaw in {(flaw.place, flaw.loc): flaw for flaw in reversed(flaws)}.values():
            found.setdefault((flaw.place, flaw.loc), (flaw, []))[1].append(cell.name)
        if len(found) > MOST_TOLD:
            break
    if found:
        told = [_in_cells(flaw, names, read) for flaw, names in found.values()]
        raise InputError(*(flaw.problem for flaw in sorted(told, key=lambda flaw: (flaw.place, path_of(flaw.loc)))))
    return specs


def _in_cells(flaw: Flaw, names: Sequence[str], cells: int) -> Flaw:
    """The flaw with word of the cells that have it, where not all of them do."""
    if len(names) == cells:
        return flaw
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    named = ", ".join(map(shown, names[:_MOST_NAMED])) + more
    return replace(flaw, message=f"{flaw.message} (in the {'cell' if len(names) == 1 else 'cells'} {named})")


def _without_preamble(source: YamlSource) -> YamlSource:
    data = {key: value for key, value in source.data.items() if key not in KEYS}
    spots = {loc: spot for loc, spot in source.spots.items() if not loc or loc[0] not in KEYS}
    return replace(source, data=data, spots=spots)


def _validate(source: YamlSource, specs: list[StudySpec]) -> list[Flaw]:
    """Add the study to `specs` if it is one; return its flaws if not."""
    flaws = [*source.flaws, *_unknown_relations(source)]
    try:
        spec = StudySpec.model_validate(source.data)
    except ValidationError as error:
        flaws += Critic(source, StudySpec, KEYS).flaws(error)
    else:
        specs.append(spec)
    if flaws or any(_reads_two_ways(source, loc) for loc in source.spots):
        flaws += _ambiguous(source, {flaw.loc for flaw in flaws})
    return flaws


def _unknown_relations(source: YamlSource) -> Iterator[Flaw]:
    relations, items = (value_at(source.data, ("facts", key)) for key in ("relations", "items"))
    if not isinstance(relations, dict) or not relations or not isinstance(items, tuple):
        return
    found = 0
    for index, item in enumerate(items):
        name = item.get("relation") if isinstance(item, dict) else None
        if isinstance(name, str) and name and name not in relations:
            loc = ("facts", "items", index, "relation")
            found += 1
            message = f"the relation {shown(name)} is not among `facts.relations`: {listed(relations)}"
            remedy = did_you_mean(name, relations) if found <= MOST_TOLD else ""
            yield Flaw(source.spots[loc].place, loc, message, remedy)


def _reads_two_ways(source: YamlSource, loc: Loc) -> bool:
    value, spot = value_at(source.data, loc), source.spots[loc]
    if isinstance(value, bool):
        return spot.written.lower() not in ("true", "false")
    if isinstance(value, int | float):
        return ":" in spot.written or _OCTAL.fullmatch(spot.written) is not None
    return False


def _ambiguous(source: YamlSource, blamed: Set[Loc]) -> Iterator[Flaw]:
    """Values that nothing forbids where they stand, and that may not be what their author meant."""
    top = Rule.of(StudySpec)
    for loc, spot in source.spots.items():
        if _reads_two_ways(source, loc) and blamed.isdisjoint(loc[: end + 1] for end in range(len(loc))):
            value, rule = value_at(source.data, loc), rule_at(loc, source.data, top)
            remedy = f"write `{str(value).lower()}` if that is meant"
            if "string" in rule.kinds:
                remedy += f", or {in_quotes(spot.written)}"
            message = f"the value of {path_of(loc)} is ambiguous: {got(value, spot.written)}"
            yield Flaw(spot.place, loc, message, remedy)
