"""Opening a model's weights: plain transformers with eager attention, or TransformerLens's bridge over it.

Booting the bridge rewires the model in place, so the two are never the same object: whoever needs both opens
both. Raw Hugging Face weights, nothing folded or centred.
"""

import logging
import warnings
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as hf_logging

from reportgen.errors import StudyError


def pick_device(wanted: str) -> str:
    """The device that `auto` means here, or the one asked for; raises StudyError where it is not there."""
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        return next(name for name in ("cuda", "mps", "cpu") if there[name])
    if not there[wanted]:
        raise StudyError(f"model.device: `{wanted}` is not available here. Use `auto` or `cpu`.")
    return wanted


def open_eager(folder: Path, device: str) -> Any:
    """The model as plain transformers runs it, float32, eager attention, ready to infer."""
    quieten()
    try:
        model = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=torch.float32,
            attn_implementation="eager",
            local_files_only=True,
            use_safetensors=True,
        )
    except Exception as error:  # whatever the weights or the configuration made the library stumble over
        raise StudyError(f"{folder}: transformers cannot open this model ({error})") from error
    return model.to(device).eval()


def open_bridge(folder: Path, device: str) -> Any:
    """The model behind TransformerLens's bridge (`TransformerBridge`), float32, ready to infer."""
    from transformer_lens.model_bridge import TransformerBridge  # noqa: PLC0415

    model = open_eager(folder, device)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return TransformerBridge.boot_transformers(
                str(folder), hf_model=model, tokenizer=tokenizer, dtype=torch.float32, device=device
            )
    except Exception as error:  # an architecture that the bridge has no adapter for
        raise StudyError(f"{folder}: TransformerLens cannot open this model ({error})") from error


def quieten() -> None:
    """Keep transformers' own bars and remarks off the terminal."""
    hf_logging.set_verbosity(logging.ERROR)
    hf_logging.disable_progress_bar()
