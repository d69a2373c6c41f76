"""What a spec file says before it is one study: of which version it is, what it extends, and which studies it stands for.

These keys are read and gone before the sections of a study are: no study knows them.
"""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field

from reportgen.spec.section import Misfit, Name, Section, Value

SPEC_VERSION = 1
"""The version of specs as they are written today. Files of every version up to it are read, and mean what they meant."""


class Preamble(Section):
    """The keys of a file beside the sections of a study."""

    version: Annotated[
        int,
        Field(ge=1, description="The version of the format, so that a later reportgen reads the file as it was meant."),
    ] = SPEC_VERSION
    extends: Annotated[
        Name | None,
        Field(
            description="Another spec, by its path from this one's folder, that this one changes: mappings merge key by key, "
            "lists and single values are replaced, and `null` removes a key. Relative paths start at the folder of the file "
            "that they are written in."
        ),
    ] = None
    matrix: Annotated[
        dict[Name, Annotated[dict[Name, Any], Field(min_length=1)] | Annotated[tuple[Value, ...], Field(min_length=1)]]
        | None,
        Field(
            min_length=1,
            description="A family of studies in place of one: each key is a place in the spec (`model`, or "
            "`measure.aggregation`), with the values that stand there in turn: named ones, which merge into what is there, or "
            "a list. Every combination is a study, and one page compares them.",
        ),
    ] = None

    def _misfits(self) -> Iterable[Misfit]:
        if self.version > SPEC_VERSION:
            yield Misfit(
                f"this spec is of version {self.version}, and this reportgen reads versions up to {SPEC_VERSION}: "
                "upgrade reportgen",
                at=("version",),
            )


KEYS = tuple(Preamble.model_fields)
