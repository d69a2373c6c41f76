"""A file that a study publishes for other pages of its site, which read it again when they are made."""

from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError


class Published(BaseModel):
    """A frozen record, as JSON beside the study's page."""

    model_config = ConfigDict(frozen=True)

    def to_json(self) -> bytes:
        """The record as it is published."""
        return self.model_dump_json().encode()

    @classmethod
    def from_json(cls, text: bytes) -> Self | None:
        """The record that was published; None where this is none."""
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            return None
