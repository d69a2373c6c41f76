"""Where every number came from: the code, the packages and the machine that made it.

Versions are read from the installed packages' metadata, so that asking for them imports nothing heavy.
"""

import hashlib
import os
import platform
import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path

_PACKAGE = Path(__file__).parent
CAPTURE_PACKAGES = ("torch", "transformers", "transformer-lens", "tokenizers")
PACKAGES = (*CAPTURE_PACKAGES, "numpy", "scipy", "statsmodels", "plotly", "pypandoc_binary")


@cache
def versions(packages: tuple[str, ...] = PACKAGES) -> tuple[tuple[str, str], ...]:
    """(package, installed version) for each package, in the order asked for."""
    return tuple((package, metadata.version(package)) for package in packages)


@cache
def own_version() -> str:
    """The version of this package."""
    return metadata.version("reportgen")


@cache
def code_version(*rooms: str) -> str:
    """A hash over the sources of some rooms of this package ("" is all of it): 16 hexadecimal digits."""
    files = sorted({file for room in rooms for file in _sources(_PACKAGE / room)})
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.relative_to(_PACKAGE).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def folder_version(folder: Path) -> str:
    """A hash over the files of a folder: 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(file.relative_to(folder).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _sources(path: Path) -> list[Path]:
    return [path] if path.is_file() else list(path.rglob("*.py"))


def now() -> datetime:
    """The present in UTC to the second, or the moment that SOURCE_DATE_EPOCH names."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    moment = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    return moment.replace(microsecond=0)


@cache
def processor() -> str:
    """The processor's name as the system gives it, with the number of cores that this process may use."""
    name = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").is_file():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), name)
    elif platform.system() == "Darwin":
        asked = subprocess.run(
            ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"],
            capture_output=True,
            text=True,
            check=False,
        )
        name = asked.stdout.strip() or name
    return f"{name}, {cores()} cores"


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
