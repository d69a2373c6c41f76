"""The code blocks of a page of the documentation, and a folder in which they are run as a reader would run them.

Blocks of `sh` and `python` are run in their order. A block with a `filename` is that file. What cannot be run everywhere carries
a class that says what it needs (`{.sh .needs-network}`), and is only looked at. A block of `text` that follows shows what comes
out, line by line: numbers may be others, and "…" stands for anything.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import click

from reportgen.cli import main

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "site" / "docs"
QUICK = (
    "robustness: {query_positions: [], aggregations: [], tests: [], corrections: [], prepend_bos: [], facts: []}\n"
    "report: {examples: 2}\n"
)
"""What a spec gets in a test, so that it is built quickly: one universe, few examples."""
REMOTE = "https://github.com/NAME/heads.git"

_BLOCK = re.compile(r"^```(?:(\w+)|\{(\.[^}\n]*)\})\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"\d[\d,.]*(?:e[+-]\d+)?")
_HASH = re.compile(r"\b[0-9a-f]{10}\b")
_APART = "\x1e"


@dataclass(frozen=True)
class Block:
    """A block of code: its language, its other classes, the file that it is (or nothing), its text and its line."""

    language: str
    classes: tuple[str, ...]
    filename: str
    text: str
    line: int

    @property
    def needs(self) -> tuple[str, ...]:
        """What it needs that is not there everywhere."""
        return tuple(name for name in self.classes if name.startswith("needs-"))

    @property
    def commands(self) -> list[list[str]]:
        """The words of every call of reportgen."""
        lines = (line for line in self.text.splitlines() if line.startswith("reportgen "))
        return [_call(shlex.split(line, comments=True)[1:]) for line in lines]


def _call(words: list[str]) -> list[str]:
    """Up to what the shell does with the outcome."""
    ends = [place for place, word in enumerate(words) if word in ("||", "&&", "|", ";")]
    return words[: ends[0]] if ends else words


def blocks_of(page: Path) -> list[Block]:
    """All blocks, in order."""
    text = page.read_text(encoding="utf-8")
    return [_block(found, text) for found in _BLOCK.finditer(text)]


def _block(found: re.Match[str], text: str) -> Block:
    plain, attributes, code = found.groups()
    names = [plain] if plain else re.findall(r"\.([\w-]+)(?=\s|$)", attributes.split("filename")[0].strip())
    filename = re.search(r'filename="([^"]+)"', attributes or "")
    return Block(
        names[0], tuple(names[1:]), filename[1] if filename else "", code, text.count("\n", 0, found.start()) + 1
    )


def parse(words: list[str]) -> None:
    """Raises a click.UsageError where there is no such command, option or value."""
    command: click.Command = main
    while isinstance(command, click.Group):
        name, *words = words
        if name not in command.commands:
            raise click.UsageError(f"there is no command {name}")
        command = command.commands[name]
    command.make_context(command.name, words)


@dataclass
class Sandbox:
    """A reader's folder, with the real command line, a cache, and git that knows where to push."""

    folder: Path
    cache: Path
    at: Path = field(init=False)

    def __post_init__(self) -> None:
        self.at = self.folder / "work"
        self.at.mkdir()
        tools = self.folder / "bin"
        tools.mkdir()
        (tools / "reportgen").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reportgen "$@"\n')
        (tools / "reportgen").chmod(0o755)
        remote = self.folder / "remote.git"
        (self.folder / "gitconfig").write_text(
            f'[user]\nname = A\nemail = a@example.org\n[url "{remote.as_uri()}"]\ninsteadOf = {REMOTE}\n'
        )
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", remote], check=True)

    def follow(self, page: Path) -> Iterator[str]:
        """Do what the page says; yields what is amiss, with its line."""
        blocks = blocks_of(page)
        outputs = dict(self._run_all(blocks))
        for before, block in pairwise(blocks):
            if block.language == "text" and not block.filename and before.line in outputs:
                yield from (
                    f"{page.name}:{block.line}: `{line}` is not what comes out:\n{outputs[before.line]}"
                    for line in missing(block.text, outputs[before.line])
                )

    def _run_all(self, blocks: list[Block]) -> Iterator[tuple[int, str]]:
        for block in blocks:
            if block.filename:
                self._write(block)
            elif block.language == "sh" and not block.needs:
                yield block.line, self._shell(block)
        script = [block for block in blocks if block.language == "python"]
        if script:
            yield from zip((block.line for block in script), self._python(script), strict=True)

    def _write(self, block: Block) -> None:
        path = self.at / block.filename
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        self._quicken()

    def _quicken(self) -> None:
        """Have every whole study built quickly."""
        for spec in self.at.rglob("specs/**/*.yml"):
            text = spec.read_text(encoding="utf-8")
            if re.search(r"^facts:", text, re.MULTILINE) and QUICK not in text:
                spec.write_text(f"{text.rstrip()}\n{QUICK}", encoding="utf-8")

    def _shell(self, block: Block) -> str:
        """Line by line, as at a terminal; stays in the folder where it ends."""
        said = ""
        for line in block.text.splitlines():
            done = self._run(["bash", "-c", f'{line}\ncode=$?; pwd > "$HOME/at"; exit $code'])
            assert done.returncode == 0, f"line {block.line}: {line}\n{done.stdout}{done.stderr}"
            said += done.stdout + done.stderr
            self.at = Path((self.folder / "at").read_text().rstrip("\n"))
            self._quicken()
        return said

    def _python(self, blocks: list[Block]) -> list[str]:
        text = "".join(f"{block.text}print({_APART!r}, end='')\n" for block in blocks)
        done = self._run([sys.executable, "-W", "error::DeprecationWarning:__main__", "-c", text])
        assert done.returncode == 0, done.stderr
        return done.stdout.split(_APART)[:-1]

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        environment = {
            **clean,
            "HOME": str(self.folder),
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "REPORTGEN_CACHE": str(self.cache),
            "XDG_CACHE_HOME": str(self.cache.parent),
            "GIT_CONFIG_GLOBAL": str(self.folder / "gitconfig"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "160",
        }
        return subprocess.run(
            command, cwd=self.at, env=environment, capture_output=True, text=True, check=False, timeout=240
        )


def missing(shown: str, said: str) -> list[str]:
    """The lines that are shown and that nothing said looks like."""
    lines = [masked(line) for line in said.splitlines()]
    return [line for line in shown.splitlines() if line.strip() not in ("", "…") and not any(_like(line, lines))]


def _like(line: str, lines: list[str]) -> Iterator[bool]:
    parts = (re.escape(part.strip()) for part in masked(line).split("…"))
    pattern = re.compile(r"\s?.*\s?".join(parts))
    yield from (pattern.fullmatch(one) is not None for one in lines)


def masked(line: str) -> str:
    """A line without its numbers, and with single spaces."""
    return " ".join(_NUMBER.sub("#", _HASH.sub("#", line)).split())
