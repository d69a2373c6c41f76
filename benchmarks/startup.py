"""What it takes until the first statement can be captured, each step in a process that has done those before it.

`python -m benchmarks.startup FOLDER` is such a process, for the model in a folder; it prints a step and its seconds a line.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

PASSES = 3
NAME = "capture-startup"


def run() -> str:
    """The line to print."""
    from benchmarks.capture import study

    passes = [_measured(study().model.folder) for _ in range(PASSES)]
    steps = [f"{name} {statistics.median(each[name] for each in passes):.2f} s" for name in passes[0]]
    return f"{NAME}   ({', '.join(steps)}; each after those before it)"


def _measured(folder: Path) -> dict[str, float]:
    told = subprocess.run([sys.executable, "-m", __name__, folder], check=True, capture_output=True, text=True)
    lines = (line.rsplit(" ", 1) for line in told.stdout.splitlines())
    return {name: float(seconds) for name, seconds in lines}


def steps(folder: Path) -> dict[str, Callable[[], object]]:
    """Everything between the command and its first forward pass."""

    def open_model() -> None:
        from reportgen.models.linears import quicken
        from reportgen.models.load import open_eager

        quicken(open_eager(folder, "cpu"))

    return {
        "import reportgen.cli": lambda: import_module("reportgen.cli"),
        "import torch": lambda: import_module("torch"),
        "import transformers": lambda: import_module("transformers"),
        "import reportgen.capture.shared": lambda: import_module("reportgen.capture.shared"),
        "opening the model": open_model,
    }


if __name__ == "__main__":
    for name, step in steps(Path(sys.argv[1])).items():
        began = time.perf_counter()
        step()
        print(name, time.perf_counter() - began)
