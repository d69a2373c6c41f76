"""The built scripts in the repository: whole, small, and built from the sources beside them."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ASSETS, EXPLORER = ROOT / "templates" / "assets", ROOT / "explorer"
MOST_BYTES = 1_200_000


@pytest.fixture(scope="module")
def record() -> Any:
    return json.loads((ASSETS / "scripts.json").read_text(encoding="utf-8"))


def sources_hash() -> str:
    """As `explorer/build.mjs` reckons it."""
    files = ["build.mjs", "package-lock.json", "tsconfig.json", *(f"src/{p.name}" for p in EXPLORER.glob("src/*"))]
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(f"{file}\0".encode() + (EXPLORER / file).read_bytes() + b"\0")
    return digest.hexdigest()


@pytest.mark.parametrize("name", ["plotly.js", "page.js", "search.js"])
def test_each_script_is_the_one_that_was_built(record: Any, name: str) -> None:
    content = (ASSETS / name).read_bytes()
    integrity = f"sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}"
    assert record["built"][name] == {"bytes": len(content), "integrity": integrity}, "run `make scripts`"


def test_the_scripts_were_built_from_these_sources(record: Any) -> None:
    assert record["sources"] == sources_hash(), "explorer/ has changed since it was built: run `make scripts`"


def test_the_scripts_are_small() -> None:
    assert sum((ASSETS / name).stat().st_size for name in ("plotly.js", "page.js", "search.js")) <= MOST_BYTES


def test_everything_inside_has_its_licence(record: Any) -> None:
    licences = (ASSETS / "licences.txt").read_text(encoding="utf-8")
    assert "plotly.js" in {package["name"] for package in record["packages"]}
    for package in record["packages"]:
        assert package["licence"]
        assert f"{package['name']} {package['version']} ({package['licence']})" in licences
