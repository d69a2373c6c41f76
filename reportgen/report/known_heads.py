"""Heads that the literature has named, for the models that it has studied: only those whose paper gives layer and head."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class KnownHead:
    """What a head was found to do, and the key of the work that found it."""

    label: str
    source: str


_IOI = "wang2023"
_ROLES: Mapping[str, tuple[str, ...]] = {
    "name mover": ("L9H6", "L9H9", "L10H0"),
    "negative name mover": ("L10H7", "L11H10"),
    "backup name mover": ("L9H0", "L9H7", "L10H1", "L10H2", "L10H6", "L10H10", "L11H2", "L11H9"),
    "S-inhibition": ("L7H3", "L7H9", "L8H6", "L8H10"),
    "induction": ("L5H5", "L5H8", "L5H9", "L6H9"),
    "duplicate token": ("L0H1", "L0H10", "L3H0"),
    "previous token": ("L2H2", "L4H11"),
}
_GPT2_SMALL = ("gpt2", "openai-community/gpt2")


def known_heads(model: str) -> Mapping[str, KnownHead]:
    """The heads of a model of the hub by their names; nothing for one that is not listed here.

    GPT-2 small: the circuit of indirect object identification (Wang et al. 2023, figure 2).
    """
    if model not in _GPT2_SMALL:
        return {}
    return {head: KnownHead(label, _IOI) for label, heads in _ROLES.items() for head in heads}
