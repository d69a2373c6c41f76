"""How the model was found, opened and run, in a reader's words: whose code, which files, which device and arithmetic."""

from collections.abc import Iterator, Sequence

from reportgen.capture.record import CaptureRun
from reportgen.models.choice import chosen
from reportgen.models.source import ModelSource
from reportgen.notices import Notice
from reportgen.report.markup import Md, md
from reportgen.spec.model_section import ModelSection


def model_notices(source: ModelSource) -> Iterator[Notice]:
    """What a reader must know of how the model was found and opened, where that was not as usual."""
    if source.note:
        yield Notice("note", source.note)
    if source.code:
        yield Notice("note", f"{_code_run(source)} Its Python files are part of the model's identity.")
    if source.weights == "pytorch":
        yield Notice("note", _PICKLES)


def own_ways(source: ModelSource) -> tuple[Md, ...]:
    """The same for the paragraph on methods."""
    told = [*([_code_run(source)] if source.code else []), *([_PICKLES] if source.weights == "pytorch" else [])]
    return tuple(md("{sentence}", sentence=sentence) for sentence in told)


def model_entries(section: ModelSection, source: ModelSource, runs: Sequence[CaptureRun]) -> list[tuple[str, str]]:
    """The rows of the provenance about code, weights, device and arithmetic."""
    places = dict.fromkeys(chosen(section, run.device) for run in runs)
    code = f"the model's own, {', '.join(source.code)} (`trust_remote_code`)" if source.code else "transformers' own"
    stored = "pickles (`weights: pytorch`), tensors alone" if source.weights == "pytorch" else "safetensors"
    if source.gguf is not None:
        stored = f"GGUF, dequantized to float32 ({source.gguf.name})"
    return [("Code of the model", code), ("Weights", stored), ("Ran", "; ".join(places))]


_PICKLES = (
    "The weights were read from pickles (`model.weights: pytorch`), of which PyTorch was told to take tensors alone; a pickle "
    "can hold code."
)


def _code_run(source: ModelSource) -> str:
    return (
        f"The model runs Python code of its own, which came with it ({', '.join(source.code)}), in place of transformers' own, "
        "as the spec allows (`model.trust_remote_code`)."
    )
