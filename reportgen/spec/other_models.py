"""What a spec may say of other models than the study's own: checkpoints of its training, and models of other makers."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from reportgen.spec.model_section import ModelSection
from reportgen.spec.section import Misfit, Name, Section, repeated


class CheckpointRange(Section):
    """Steps of a training, evenly spaced on a log scale, from the `first` to the `last`, both included."""

    first: Annotated[int, Field(ge=1, description="The first step; a log scale has no 0.")]
    last: Annotated[int, Field(ge=2, description="The last step.")]
    count: Annotated[int, Field(ge=2, le=200, description="How many steps.")] = 12
    multiple: Annotated[
        int,
        Field(ge=1, description="Steps are rounded to multiples of this, where checkpoints were kept at these alone."),
    ] = 1

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps, each once; there are fewer than `count` where several round to the same."""
        ratio = (self.last / self.first) ** (1 / (self.count - 1))
        rounded = [round(self.first * ratio**place / self.multiple) * self.multiple for place in range(self.count)]
        return tuple(sorted({step for step in rounded if step}))

    def _misfits(self) -> Iterator[Misfit]:
        if self.first >= self.last:
            yield Misfit(f"`first` ({self.first}) comes before `last` ({self.last})", at=("first",))
        elif len(self.steps) < 2:
            yield Misfit("all of these steps round to the same multiple", at=("multiple",))


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint of the study's model: its place in training, what it is called, and where it lies: a folder, or a revision
    of the hub repository that the study's model is from."""

    step: int
    name: str
    folder: str | None = None
    revision: str | None = None


class CheckpointsSection(Section):
    """The study's first contrast at several checkpoints of one training: how many heads are found, when each appears, when
    the facts become known, and which roles heads have meanwhile. Checkpoints are folders, or revisions of the repository that
    `model.hub` names; one pattern with `{step}` in it, or a list. Device, arithmetic and the beginning of statements are those
    of `model`. All checkpoints must have the same tokenizer, the study's."""

    folder: Annotated[
        Name | None,
        Field(
            description="Where checkpoints lie, with `{step}` for the step. A relative path starts at the spec's own folder."
        ),
    ] = None
    revision: Annotated[
        Name | None, Field(description="What revisions are called on the hub, with `{step}` for the step.")
    ] = None
    steps: Annotated[
        tuple[Annotated[int, Field(ge=0)], ...],
        Field(
            description="The steps that stand for `{step}`. Beside a list of `folders` or `revisions` they say which step each "
            "is of; without them the last number in each name does."
        ),
    ] = ()
    range: Annotated[
        CheckpointRange | None,
        Field(description="In place of `steps`: steps evenly spaced on a log scale."),
    ] = None
    folders: Annotated[
        tuple[Name, ...], Field(description="In place of a pattern: the checkpoints' folders, in order.")
    ] = ()
    revisions: Annotated[
        tuple[Name, ...], Field(description="In place of a pattern: the checkpoints' revisions on the hub, in order.")
    ] = ()

    @property
    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """The checkpoints in the order of their steps."""
        kind = "folder" if self.folder or self.folders else "revision"
        pattern, listed = getattr(self, kind), getattr(self, f"{kind}s")
        if pattern is not None:
            steps = self.range.steps if self.range else self.steps
            listed = [pattern.replace("{step}", str(step)) for step in steps]
        else:
            steps = self.steps or tuple(_steps_of(listed))
        found = [Checkpoint(step, name, **{kind: name}) for step, name in zip(steps, listed, strict=True)]
        return tuple(sorted(found, key=lambda checkpoint: checkpoint.step))

    def _misfits(self) -> Iterator[Misfit]:
        places = [name for name in ("folder", "revision", "folders", "revisions") if getattr(self, name)]
        if len(places) != 1:
            named = " and ".join(f"`{name}`" for name in places) or "none"
            yield Misfit(
                f"checkpoints are named by exactly one of `folder`, `revision`, `folders`, `revisions`; got {named}",
                at=tuple(places[1:2]),
            )
            return
        place = places[0]
        for index in repeated(self.steps):
            yield Misfit(f"{self.steps[index]} stands in this list twice", at=("steps", index))
        yield from self._of_a_list(place) if place.endswith("s") else self._of_a_pattern(place)

    def _of_a_list(self, place: str) -> Iterator[Misfit]:
        listed = getattr(self, place)
        if self.range is not None:
            yield Misfit(f"a `range` belongs to a pattern with `{{step}}`, and `{place}` is a list", at=("range",))
        if len(set(listed)) < len(listed):
            yield Misfit("a checkpoint stands in this list twice", at=(place,))
        if self.steps and len(self.steps) != len(listed):
            yield Misfit(f"there are {len(self.steps)} `steps` for {len(listed)} `{place}`", at=("steps",))
        if len(listed) < 2:
            yield Misfit("a training has two checkpoints or more", at=(place,))

    def _of_a_pattern(self, place: str) -> Iterator[Misfit]:
        if "{step}" not in getattr(self, place):
            yield Misfit(f"`{place}` is a pattern that has `{{step}}` in it; a list goes under `{place}s`", at=(place,))
        if bool(self.steps) == (self.range is not None):
            got = "both" if self.steps else "neither"
            yield Misfit(f"a pattern needs either `steps` or a `range`; got {got}", at=("range",) if self.steps else ())
        elif self.range is None and len(self.steps) < 2:
            yield Misfit("a training has two checkpoints or more", at=("steps",))


def _steps_of(names: Sequence[str]) -> list[int]:
    """The last number in each name, where each has one and no two are the same; else their places, from 1."""
    numbers = [re.findall(r"[0-9]+", name.rstrip("/").rpartition("/")[2]) for name in names]
    steps = [int(found[-1]) for found in numbers if found]
    return steps if len({*steps}) == len(names) else list(range(1, len(names) + 1))


class AcrossModelsSection(Section):
    """The study's first contrast in other models, each with its own tokenizer: at which depths heads are found, and which heads
    do the same in two models, matched by how they respond to the same facts."""

    models: Annotated[
        tuple[ModelSection, ...],
        Field(min_length=1, description="The other models; the study's own is compared with each of them."),
    ]
