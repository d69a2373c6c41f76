"""`python -m tests.killing MODEL FOLDER KILLS`: captures that are killed, again and again, at moments drawn from a seed.

1. This process opens the model; each capture is a fork of it, which starts in milliseconds.
2. A fork dies by SIGKILL at a line of code that it executes, of the whole capture or of the store alone, or when its
   time is up. One that reaches its end before leaves its scores; the next ones begin with an empty cache.
3. What was seen is printed as JSON.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import torch

import reportgen
from reportgen.capture import plan
from reportgen.capture.opening import ProvenModel
from reportgen.capture.request import Request, ask
from reportgen.capture.run import capture
from reportgen.capture.thrift import Thrift
from reportgen.store import Store
from tests import small
from tests.dying import Lines

ROOM = Path(reportgen.__file__).parent
PLACES = {"anywhere": (str(ROOM / "capture"), str(ROOM / "store.py")), "store": (str(ROOM / "store.py"),)}


@dataclass
class Seen:
    """How many captures were killed and how many came to their end, and whether these gave the same scores; the most
    shards that one lost after reading them, shards that were not whole; files left over at most, and an hour later."""

    killed: dict[str, int] = field(default_factory=lambda: {"anywhere": 0, "store": 0, "clock": 0})
    ended: int = 0
    equal: bool = True
    lost: int = 0
    broken: int = 0
    left_over: int = 0
    left_over_later: int = 0


@dataclass(frozen=True)
class Forks:
    """Captures of the same requests by the same opened model."""

    model: ProvenModel
    requests: tuple[Request, ...]
    out: Path

    def run(self, place: str, moment: float) -> tuple[bool, int]:
        """Whether a capture was killed, and how many shards it had read by then. No moment comes after infinity."""
        reader, writer = os.pipe()
        fork = os.fork()
        if fork == 0:
            os.close(reader)
            self._capture(place, moment, lambda: os.write(writer, b"."))
            os._exit(0)
        os.close(writer)
        if place == "clock":
            time.sleep(moment)
            os.kill(fork, signal.SIGKILL)
        with os.fdopen(reader, "rb") as told:
            read = len(told.read())
        _, status = os.waitpid(fork, 0)
        assert status in (0, signal.SIGKILL), status
        return status != 0, read

    def _capture(self, place: str, moment: float, tell: Callable[[], object]) -> None:
        read_all = Thrift.read_all

        def told(*arguments: Any) -> Any:
            values = read_all(*arguments)
            tell()
            return values

        Thrift.read_all = told  # type: ignore[method-assign]
        lines = Lines(PLACES.get(place, ()), moment)
        lines.watch()
        values = capture(self.requests, self.model).values
        sys.settrace(None)
        np.save(self.out, values)
        self.out.with_suffix(".lines").write_text(str(lines.count))


def main(folder: Path, out: Path, kills: int) -> Seen:
    """Kill captures, and see."""
    torch.set_num_threads(1)
    plan.SHARD_STATEMENTS = 2
    requests = ask(small.statements(folder), "sum")
    model = small.proven(folder, out / "cache")
    with model.reading([request.statement for request in requests], "sum"):
        forks, seen, rng = Forks(model, requests, out / "values.npy"), Seen(), random.Random(6)
    ends = {place: _end(forks, place) for place in ("anywhere", "store", "clock")}
    whole = np.load(forks.out)
    for place in cycle(ends):
        if sum(seen.killed.values()) >= kills:
            break
        _see(forks, place, rng.uniform(0, ends[place] / 3), whole, seen)
    seen.left_over_later = _an_hour_later(forks)
    return seen


def _end(forks: Forks, place: str) -> float:
    """How long a capture takes that nothing disturbs: in lines of these places, or in seconds."""
    began = time.perf_counter()
    _forget(forks)
    assert forks.run(place if place != "clock" else "nowhere", float("inf")) == (False, small.STATEMENTS // 2)
    seconds = time.perf_counter() - began
    return seconds if place == "clock" else float(forks.out.with_suffix(".lines").read_text())


def _see(forks: Forks, place: str, moment: float, whole: Any, seen: Seen) -> None:
    cache = forks.model.cache
    before = len(small.shards(cache))
    killed, read = forks.run(place, moment)
    kept = small.shards(cache)
    if killed:
        seen.killed[place] += 1
        seen.lost = max(seen.lost, before + read - len(kept))
        seen.broken += sum(Store(cache).get(str(path.parent.relative_to(cache)), path.name) is None for path in kept)
        seen.left_over = max(seen.left_over, len(small.leftovers(cache)))
    else:
        seen.ended += 1
        seen.equal &= np.array_equal(np.load(forks.out), whole)
        _forget(forks)


def _an_hour_later(forks: Forks) -> int:
    forks.run("nowhere", float("inf"))
    shelf = small.shards(forks.model.cache)[0].parent
    (shelf / ".partial-dead").write_bytes(b"half")
    for path in small.leftovers(forks.model.cache):
        os.utime(path, (0, 0))
    next(iter(small.shards(forks.model.cache))).unlink()
    forks.run("nowhere", float("inf"))
    return len(small.leftovers(forks.model.cache))


def _forget(forks: Forks) -> None:
    forks.out.unlink(missing_ok=True)
    shutil.rmtree(forks.model.cache, ignore_errors=True)


if __name__ == "__main__":
    print(json.dumps(asdict(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))))
