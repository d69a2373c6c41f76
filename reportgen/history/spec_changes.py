"""Two resolved specs side by side: each key that changed, with its old and its new value.

1. Mappings are walked key by key; lists of sections that have ids (contrasts, interactions, doses) by id, so that one
   that was added moves none of the others.
2. Each change either can move a number or cannot. What cannot: titles and names, texts about the study, the page's own
   settings, what is expected or replicated, and where facts and model lie, of which the facts themselves and the
   model's identity tell.
3. Facts that the spec itself lists are passed over: they are compared as facts.
4. A key that only one of the two knows comes from another version of reportgen, which is told elsewhere, and is passed
   over; in mappings whose keys the author chooses it is a change.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_LONGEST = 200
_DECIDE_NOTHING = ("study", "report", "expect", "replicates")
_TOLD_ELSEWHERE = {
    ("facts", "file"),
    *(("model", key) for key in ("hub", "folder", "gguf", "package", "file", "revision", "device", "dtype")),
}
_FACTS = ("facts", "items")
_NAMES = ("title", "name")
_FREE = ("where", "relations")


@dataclass(frozen=True)
class SpecChange:
    """A key by its way from the top and its values as YAML has them; for a section that came or went, `before` is empty
    and `after` says so."""

    path: tuple[str, ...]
    before: str
    after: str

    def __str__(self) -> str:
        return f"{'.'.join(self.path)}: {' → '.join(filter(None, (self.before, self.after)))}"

    @property
    def decides(self) -> bool:
        """Whether a number of the run can depend on it."""
        section, key = self.path[0], self.path[-1]
        if section in _DECIDE_NOTHING or (section, *self.path[1:2]) in _TOLD_ELSEWHERE:
            return False
        return key not in _NAMES or len(self.path) < 3 or _is_free(self.path[:-1])


def spec_changes(before: dict[str, Any], after: dict[str, Any]) -> tuple[SpecChange, ...]:
    """Every key whose value is another, in the order of the earlier spec."""
    return () if _plain(before) == _plain(after) else tuple(_changes((), before, after))


def _changes(path: tuple[str, ...], before: Any, after: Any) -> Iterator[SpecChange]:
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _in_mapping(path, before, after, chosen=_is_free(path))
    elif (old := _by_id(before)) is not None and (new := _by_id(after)) is not None:
        shared = [[key for key in ids if key in old and key in new] for ids in (old, new)]
        if shared[0] != shared[1]:
            yield _changed(path, *shared)
        yield from _in_mapping(path, old, new, chosen=True)
    elif _plain(before) != _plain(after):  # where 1, 1.0, true and "true" are four things
        yield _changed(path, before, after)


def _in_mapping(
    path: tuple[str, ...], before: dict[str, Any], after: dict[str, Any], *, chosen: bool
) -> Iterator[SpecChange]:
    """`chosen` says that the author chooses the keys, so that one more or less is a change."""
    for key in dict.fromkeys((*before, *after)):
        if (*path, key) == _FACTS:
            continue
        if key in before and key in after:
            yield from _changes((*path, key), before[key], after[key])
        elif chosen:
            yield _one_sided((*path, key), before.get(key), after.get(key))


def _one_sided(path: tuple[str, ...], before: Any, after: Any) -> SpecChange:
    if isinstance(before, dict) or isinstance(after, dict):
        return SpecChange(path, "", "added" if before is None else "dropped")
    return _changed(path, before, after)


def _changed(path: tuple[str, ...], before: Any, after: Any) -> SpecChange:
    said = (_said(before), _said(after))
    return SpecChange(path, *(said if said[0] != said[1] else (_plain(before), _plain(after))))


def _is_free(path: tuple[str, ...]) -> bool:
    """Whether the keys below are the author's own."""
    return path[-1:] != () and path[-1] in _FREE


def _by_id(value: Any) -> dict[str, Any] | None:
    """A list of sections with ids by their ids, without them; None where it is no such list."""
    if not isinstance(value, list) or not all(isinstance(entry, dict) and "id" in entry for entry in value):
        return None
    return {str(entry["id"]): {key: part for key, part in entry.items() if key != "id"} for entry in value}


def _said(value: Any) -> str:
    """A value as YAML writes it, shortened."""
    if isinstance(value, list) and all(isinstance(entry, str | int | float) for entry in value):
        return _short(", ".join(map(_said, value)) or "none")
    return "none" if value is None else _short(value if isinstance(value, str) else _plain(value))


def _plain(value: Any) -> str:
    """A value as JSON writes it, so that no two values look alike."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
