"""Where a study comes from: a spec, whose answers a store keeps, or a results folder, which is a store of its own."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from reportgen.errors import StudyError
from reportgen.models.manifest import MANIFEST
from reportgen.packed.opening import INPUTS, open_results
from reportgen.spec.load import load_spec, load_specs
from reportgen.spec.model import SpecFile


@dataclass(frozen=True)
class Source:
    """A study by the path that names it, and the store that holds what was read from its model.

    `file` is its spec where that was read already: of a family, which one file describes, each study is a source of its own.
    `overrides` are what the command line says otherwise than the spec.
    """

    path: Path
    store: Path
    file: SpecFile | None = None
    overrides: tuple[str, ...] = ()

    @classmethod
    def at(cls, path: Path, cache: Path, overrides: Sequence[str] = ()) -> Iterator[Self]:
        """A results folder where there is a folder, else each study of a spec, whose results are in the user's `cache`.

        A spec that is wrong is one source, which says so when it is loaded.
        """
        if path.is_dir():
            yield cls(path, path, overrides=tuple(overrides))
            return
        files: tuple[SpecFile | None, ...] = (None,)
        with suppress(Exception):  # whatever it is, loading says it again, in its turn
            files = load_specs(path, overrides)
        for file in files:
            yield cls(path if file is None else file.path, cache, file, tuple(overrides))

    @property
    def captured(self) -> bool:
        """Whether these are results: nothing can be added to them."""
        return self.store == self.path

    @property
    def name(self) -> str:
        """The study as the command line names it: `specs/capitals.yml`, `specs/family.yml#small-sum`."""
        return str(self.path if self.file is None else self.path.with_name(self.file.name))

    @property
    def label(self) -> str:
        """The study in a word: of a family by its id, any other by its file."""
        return self.file.spec.study.id if self.file is not None and self.file.cell else self.path.stem

    def load(self) -> SpecFile:
        """The study's spec; raises InputError, and StudyError where a results folder is not whole."""
        if self.file is not None:
            return self.file
        if self.captured and self.overrides:
            raise StudyError(f"{self.path}: these are results, of which nothing can be set otherwise. Name the spec.")
        return open_results(self.path) if self.captured else load_spec(self.path, self.overrides)


@dataclass(frozen=True)
class Given:
    """The studies of a command, and whether they are all that a site holds."""

    sources: tuple[Source, ...]
    whole: bool

    @classmethod
    def of(cls, paths: Sequence[Path], cache: Path, overrides: Sequence[str] = ()) -> Self:
        """The studies at some paths, specs and results folders. Any other folder stands for all studies in it: its specs,
        or, where it has none, its folders, each of which must then be one of results. One such folder alone stands for
        all that the site holds.

        Raises StudyError where a folder holds no study.
        """
        studies = [study for path in paths for study in (_studies_in(path) if _is_many(path) else [path])]
        return cls(tuple(one for study in studies for one in Source.at(study, cache, overrides)), _is_whole(paths))

    @classmethod
    def results(cls, paths: Sequence[Path]) -> Self:
        """The same, of results folders alone."""
        studies = [study for path in paths for study in (_results_in(path) if _is_many(path) else [path])]
        return cls(tuple(Source(study, study) for study in studies), _is_whole(paths))


def _is_whole(paths: Sequence[Path]) -> bool:
    return len(paths) == 1 and _is_many(paths[0])


def _is_many(path: Path) -> bool:
    return path.is_dir() and not (path / MANIFEST).exists() and not (path / INPUTS).exists()


def _studies_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.yml")) or _results_in(folder)


def _results_in(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.glob("[!.]*") if path.is_dir())
    if not found:
        raise StudyError(f"{folder}: there is no study in it, neither a spec (.yml) nor a results folder.")
    return found
