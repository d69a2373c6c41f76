"""One process at a time builds a site; the others are told who does, and a process that died holds nobody up."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reportgen.errors import StudyError
from reportgen.site.lock import FOLDER, building

HOLDS = """
import sys
from pathlib import Path
from reportgen.site.lock import building
with building(Path(sys.argv[1]), "reportgen regenerate"):
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def held(site: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process at work on the site."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(site)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    try:
        yield process
    finally:
        process.communicate("\n")


def test_who_finds_the_site_held_is_told_by_whom_and_since_when(tmp_path: Path) -> None:
    with held(tmp_path) as process:
        with pytest.raises(StudyError) as refused, building(tmp_path, patience=0.1):
            pass
        holder = json.loads((tmp_path / FOLDER / "holder.json").read_bytes())
        assert f"`reportgen regenerate` (process {process.pid})" in str(refused.value)
        assert f"since {holder['since']}" in str(refused.value)
        assert "Wait until it has ended, or stop it." in str(refused.value)
    with building(tmp_path, patience=0):
        pass


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_process_that_dies_leaves_the_site_free(how: signal.Signals, tmp_path: Path) -> None:
    with held(tmp_path) as process:
        process.send_signal(how)
        assert process.wait() == -how
        with building(tmp_path, patience=0):
            pass


def test_the_second_goes_on_when_the_first_has_ended(tmp_path: Path) -> None:
    with held(tmp_path) as process:
        os.kill(process.pid, signal.SIGKILL)
        with building(tmp_path, patience=30):
            assert f'"process": {os.getpid()}' in (tmp_path / FOLDER / "holder.json").read_text()


def test_the_same_process_may_enter_again(tmp_path: Path) -> None:
    with building(tmp_path, "outer"):
        with building(tmp_path, "inner"):
            pass
        assert json.loads((tmp_path / FOLDER / "holder.json").read_bytes())["doing"] == "outer"


def test_a_fault_in_the_block_frees_the_site(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), building(tmp_path):
        raise ZeroDivisionError
    with held(tmp_path):
        pass


def test_git_does_not_see_the_lock(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    with building(tmp_path):
        told = subprocess.run(
            ["git", "status", "--porcelain"], cwd=tmp_path, capture_output=True, text=True, check=True
        )
    assert told.stdout == ""


def test_a_holder_that_cannot_be_read_still_holds(tmp_path: Path) -> None:
    with held(tmp_path):
        (tmp_path / FOLDER / "holder.json").write_text("{")
        with pytest.raises(StudyError, match="another process is at work on this site"), building(tmp_path, patience=0):
            pass
