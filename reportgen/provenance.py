"""Where every number came from: the code, the packages and the machine that made it.

Versions are read from the installed packages' metadata, so that asking for them imports nothing heavy.
"""

import hashlib
import os
import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path

_PACKAGE = Path(__file__).parent
CAPTURE_PACKAGES = ("torch", "transformers", "transformer-lens", "tokenizers")
PAGE_PACKAGES = ("numpy", "scipy", "statsmodels", "plotly", "pypandoc_binary")
PACKAGES = (*CAPTURE_PACKAGES, *PAGE_PACKAGES)


@cache
def versions(packages: tuple[str, ...] = PACKAGES) -> tuple[tuple[str, str], ...]:
    """(package, version) for each package that is installed, in the order asked for."""
    return tuple((package, version) for package in packages if (version := _version(package)) is not None)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


@cache
def own_version() -> str:
    """The version of this package."""
    return metadata.version("reportgen")


@cache
def code_version(*rooms: str) -> str:
    """A hash over the sources of some rooms of this package ("" is all of it)."""
    rooted = [_PACKAGE / room for room in rooms]
    return files_version(file for room in rooted for file in ([room] if room.is_file() else room.rglob("*.py")))


def files_version(files: Iterable[Path]) -> str:
    """A hash over the places and contents of some files of one folder: 16 hexadecimal digits."""
    listed = sorted(set(files))
    root = os.path.commonpath([file.parent for file in listed]) if listed else ""
    digest = hashlib.sha256()
    for file in listed:
        digest.update(os.fsencode(file.relative_to(root).as_posix()))
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


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
