"""Specs of every version are kept, with what they meant: they go on meaning it, in every later reportgen.

Beside each file in `tests/data/specs/v<version>/` stands what was read from it when it was kept, with every default filled
in. Keys that came later may stand beside these, and none of these may be gone or say something else.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from reportgen.errors import InputError
from reportgen.spec.load import load_spec
from reportgen.spec.preamble import SPEC_VERSION

KEPT = Path(__file__).parents[1] / "data" / "specs"
FILES = sorted(KEPT.glob("v*/*.yml"))


def other(kept: Any, now: Any, at: str = "") -> list[str]:
    """Where something that was kept is not what is read now."""
    if isinstance(kept, dict) and isinstance(now, dict):
        return [place for key in kept for place in other(kept[key], now.get(key, "is gone"), f"{at}.{key}")]
    if isinstance(kept, list) and isinstance(now, list) and len(kept) == len(now):
        return [place for i in range(len(kept)) for place in other(kept[i], now[i], f"{at}[{i}]")]
    return [] if kept == now and type(kept) is type(now) else [f"{at}: {kept!r} is {now!r}"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_kept_spec_means_what_it_meant(path: Path) -> None:
    kept = json.loads(path.with_suffix(".json").read_text())
    assert other(kept, load_spec(path).spec.model_dump(mode="json")) == []


def test_specs_of_every_version_are_kept() -> None:
    assert {path.parent.name for path in FILES} == {f"v{version}" for version in range(1, SPEC_VERSION + 1)}


def test_a_change_of_meaning_is_seen() -> None:
    kept = {"tests": {"alpha": 0.05, "split": None}, "relations": [{"a": 1}]}
    assert other(kept, {**kept, "new": 3}) == []
    assert other(kept, {"tests": {"alpha": 0.1, "split": None}, "relations": [{"a": True}]}) == [
        ".tests.alpha: 0.05 is 0.1",
        ".relations[0].a: 1 is True",
    ]
    assert other(kept, {"tests": kept["tests"]}) == [".relations: [{'a': 1}] is 'is gone'"]


def test_a_spec_says_its_version_or_is_of_the_newest(tmp_path: Path) -> None:
    text = (KEPT / "v1" / "smallest.yml").read_text()
    (tmp_path / "a.yml").write_text(text)
    (tmp_path / "b.yml").write_text(f"version: {SPEC_VERSION}\n{text}")
    assert load_spec(tmp_path / "a.yml").spec == load_spec(tmp_path / "b.yml").spec
    (tmp_path / "c.yml").write_text(f"# later\nversion: {SPEC_VERSION + 1}\n{text}more: things\n")
    with pytest.raises(InputError) as caught:
        load_spec(tmp_path / "c.yml")
    (problem,) = caught.value.problems
    assert problem.where == f"{tmp_path / 'c.yml'}:2:10"
    assert problem.message.endswith(f"reads versions up to {SPEC_VERSION}: upgrade reportgen")
