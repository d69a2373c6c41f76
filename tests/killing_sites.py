"""`python -m tests.killing_sites FOLDER KILLS`: builds of a made-up site that are killed, again and again, at moments drawn
from a seed.

1. Every build wants another generation of the site, whose number stands on the first page and on each study's. It is a
   fork of this process, which starts in milliseconds.
2. A fork dies by SIGKILL at a line of code that it executes, of all that writes the site or of the swap alone, or when its
   time is up. Whatever it started lives on, as pandoc does after a real kill.
3. After each, the generation of every page is read from the disk. At the end comes a build that nothing disturbs. What was
   seen is printed as JSON.
"""

import json
import os
import random
import re
import signal
import sys
import time
from dataclasses import asdict, dataclass, field
from itertools import cycle
from pathlib import Path

import reportgen
from reportgen.report.document import Document, Heading, Prose
from reportgen.report.markup import Md
from reportgen.report.page import Card, StudyPage
from reportgen.site.build import write_site
from reportgen.site.project import Site
from tests.dying import Lines

STUDIES = ("one", "two")
PAGES = ("index.html", "studies.html", *(f"studies/{study}/index.html" for study in STUDIES))
ROOM = Path(reportgen.__file__).parent / "site"
PLACES = {
    "site": (str(ROOM),),
    "swap": tuple(str(ROOM / name) for name in ("swap.py", "staging.py", "project.py")),
    "clock": (),
}

LINES_OF_SWAP = 16


@dataclass
class Seen:
    """How many builds were killed where, how many came to their end, and the generations that stood on the pages after
    each of them."""

    killed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PLACES, 0))
    ended: int = 0
    generations: list[list[int]] = field(default_factory=list)


def pages(generation: int) -> list[StudyPage]:
    """The studies of a generation."""
    return [_page(study, generation) for study in STUDIES]


def _page(study: str, generation: int) -> StudyPage:
    words = f"Generation {generation}."
    card = Card(study, f"{study}.yml", f"Study {study}", "Q?", "m", words, "2026-01-01", "8 pairs", f"key {generation}")
    blocks = (Heading(2, Md("What was found"), "found"), Prose(Md(words)), Heading(2, Md("More"), "more"))
    document = Document(card.title, card.question, "", (), depth=2, blocks=blocks)
    pieces = [(f"data/{number}.json", f"[{generation}]".encode()) for number in range(40)]
    files = {
        "numbers.csv": f"n\n{generation}\n".encode(),
        **dict.fromkeys(("map.png", "map-dark.png", "social.png"), b""),
    }
    return StudyPage(card, document, files, lambda: iter(pieces))


def generation_of(page: str) -> int:
    """The one generation that a whole page is of."""
    assert page.rstrip().endswith("</html>"), page[-200:]
    [generation] = set(re.findall(r"Generation (\d+)\.", page))
    return int(generation)


def main(folder: Path, kills: int) -> Seen:
    """Kill builds, and see."""
    seen, rng, generation = Seen(), random.Random(8), 2
    write_site(Site.at(folder), pages(generation))  # imports what the forks need
    ends = {place: _end(folder, place, generation + number) for number, place in enumerate(PLACES, 1)}
    generation += len(ends)
    for place in cycle(ends):
        if sum(seen.killed.values()) >= kills:
            break
        generation += 1
        if _build(folder, generation, place, _moment(rng, place, ends[place])):
            seen.killed[place] += 1
        else:
            seen.ended += 1
        seen.generations.append([generation, *_on_disk(folder)])
    assert not _build(folder, generation + 1, "clock", 60)
    seen.generations.append([generation + 1, *_on_disk(folder)])
    return seen


def _moment(rng: random.Random, place: str, end: float) -> float:
    """When to die: at any time, or within the last lines, which are those of the swap."""
    return rng.uniform(end - LINES_OF_SWAP if place == "swap" else 0, end)


def _end(folder: Path, place: str, generation: int) -> float:
    """How long a build takes that nothing disturbs: in lines of a place, or in seconds."""
    began = time.perf_counter()
    assert not _build(folder, generation, place, 60 if place == "clock" else float("inf"))
    return time.perf_counter() - began if place == "clock" else float((folder / ".lines").read_text())


def _build(folder: Path, generation: int, place: str, moment: float) -> bool:
    """Whether the build of a generation was killed, at a line or at a second."""
    fork = os.fork()
    if fork == 0:
        lines = Lines(PLACES[place], moment)
        if place != "clock":
            lines.watch()
        write_site(Site.at(folder), pages(generation))
        sys.settrace(None)
        (folder / ".lines").write_text(str(lines.count))
        os._exit(0)
    if place == "clock":
        _kill_after(fork, moment)
    _, status = os.waitpid(fork, 0)
    assert status in (0, signal.SIGKILL), status
    return status != 0


def _kill_after(fork: int, seconds: float) -> None:
    """Kill the process when its time is up, unless it has ended before."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        if os.waitid(os.P_PID, fork, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return
        time.sleep(0.002)
    os.kill(fork, signal.SIGKILL)


def _on_disk(folder: Path) -> list[int]:
    return [generation_of((folder / "_site" / page).read_text()) for page in PAGES]


if __name__ == "__main__":
    print(json.dumps(asdict(main(Path(sys.argv[1]), int(sys.argv[2])))))
