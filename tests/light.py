"""An environment that holds what a plain `pip install reportgen` brings and nothing else, made without a download.

1. The distributions are those that the dependencies in `pyproject.toml` ask for, and what these ask for in turn, by
   the metadata of what is installed here; extras are taken where somebody asks for them.
2. Their files are linked, each by itself, into the packages of a new virtual environment. There is no `.pth` file in it,
   so nothing else is found.
3. The package itself is copied as the wheel has it: with its templates inside, and its metadata.
"""

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from reportgen.site.staging import share

ROOT = Path(__file__).parents[1]


def make_light(folder: Path) -> Path:
    """Make the environment in a folder; its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    for name in needed():
        _link(metadata.distribution(name), packages)
    shutil.copytree(ROOT / "reportgen", packages / "reportgen", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "templates", packages / "reportgen" / "templates")
    own = metadata.distribution("reportgen")
    info = packages / f"reportgen-{own.version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: reportgen\nVersion: {own.version}\n")
    return folder / "bin" / "python"


def needed() -> set[str]:
    """The distributions of the plain package, without itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [Requirement(one) for one in project["dependencies"]]
    found: set[tuple[str, str]] = set()
    while asked:
        one = asked.pop()
        for extra in ("", *one.extras):
            if (one.name, extra) not in found:
                found.add((one.name, extra))
                asked += _asked_by(one.name, extra)
    return {name for name, _ in found}


def _asked_by(name: str, extra: str) -> Iterator[Requirement]:
    for one in map(Requirement, metadata.requires(name) or ()):
        if one.marker is None or one.marker.evaluate({"extra": extra}):
            yield one


def _link(distribution: metadata.Distribution, packages: Path) -> None:
    for file in distribution.files or ():
        source = Path(str(distribution.locate_file(file)))
        if ".." in file.parts or file.suffix == ".pth" or not source.is_file():
            continue
        target = packages / file
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            share(source, target)
