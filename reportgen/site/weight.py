"""What a built site weighs, held against what GitHub Pages takes and what we allow a study."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from reportgen import numbers

MEGABYTE = 10**6
FILE_LIMIT = 100 * 2**20
"""Git on GitHub refuses a larger file (100 MiB)."""
SITE_LIMIT = 1000 * MEGABYTE
"""GitHub Pages asks that a published site be no larger."""
STUDY_LIMIT = 150 * MEGABYTE
"""Our own, so that several studies go into a site."""
_NEAR = 0.8
_LARGEST = 10


@dataclass(frozen=True)
class Part:
    """A file of the site or the folder of a study, by its path there or its id, and its size in bytes."""

    name: str
    size: int


@dataclass(frozen=True)
class Weight:
    """A site's size in bytes, its largest files and its studies, the largest first."""

    total: int
    files: int
    largest: tuple[Part, ...]
    studies: tuple[Part, ...]

    def __str__(self) -> str:
        return f"{self.files:,} files, {_megabytes(self.total)}"

    def refused(self) -> list[str]:
        """A sentence for each file that GitHub refuses."""
        return [
            _sentence(part, FILE_LIMIT, "of a file that GitHub takes")
            for part in self.largest
            if part.size > FILE_LIMIT
        ]

    def warnings(self) -> list[str]:
        """A sentence for each limit that is passed, or will be soon, though nobody refuses the site for it."""
        files = (part for part in self.largest if part.size <= FILE_LIMIT)
        return [
            *_near([Part("the site", self.total)], SITE_LIMIT, "that GitHub Pages takes"),
            *_near(
                (Part(f"the study {part.name}", part.size) for part in self.studies),
                STUDY_LIMIT,
                "that a study should have",
            ),
            *_near(files, FILE_LIMIT, "of a file that GitHub takes"),
        ]


def weigh(out: Path) -> Weight:
    """Weigh the built site in `out`; a file that several names share counts under each, as it does once published."""
    sizes = dict(_sizes(out))
    studies: dict[str, int] = defaultdict(int)
    for name, size in sizes.items():
        if (study := _study(name)) is not None:
            studies[study] += size
    return Weight(sum(sizes.values()), len(sizes), _largest_first(sizes)[:_LARGEST], _largest_first(studies))


def _sizes(out: Path) -> Iterator[tuple[str, int]]:
    for folder, _, names in os.walk(out):
        for name in names:
            path = Path(folder, name)
            yield path.relative_to(out).as_posix(), path.stat().st_size


def _study(name: str) -> str | None:
    """The id of the study that a file of the site belongs to."""
    parts = PurePosixPath(name).parts
    return parts[1] if len(parts) > 2 and parts[0] == "studies" else None


def _largest_first(sizes: Mapping[str, int]) -> tuple[Part, ...]:
    return tuple(Part(name, size) for name, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0])))


def _near(parts: Iterable[Part], limit: int, of_what: str) -> list[str]:
    return [_sentence(part, limit, of_what) for part in parts if part.size > _NEAR * limit]


def _sentence(part: Part, limit: int, of_what: str) -> str:
    share = numbers.percent(part.size, limit)
    return f"{part.name} has {_megabytes(part.size)}, {share} of the {_megabytes(limit)} {of_what}"


def _megabytes(size: int) -> str:
    return f"{size / MEGABYTE:,.1f} MB"
