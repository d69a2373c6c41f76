"""What a reader has to be told beside the results: nothing is dropped or doubted in silence."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Notice:
    """A warning about the study, an account of something left out of it, or a note on how it was done.

    `message` is one plain sentence with its figures; `items` names what it is about, one entry each.
    """

    kind: Literal["warning", "left out", "note"]
    message: str
    items: tuple[str, ...] = ()

    def first_items(self, most: int) -> tuple[str, ...]:
        """The items, or of more than `most` the first ones and how many more there are."""
        more = len(self.items) - most
        return self.items if more <= 0 else (*self.items[:most], f"and {more} more")
