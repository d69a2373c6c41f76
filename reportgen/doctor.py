"""What this machine has for studies and their site, said in lines: nothing is changed, and nothing is fetched.

What cannot be found out is said too; nothing here fails. torch is asked for its devices in a process of its own, which
may take a few seconds or break without harm.
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from reportgen import provenance
from reportgen.site.engines.pandoc import Pandoc
from reportgen.site.engines.quarto import OLDEST, Quarto

_PACKAGES = (*provenance.PACKAGES, "pyarrow", "quarto-cli")
_CAPTURE = ("torch", "transformers", "transformer-lens")
_SECONDS_FOR_TORCH = 20.0
_ASK_TORCH = """
import json, torch
cuda = [(torch.cuda.get_device_name(n), torch.cuda.mem_get_info(n)[1]) for n in range(torch.cuda.device_count())]
print(json.dumps({"cuda": cuda, "mps": torch.backends.mps.is_available()}))
"""


@dataclass(frozen=True)
class Section:
    """A heading, and (what, what was found) for each thing under it."""

    title: str
    found: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Examination:
    """All that was found, in reading order."""

    sections: tuple[Section, ...]

    def lines(self) -> Iterator[str]:
        """The sections as plain text, what was found in one column."""
        width = max(len(what) for section in self.sections for what, _ in section.found)
        for place, section in enumerate(self.sections):
            yield from ([""] if place else [])
            yield section.title
            yield from (f"  {what:<{width}}  {found}".rstrip() for what, found in section.found)


def examine(cache: Path, site: Path) -> Examination:
    """Look at the installation, the engines, the devices, the `cache` folder and the `site` folder."""
    parts = {
        "Installation": _installation,
        "Engines for the pages": _engines,
        "Devices": _devices,
        f"Cache in {cache}": lambda: _cache(cache),
        f"Site in {site}": lambda: _site(site),
        "GitHub": _github,
    }
    with ThreadPoolExecutor(len(parts)) as pool:  # most of the time is waiting for torch
        return Examination(tuple(map(Section, parts, pool.map(_looked, parts.values()))))


def _looked(look: Callable[[], Iterator[tuple[str, str]]]) -> tuple[tuple[str, str], ...]:
    """What is found until something cannot be found out, and what that was."""
    found: list[tuple[str, str]] = []
    try:
        found.extend(look())
    except Exception as error:  # whatever a broken machine makes of it, the rest is still worth saying
        found.append(("cannot be found out", f"{type(error).__name__}: {error}"))
    return tuple(found) or (("nothing", ""),)


def _installation() -> Iterator[tuple[str, str]]:
    yield "Python", f"{platform.python_version()} ({sys.executable})"
    yield "reportgen", _version("reportgen")
    for package in _PACKAGES:
        yield package, _version(package)
    missing = [package for package in _CAPTURE if _version(package) == _MISSING]
    yield "can capture", "no: without " + ", ".join(missing) if missing else "yes"


_MISSING = "not installed"


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return _MISSING


def _engines() -> Iterator[tuple[str, str]]:
    pandoc = Pandoc.embedded()
    yield "pandoc", f"{pandoc.version} ({pandoc.path})"
    quarto = Quarto.found()
    if quarto is None:
        yield "Quarto", "not found"
    else:
        oldest = ".".join(map(str, OLDEST))
        yield "Quarto", f"{quarto.version} ({quarto.path})" + ("" if quarto.recent else f", too old: needs {oldest}")
    yield "auto takes", (quarto if quarto is not None and quarto.recent else pandoc).label


def _devices() -> Iterator[tuple[str, str]]:
    yield "cpu", provenance.processor()
    yield "memory", _size(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    if _version("torch") == _MISSING:
        yield "others", "not looked for: torch is not installed"
        return
    asked = subprocess.run(
        [sys.executable, "-c", _ASK_TORCH], capture_output=True, text=True, check=False, timeout=_SECONDS_FOR_TORCH
    )
    if asked.returncode != 0:
        yield "others", f"torch cannot be imported: {(asked.stderr.strip().splitlines() or ['no word why'])[-1]}"
        return
    told = json.loads(asked.stdout)
    for number, (name, memory) in enumerate(told["cuda"]):
        yield f"cuda:{number}", f"{name}, {_size(memory)}"
    if told["mps"]:
        yield "mps", "Apple's GPU"
    if not told["cuda"] and not told["mps"]:
        yield "others", "none that torch can use"


def _cache(cache: Path) -> Iterator[tuple[str, str]]:
    if not cache.is_dir():
        yield "empty", "nothing has been kept here yet"
        return
    for config in sorted((cache / "models").glob("*/model/config.json")):
        yield "model", f"{_model_name(config)}, {_size(_weight(config.parents[1]))}"
    for room in sorted(folder for folder in cache.iterdir() if folder.is_dir()):
        yield room.name, _size(_weight(room))


def _model_name(config: Path) -> str:
    """What a model's configuration says that it is; else the folder that it lies in."""
    said = json.loads(config.read_text(encoding="utf-8"))
    layers, heads = said.get("num_hidden_layers"), said.get("num_attention_heads")
    shape = f", {layers} layers of {heads} heads" if layers and heads else ""
    name = said.get("_model_name_or_path") or config.parents[1].name
    return f"{name} ({said.get('model_type', 'of an unknown kind')}{shape})"


def _site(site: Path) -> Iterator[tuple[str, str]]:
    yield "settings", "_quarto.yml" if (site / "_quarto.yml").is_file() else "none yet: the first build writes them"
    index = site / "_site" / "index.html"
    if not index.is_file():
        yield "pages", "not built yet"
        return
    pages = sum(1 for _ in index.parent.rglob("*.html"))
    yield "pages", f"{pages}, {_size(_weight(index.parent))}, built by {_builder(index)}"
    yield "runs recorded", str(sum(1 for _ in (site / "history").glob("*/runs/*.json")))


def _builder(page: Path) -> str:
    """The version that made a page, as the page says."""
    head = page.read_text(encoding="utf-8", errors="replace").partition("<body")[0]
    _, found, rest = head.partition('<meta name="generator" content="')
    return rest.partition('"')[0] if found else "an unknown version"


def _github() -> Iterator[tuple[str, str]]:
    if os.environ.get("GITHUB_ACTIONS") != "true":
        yield "runner", "no: this is no GitHub workflow"
        return
    for name in ("GITHUB_REPOSITORY", "GITHUB_REF", "GITHUB_EVENT_NAME", "RUNNER_OS"):
        yield name, os.environ.get(name, "not set")
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        yield name, "set" if os.environ.get(name) else "not set"


def _weight(folder: Path) -> int:
    """The bytes of all files below a folder; one that goes away meanwhile weighs nothing."""
    return sum(_bytes(Path(root) / name) for root, _, names in os.walk(folder) for name in names)


def _bytes(file: Path) -> int:
    try:
        return file.lstat().st_size
    except OSError:
        return 0


def _size(size: int) -> str:
    for unit, factor in (("GB", 1e9), ("MB", 1e6)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size / 1e3:.0f} kB"
