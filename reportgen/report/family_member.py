"""What a study of a family publishes for the page that compares them: its place in the family, and its first contrast head by
head, as the history's records hold it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reportgen.history.record import Column, ContrastRecord
from reportgen.report.published import Published
from reportgen.spec.model import FamilySection

if TYPE_CHECKING:  # a page of families is made without what a study's results need
    from reportgen.report.results import Results
    from reportgen.stats.differences import PerHead

FILE = "family.json"


class FamilyMember(Published):
    """One study of a family; `identity` is that of the weights, so that maps of one model can be told from others."""

    family: FamilySection
    study: str
    question: str
    model: str
    identity: str
    contrast: ContrastRecord

    @property
    def name(self) -> str:
        """What tells it from the others: "sum, last"."""
        return ", ".join(self.family.values.values())

    @property
    def effects(self) -> PerHead:
        """The effect of each head, layer by layer; NaN where it was not tested."""
        return as_array(self.contrast.effect)

    @property
    def strongest(self) -> int | None:
        """The place of the head with the largest effect; None where none was tested."""
        sizes = np.abs(self.effects)
        return int(np.nanargmax(sizes)) if np.isfinite(sizes).any() else None


def as_array(values: Column) -> PerHead:
    """A column of a record as numbers, NaN where there is none."""
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def family_files(results: Results) -> dict[str, bytes]:
    """The file of a study that is one of a family, by its name; none of any other."""
    from reportgen.report.run_record import contrast_record  # noqa: PLC0415

    spec, source = results.plan.file.spec, results.plan.source
    if spec.study.family is None:
        return {}
    member = FamilyMember(
        family=spec.study.family,
        study=spec.study.id,
        question=spec.study.question,
        model=source.name,
        identity=source.identity,
        contrast=contrast_record(results.findings[0]),
    )
    return {FILE: member.to_json()}
