"""What a spec may ask beyond its contrasts: one class an experiment, each with its own part of the experiments page."""

from typing import Annotated

from pydantic import Field

from reportgen.spec.section import Section


class ObjectAttentionSection(Section):
    """Attention to the object beside that to the subject, and from the object to the subject, in the study's first
    contrast. It has no settings: write `object_attention: {}`."""


class ExperimentsSection(Section):
    """The experiments that the study makes; one that is not named here is not made. Write `{}` behind its name where
    it needs no settings of its own."""

    object_attention: Annotated[
        ObjectAttentionSection | None,
        Field(description="Do heads look at the object differently too, and does the object look at the subject?"),
    ] = None
