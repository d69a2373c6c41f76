"""Where and in which arithmetic a model runs, and why: the same words on the terminal and on the page."""

from reportgen.spec.model_section import ModelSection

_FOUND = {
    "cpu": "this machine has no GPU that PyTorch can use",
    "cuda": "this machine has a GPU",
    "mps": "this machine has Apple's GPU",
}
_ASKED = "as the spec says"


def chosen(section: ModelSection, device: str) -> str:
    """The device that was chosen and the arithmetic, each with its reason: "on cpu (auto: …), in float32 (auto: …)"."""
    kind = device.partition(":")[0]
    where = f"auto: {_FOUND.get(kind, 'the fastest that is there')}" if section.device == "auto" else _ASKED
    return f"on {device} ({where}), in {section.arithmetic} ({why_arithmetic(section)})"


def why_arithmetic(section: ModelSection) -> str:
    """Why the model runs in this arithmetic."""
    return "auto: every device runs float32 unless the spec says otherwise" if section.dtype == "auto" else _ASKED
