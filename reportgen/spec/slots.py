"""Templates with any slots, in which a slot may stand several times."""

from dataclasses import dataclass
from string import Formatter


@dataclass(frozen=True)
class Slots:
    """A template cut at its slots: `before` is the text that leads to each of `names`, `after` what follows the last."""

    before: tuple[str, ...]
    names: tuple[str, ...]
    after: str

    @classmethod
    def of(cls, template: str) -> "Slots":
        """Raises ValueError where braces do not match, or hold something else than a name."""
        before, names, literal = [], [], ""
        for text, name, kind, conversion in Formatter().parse(template):
            literal += text
            if name is None:
                continue
            if not name or kind or conversion:
                raise ValueError("a slot is a name in braces, such as {subject}")
            before.append(literal)
            names.append(name)
            literal = ""
        return cls(tuple(before), tuple(names), literal)
