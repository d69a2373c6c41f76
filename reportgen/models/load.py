"""Opening a model's weights: plain transformers with eager attention, or TransformerLens's bridge over it.

1. A spec's `model.device` becomes a kind of device that is there, or one CUDA device by its number.
2. The weights are counted without loading them. On CUDA they go to the first device with room for all of them; where none
   has, but several have together, transformers spreads the layers over them (`device_map`). Elsewhere they have to fit into
   main memory, together with a forward pass (`memory`).
3. Raw Hugging Face weights, nothing folded or centred, read from memory-mapped safetensors; from pickles, and by code of the
   model's own, only on such terms. A weight that the files lack is an error: transformers would make one up.

Booting the bridge rewires the model in place, so the two are never the same object: whoever needs both opens both.
"""

import gc
import logging
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as hf_logging

from reportgen.errors import StudyError, shown
from reportgen.models.configuration import read_configuration
from reportgen.models.memory import ROOM, gigabytes, main_memory, needed, require_memory
from reportgen.models.weights import require_layers, stored
from reportgen.spec.model_section import WeightsFormat


class NoAdapterError(StudyError):
    """TransformerLens does not know the architecture; plain transformers may well."""


@dataclass(frozen=True)
class Terms:
    """What a spec allows beyond reading safetensors: another format of `weights`, and the model's own `code`."""

    weights: WeightsFormat = "safetensors"
    code: bool = False


USUAL = Terms()
_UNKNOWN = "Could not determine supported architecture"


def pick_device(wanted: str) -> str:
    """The device that `auto` means here, or the one asked for; raises StudyError where it is not there."""
    return choose_device(wanted, torch.cuda.device_count(), torch.backends.mps.is_available())


def choose_device(wanted: str, cuda: int, mps: bool) -> str:
    """Which device is meant on a machine with so many CUDA devices, and with Apple's or without.

    `cuda` is any of them, `cuda:1` the one of that number. Raises StudyError where the device is not there.
    """
    numbered = [f"cuda:{card}" for card in range(cuda)]
    there = [*(["cuda"] if cuda else []), *(["mps"] if mps else []), "cpu"]
    if wanted == "auto":
        return there[0]
    if wanted not in (*there, *numbered):
        named = ", ".join(f"`{name}`" for name in (*there, *numbered))
        raise StudyError(f"model.device: `{wanted}` is not available here. Use `auto`, or one of {named}.")
    return wanted


def choose_placement(needed: int, free: Mapping[str, int]) -> str:
    """Where weights of `needed` bytes go on devices with so much `free` memory: to the first with room for them, or,
    by transformers' own `auto`, to several together.

    Raises StudyError where they have no room at all.
    """
    roomy = [device for device, room in free.items() if needed <= ROOM * room]
    if roomy:
        return roomy[0]
    if needed <= ROOM * sum(free.values()):
        return "auto"
    listed = ", ".join(f"`{device}` has {gigabytes(room)} free" for device, room in free.items())
    raise StudyError(
        f"the model's weights take {gigabytes(needed)}, and {listed}. Use `model.device: cpu`, `model.dtype: bfloat16` or "
        "`float16`, which take half of what float32 does, or a machine with more memory."
    )


def require_float32(dtype: str, parameters: int, memory: int, beside: int = 0) -> None:
    """Raise StudyError where a model that is to run in a coarser arithmetic does not fit so many bytes of memory in float32,
    together with what takes `beside` bytes there already."""
    weights = parameters * torch.float32.itemsize
    if weights + beside > ROOM * memory:
        raise StudyError(
            f"model.dtype: `{dtype}` has to be measured against float32, in which the model takes {gigabytes(weights)}"
            + (f", beside the {gigabytes(beside)} that it takes itself" if beside else "")
            + f"; this machine has {gigabytes(memory)} of memory. Use a machine with more, or a smaller model."
        )


def count_parameters(folder: Path, terms: Terms = USUAL) -> int:
    """How many weights a model has, counted without loading any.

    Raises StudyError where transformers does not know the architecture, or the configuration is not that of the weights.
    """
    quieten()
    held = stored(folder)
    if held is not None:
        require_layers(folder, held.tensors)
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=terms.code)
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config, trust_remote_code=terms.code)
    except Exception as error:  # whatever the configuration made the library stumble over
        raise StudyError(f"{folder}: transformers cannot open this model ({error})") from error
    return sum(parameter.numel() for parameter in model.parameters())


def open_eager(folder: Path, device: str, dtype: torch.dtype = torch.float32, terms: Terms = USUAL) -> Any:
    """The model as plain transformers runs it, eager attention, ready to infer.

    Raises StudyError where it cannot be opened, lacks weights or has no room on the device.
    """
    quieten()
    place = _place(folder, device, dtype, terms)
    try:
        model, told = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=dtype,
            attn_implementation="eager",
            local_files_only=True,
            use_safetensors=terms.weights == "safetensors",
            weights_only=True,
            trust_remote_code=terms.code,
            device_map="auto" if place == "auto" else None,
            output_loading_info=True,
        )
        model = (model if place == "auto" else model.to(place)).eval()
    except Exception as error:  # whatever the weights or the configuration made the library stumble over
        raise StudyError(f"{folder}: transformers cannot open this model ({error})") from error
    _require_all(folder, told)
    return model


def _require_all(folder: Path, told: Mapping[str, Any]) -> None:
    """Raise StudyError where transformers had to make weights up, which it says and no more."""
    missing = sorted(told["missing_keys"])
    if missing:
        raise StudyError(
            f"{folder}: its files lack {len(missing):,} of the model's weights, such as {shown(missing[0])}; transformers would "
            "fill in random ones. Download or save the model again, whole."
        )


def open_bridge(folder: Path, device: str, dtype: torch.dtype = torch.float32, terms: Terms = USUAL) -> Any:
    """The model behind TransformerLens's bridge (`TransformerBridge`), ready to infer.

    Raises NoAdapterError where TransformerLens does not know the architecture, and StudyError where it cannot be opened.
    """
    from transformer_lens.model_bridge import TransformerBridge  # noqa: PLC0415

    model = open_eager(folder, device, dtype, terms)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=terms.code)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return TransformerBridge.boot_transformers(
                str(folder), hf_model=model, tokenizer=tokenizer, dtype=dtype, device=str(model.device)
            )
    except Exception as error:  # an architecture that the bridge has no adapter for
        reason = str(error).partition(". Available")[0]  # a list of all that it could open would follow
        kind = NoAdapterError if _UNKNOWN in reason else StudyError
        raise kind(f"{folder}: TransformerLens cannot open this model ({reason})") from error


def quieten() -> None:
    """Keep transformers' own bars and remarks off the terminal."""
    hf_logging.set_verbosity(logging.ERROR)
    hf_logging.disable_progress_bar()


def _place(folder: Path, device: str, dtype: torch.dtype, terms: Terms) -> str:
    """Where the weights go: the device itself, but that `cuda` is one of several or all of them."""
    name = str(dtype).removeprefix("torch.")
    need = needed(count_parameters(folder, terms), read_configuration(folder), name)
    if not device.startswith("cuda"):
        require_memory(need, main_memory(), name)
        return device
    cards = [f"cuda:{card}" for card in range(torch.cuda.device_count())] if device == "cuda" else [device]
    gc.collect()
    torch.cuda.empty_cache()  # what an earlier model has left counts as taken until then
    free = {card: torch.cuda.mem_get_info(card)[0] for card in cards}
    return choose_placement(need.weights, free)
