"""GGUF files, converted once into a folder in Hugging Face's layout and kept in the cache.

A GGUF file is slow to open (a 135M model takes 20 s, its safetensors 0.1 s). Its tokenizer and its weights
are converted apart, since checking a study needs the first alone. Each folder is made beside its place and
renamed into it, so that a conversion that was cut short is never taken for a whole one.
"""

import io
import os
from collections.abc import Callable
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

from reportgen.errors import StudyError
from reportgen.models.gguf import read_gguf
from reportgen.models.memory import main_memory, needed, require_memory
from reportgen.models.source import ModelSource, fetch_hub_weights
from reportgen.progress import Progress
from reportgen.store import folder_beside

_WHOLE = "model"


def tokenizer_folder(source: ModelSource, cache: Path, progress: Progress) -> Path:
    """The folder with the model's tokenizer.json and config.json; weights need not be there."""
    if source.folder is not None:
        return source.folder
    return _converted(source, cache / "models" / _short(source) / "tokenizer", _save_tokenizer, progress)


def weights_folder(source: ModelSource, cache: Path, progress: Progress) -> Path:
    """The folder with the model's safetensors and all else that transformers needs to open it."""
    if source.hub is not None:
        progress.say(f"fetching the weights of {source.name}, unless they are in the local cache")
        return fetch_hub_weights(source)
    if source.gguf is None:
        return tokenizer_folder(source, cache, progress)
    return _converted(source, cache / "models" / _short(source) / _WHOLE, _save_model, progress)


def _short(source: ModelSource) -> str:
    return source.identity.removeprefix("sha256:")[:16]


def _converted(source: ModelSource, target: Path, save: Callable[[Path, Path], None], progress: Progress) -> Path:
    if target.is_dir():
        return target
    assert source.gguf is not None, "only GGUF files are converted"
    _require_fit(source.gguf, whole=target.name == _WHOLE)
    progress.say(f"converting the {target.name} of {source.gguf.name} (once; kept in the cache)")
    try:
        # Transformers draws a bar of its own, which no setting of its turns off and no log can read.
        with folder_beside(target, f".{target.name}-") as making, redirect_stderr(io.StringIO()):
            save(source.gguf, making)
            if not target.is_dir():  # another process may have been first; its result is as good
                os.replace(making, target)  # noqa: PTH105
    except OSError as error:
        raise StudyError(f"{target}: the converted model cannot be written ({error.strerror or error})") from error
    except Exception as error:  # the GGUF readers raise whatever they stumble over
        raise StudyError(f"{source.gguf}: not a GGUF model that transformers can read ({error})") from error
    return target


def _require_fit(gguf: Path, *, whole: bool) -> None:
    """Raise StudyError where a file is damaged or, if its weights are converted, too large for this machine in float32."""
    header = read_gguf(gguf)
    if whole:
        require_memory(needed(header.parameters, header.says, "float32"), main_memory(), "float32")


def _save_tokenizer(gguf: Path, target: Path) -> None:
    from transformers import AutoConfig, AutoTokenizer  # noqa: PLC0415

    AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(target)
    config = AutoConfig.from_pretrained(gguf.parent, gguf_file=gguf.name)
    _drop_quantization(config)
    config.save_pretrained(target)


def _save_model(gguf: Path, target: Path) -> None:
    import torch  # noqa: PLC0415
    from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415

    from reportgen.models.load import quieten  # noqa: PLC0415

    quieten()
    model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    _drop_quantization(model.config)
    model.hf_quantizer = None  # the weights are plain float32 now, and are to be saved as such
    model.save_pretrained(target)
    AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(target)


def _drop_quantization(config: Any) -> None:
    if hasattr(config, "quantization_config"):
        del config.quantization_config
