"""Packs of ready facts, one CSV each in `packs/`, and what their headers say.

A header begins as that of any facts file does: lines that start with # say what the facts are, where they come from and
under which licence. Two kinds of lines are meant for reportgen:

- `# template RELATION: TEXT` is a wording of a relation, which may have several;
- `# only COLUMN: VALUE` chooses the facts that a study asks of unless it says otherwise. The others are still known to be
  true: a second official language is never taken for a false one.

The packs are made by `packs/make_packs.py` in the repository.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from reportgen.errors import InputError, Problem, shown
from reportgen.spec.wording import did_you_mean, listed

_FOLDER = Path(__file__).with_name("packs")
_TEMPLATE = re.compile(r"template (?P<name>[^:]+): (?P<text>.+)")
_ONLY = re.compile(r"only (?P<name>[^:]+): (?P<text>.+)")


@dataclass(frozen=True)
class Pack:
    """A pack and its header: `about` is what it says for people, line by line; `templates` are the wordings by relation,
    `only` the values by column that choose what a study asks of."""

    name: str
    path: Path
    about: tuple[str, ...]
    templates: Mapping[str, tuple[str, ...]]
    only: Mapping[str, str]

    @property
    def title(self) -> str:
        """What the facts are, in a sentence."""
        return self.about[0]

    @property
    def licence(self) -> str:
        """Under which licence they are."""
        return next(line.removeprefix("Licence: ") for line in self.about if line.startswith("Licence: "))

    @property
    def terms(self) -> str:
        """The licence by its name alone."""
        return re.sub(r" \([^)]*\)", "", self.licence).partition(";")[0].partition(",")[0].rstrip(".")


@cache
def pack_names() -> tuple[str, ...]:
    """Every pack that there is, in alphabetical order."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.csv")))


@cache
def find_pack(name: str, where: str) -> Pack:
    """The pack of a name; raises InputError at the place `where` if there is none."""
    if name not in pack_names():
        remedy = did_you_mean(name, pack_names()) or f"there are {listed(pack_names())}"
        raise InputError(Problem(where, f"there is no pack {shown(name)}", remedy))
    path = _FOLDER / f"{name}.csv"
    header = [line[2:] for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("# ")]
    templates: dict[str, list[str]] = {}
    for found in filter(None, map(_TEMPLATE.fullmatch, header)):
        templates.setdefault(found["name"], []).append(found["text"])
    return Pack(
        name=name,
        path=path,
        about=tuple(line for line in header if not _TEMPLATE.fullmatch(line) and not _ONLY.fullmatch(line)),
        templates={relation: tuple(own) for relation, own in templates.items()},
        only={found["name"]: found["text"] for found in filter(None, map(_ONLY.fullmatch, header))},
    )
