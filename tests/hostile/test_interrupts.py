"""Ctrl-C in any long command: it says what remains, and dies of the interrupt as a shell expects."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = {
    "build": ("The shards captured so far are kept", ()),
    "check": ("Not every spec was checked.", ()),
    "lock": ("A lock is written whole or not at all", ()),
    "power": ("Scores captured so far are kept", ("--pairs", "50")),
    "calibrate": ("Scores captured so far are kept; the data sets are counted anew", ()),
}


def started(folder: Path, program: tuple[str, ...], command: str, *arguments: str) -> subprocess.Popen[str]:
    line = [sys.executable, *program, command, str(folder / "s.yml"), "--cache", str(folder / "cache"), *arguments]
    return subprocess.Popen(line, cwd=folder, stderr=subprocess.PIPE, text=True)


def require_honest_end(running: subprocess.Popen[str], words: str) -> None:
    _, said = running.communicate(timeout=60)
    assert running.returncode == -signal.SIGINT
    assert f"Stopped. {words}" in said
    assert "Traceback" not in said
    assert "Aborted" not in said


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_is_interrupted_in_its_work_says_what_remains(tmp_path: Path, command: str) -> None:
    os.mkfifo(tmp_path / "s.yml")  # whoever reads this spec waits for someone to write it
    words, arguments = COMMANDS[command]
    running = started(tmp_path, ("-m", "reportgen"), command, *arguments)
    with (tmp_path / "s.yml").open("w"):  # opens as soon as the command reads
        running.send_signal(signal.SIGINT)
        require_honest_end(running, words)


IMPORTING = """
import os, signal, sys
from reportgen.cli import main

class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == "reportgen.spec.load":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupts())
main()
"""


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_is_interrupted_in_its_imports_does_so_too(tmp_path: Path, command: str) -> None:
    (tmp_path / "s.yml").touch()
    words, arguments = COMMANDS[command]
    require_honest_end(started(tmp_path, ("-c", IMPORTING), command, *arguments), words)
