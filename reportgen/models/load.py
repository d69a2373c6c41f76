"""Opening a model's weights: plain transformers with eager attention, or TransformerLens's bridge over it.

1. A spec's `model.device` becomes a kind of device that is there, or one CUDA device by its number.
2. On CUDA the weights, whose size is counted without loading them, go to the first device with room for all of them;
   where none has, but several have together, transformers spreads the layers over them (`device_map`).
3. Raw Hugging Face weights, nothing folded or centred, read from memory-mapped safetensors.

Booting the bridge rewires the model in place, so the two are never the same object: whoever needs both opens both.
"""

import gc
import logging
import os
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as hf_logging

from reportgen.errors import StudyError

ROOM = 0.9
"""The part of a memory that weights may fill; the rest is for what a forward pass needs."""


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
    listed = ", ".join(f"`{device}` has {_gigabytes(room)} free" for device, room in free.items())
    raise StudyError(
        f"the model's weights take {_gigabytes(needed)}, and {listed}. Use `model.device: cpu`, `model.dtype: bfloat16`, "
        "which takes half of what float32 does, or a machine with more memory."
    )


def require_float32(parameters: int, memory: int) -> None:
    """Raise StudyError where a model that is to run in bfloat16 does not fit so many bytes of memory in float32."""
    needed = parameters * torch.float32.itemsize
    if needed > ROOM * memory:
        raise StudyError(
            f"model.dtype: `bfloat16` has to be measured against float32, in which the model takes {_gigabytes(needed)}; this "
            f"machine has {_gigabytes(memory)} of memory. Use a machine with more, or a smaller model."
        )


def count_parameters(folder: Path) -> int:
    """How many weights a model has, counted without loading any.

    Raises StudyError where transformers does not know the architecture.
    """
    quieten()
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config)
    except Exception as error:  # whatever the configuration made the library stumble over
        raise StudyError(f"{folder}: transformers cannot open this model ({error})") from error
    return sum(parameter.numel() for parameter in model.parameters())


def main_memory() -> int:
    """The machine's memory in bytes; where the system does not tell, more than any model takes."""
    if not hasattr(os, "sysconf"):
        return sys.maxsize
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def open_eager(folder: Path, device: str, dtype: torch.dtype = torch.float32) -> Any:
    """The model as plain transformers runs it, eager attention, ready to infer.

    Raises StudyError where it cannot be opened or has no room on the device.
    """
    quieten()
    place = _place(folder, device, dtype)
    try:
        model = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=dtype,
            attn_implementation="eager",
            local_files_only=True,
            use_safetensors=True,
            device_map="auto" if place == "auto" else None,
        )
        return (model if place == "auto" else model.to(place)).eval()
    except Exception as error:  # whatever the weights or the configuration made the library stumble over
        raise StudyError(f"{folder}: transformers cannot open this model ({error})") from error


def open_bridge(folder: Path, device: str, dtype: torch.dtype = torch.float32) -> Any:
    """The model behind TransformerLens's bridge (`TransformerBridge`), ready to infer."""
    from transformer_lens.model_bridge import TransformerBridge  # noqa: PLC0415

    model = open_eager(folder, device, dtype)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return TransformerBridge.boot_transformers(
                str(folder), hf_model=model, tokenizer=tokenizer, dtype=dtype, device=str(model.device)
            )
    except Exception as error:  # an architecture that the bridge has no adapter for
        reason = str(error).partition(". Available")[0]  # a list of all that it could open would follow
        raise StudyError(f"{folder}: TransformerLens cannot open this model ({reason})") from error


def quieten() -> None:
    """Keep transformers' own bars and remarks off the terminal."""
    hf_logging.set_verbosity(logging.ERROR)
    hf_logging.disable_progress_bar()


def _place(folder: Path, device: str, dtype: torch.dtype) -> str:
    """Where the weights go: the device itself, but that `cuda` is one of several or all of them."""
    if not device.startswith("cuda"):
        return device
    cards = [f"cuda:{card}" for card in range(torch.cuda.device_count())] if device == "cuda" else [device]
    gc.collect()
    torch.cuda.empty_cache()  # what an earlier model has left counts as taken until then
    free = {card: torch.cuda.mem_get_info(card)[0] for card in cards}
    return choose_placement(count_parameters(folder) * dtype.itemsize, free)


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
