"""A spec that extends another, and that perhaps a third: all of it as one text, each value with its own place.

1. Each file says which it `extends`, by a path from its own folder. A chain ends after eight files; one that comes back to a
   file of its own is refused, as are paths from a root, which one machine alone would have.
2. The values of a base that are paths start at the base's folder. They are written anew from the folder of the file that
   extends it, so that in the end all start at the folder of the spec that was asked for.
3. The base comes first, and what extends it is laid over it (`layers`).
"""

import posixpath
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath

from pydantic import ValidationError

from reportgen.errors import InputError, nearest, shown
from reportgen.spec.critic import Critic
from reportgen.spec.layers import laid_over
from reportgen.spec.places import Flaw
from reportgen.spec.preamble import Preamble
from reportgen.spec.wording import Loc, Plain
from reportgen.spec.yaml_source import YamlSource, read_yaml

MOST_FILES = 8

PATHS: frozenset[Loc] = frozenset(
    {
        ("facts", "file"),
        ("model", "folder"),
        ("model", "gguf"),
        ("experiments", "checkpoints", "folder"),
        ("experiments", "checkpoints", "folders", 0),
        ("experiments", "across_models", "models", 0, "folder"),
        ("experiments", "across_models", "models", 0, "gguf"),
    }
)
"""The places whose values are paths; 0 stands for every place of a list."""


@dataclass(frozen=True)
class Layers:
    """What a file and all that it extends say together, without the word of extending itself; and which files these are, by
    their paths from its folder, the nearest first."""

    source: YamlSource
    bases: tuple[str, ...]


def read_layers(path: Path) -> Layers:
    """The spec in a file with what it extends; an `InputError` where one of the files cannot be read."""
    return _read(path, ())


def checked(source: YamlSource, keys: tuple[str, ...]) -> Preamble:
    """Some keys of a file's preamble; an `InputError` names what is wrong with them, and what else in the file is."""
    data = {key: source.data[key] for key in keys if key in source.data}
    try:
        return Preamble.model_validate(data)
    except ValidationError as error:
        flaws = {(flaw.place, flaw.loc): flaw for flaw in (*source.flaws, *Critic(source, Preamble).flaws(error))}
        raise InputError(*(flaw.problem for flaw in sorted(flaws.values(), key=lambda flaw: flaw.place))) from error


def _read(path: Path, above: tuple[Path, ...]) -> Layers:
    source = read_yaml(path)
    named = checked(source, ("version", "extends")).extends
    own = replace(source, data={key: value for key, value in source.data.items() if key != "extends"})
    if named is None:
        return Layers(own, ())
    base, chain = path.parent / named, (*above, path)
    if flaw := _refused(source, named, base, chain):
        raise InputError(*(one.problem for one in (*source.flaws, flaw)))
    below = _read(base, chain)
    folder = posixpath.dirname(PurePosixPath(named).as_posix())
    bases = tuple(posixpath.normpath(posixpath.join(folder, each)) for each in below.bases)
    return Layers(laid_over(_moved(below.source, folder), own), (posixpath.normpath(named), *bases))


def _refused(source: YamlSource, named: str, base: Path, chain: tuple[Path, ...]) -> Flaw | None:
    """What keeps a base from being read, if anything does."""
    place, loc = source.spots["extends",].place, ("extends",)
    if PurePosixPath(named).is_absolute() or PureWindowsPath(named).anchor:
        message = f"`extends` is a path from this file's folder, and {shown(named)} starts at a root"
        return Flaw(place, loc, message, "write it from this folder on, with `../` where it leads upwards")
    if why := _no_file(base):
        return Flaw(place, loc, f"`extends` names {shown(named)}, and {why[0]}", why[1])
    names = " → ".join(shown(one.name) for one in (*chain, base))
    if any(base.samefile(one) for one in chain):
        return Flaw(place, loc, f"these specs extend one another in a circle: {names}", "one of them must extend none")
    if len(chain) >= MOST_FILES:
        return Flaw(place, loc, f"more than {MOST_FILES} files extend one another: {names}", "write out some of them")
    return None


def _no_file(path: Path) -> tuple[str, str] | None:
    """Why there is no file to read, and what to do; nothing where there is one."""
    try:
        kind = path.stat().st_mode
    except FileNotFoundError:
        near = nearest(path.name, _beside(path))
        return "there is no such file", f"did you mean {shown(near)}?" if near else ""
    except (OSError, ValueError) as error:
        return f"that cannot be read: {getattr(error, 'strerror', None) or error}", ""
    if stat.S_ISDIR(kind):
        return "that is a folder", "name the spec file inside it"
    return None if stat.S_ISREG(kind) else ("that is not a plain file", "")


def _beside(path: Path) -> Iterator[str]:
    if path.parent.is_dir():
        yield from sorted(one.name for one in path.parent.glob("*.y*ml"))


def _moved(source: YamlSource, folder: str) -> YamlSource:
    """The source as it reads from another folder, from which `folder` leads to its own."""
    return replace(source, data={key: _from(folder, value, (key,)) for key, value in source.data.items()})


def _from(folder: str, value: Plain, at: Loc) -> Plain:
    if at == ("matrix",) and isinstance(value, dict):
        return {axis: _axis(folder, values, tuple(axis.split("."))) for axis, values in value.items()}
    if isinstance(value, dict):
        return {key: _from(folder, inner, (*at, key)) for key, inner in value.items()}
    if isinstance(value, tuple):
        return tuple(_from(folder, inner, (*at, 0)) for inner in value)
    return _path(folder, value) if at in PATHS and isinstance(value, str) else value


def _axis(folder: str, values: Plain, at: Loc) -> Plain:
    """The values that stand at one place in turn."""
    if isinstance(values, Mapping):
        return {name: _from(folder, value, at) for name, value in values.items()}
    return tuple(_from(folder, value, at) for value in values) if isinstance(values, tuple) else values


def _path(folder: str, path: str) -> str:
    return path if Path(path).is_absolute() else posixpath.normpath(posixpath.join(folder, path))
