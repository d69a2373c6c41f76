"""The files that a model's weights are in, found and looked at before a library opens any of them.

1. Transformers' own order: one file, else what an index lists. Nothing else in the folder is read, and nothing else is
   part of the model's identity.
2. A shard lies beside its index: a name that leads elsewhere is refused.
3. A safetensors file says in its header how long it is, and a `.bin` file is a zip archive with its directory at the end: one
   that was cut short is named, before gigabytes are read for nothing.

Sources: https://github.com/huggingface/safetensors (the format), `transformers.modeling_utils` (the order).
"""

import math
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from reportgen.errors import StudyError, shown
from reportgen.models.configuration import CONFIGURATION, LARGEST, parsed, read_configuration, read_object, refetch
from reportgen.spec.model_section import WeightsFormat

_SINGLE: dict[WeightsFormat, str] = {"safetensors": "model.safetensors", "pytorch": "pytorch_model.bin"}
_BITS = {
    **dict.fromkeys(("F64", "I64", "U64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
    **dict.fromkeys(("F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "I8", "U8", "BOOL"), 8),
}
_LENGTH = 8


@dataclass(frozen=True)
class Stored:
    """What files hold, by their headers: how many tensors, how many numbers in them."""

    tensors: int
    parameters: int


def has_weights(folder: Path, kind: WeightsFormat) -> bool:
    """Whether a folder holds weights in this format."""
    return any((folder / name).is_file() for name in places(folder, kind))


def weight_files(folder: Path, kind: WeightsFormat) -> tuple[Path, ...]:
    """The files of a folder that transformers opens for the weights, all there and none cut short.

    Raises StudyError that names the file which is not as it should be, and what to do.
    """
    files = tuple(folder / name for name in listed_files(folder, kind))
    for file in files:
        if not file.is_file():
            raise StudyError(f"{file}: the index beside it lists this file, and there is none. {refetch(file)}")
        _require_whole(file, kind)
    return files


def listed_files(folder: Path, kind: WeightsFormat) -> tuple[str, ...]:
    """The names of those files, whether they are there or not. Raises StudyError where nothing names any, or as no files
    of this folder."""
    place = next((folder / name for name in places(folder, kind) if (folder / name).is_file()), None)
    if place is None:
        raise StudyError(_lacking(folder, kind))
    return tuple(_shards(place)) if place.name.endswith(".json") else (place.name,)


def stored(folder: Path) -> Stored | None:
    """What the safetensors of a folder hold; None where there are none (yet). Raises what `weight_files` raises."""
    if not has_weights(folder, "safetensors"):
        return None
    held = [stored_in(file) for file in weight_files(folder, "safetensors")]
    return Stored(sum(one.tensors for one in held), sum(one.parameters for one in held))


def stored_in(file: Path) -> Stored:
    """What the header of a safetensors file says; raises StudyError where the file is not what the header says."""
    size = file.stat().st_size
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(_LENGTH), "little")
        if size < _LENGTH or not 2 <= length <= min(LARGEST, size - _LENGTH):
            what = "it is empty" if size == 0 else "cut short, or another kind of file"
            raise StudyError(f"{file}: no safetensors file ({what}; {size:,} bytes). {refetch(file)}")
        header = opened.read(length)
    try:
        tensors = list(_tensors(parsed(header)))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StudyError(f"{file}: its header is damaged ({error}). {refetch(file)}") from error
    promised = _LENGTH + length + max((end for _, end in tensors), default=0)
    if promised != size:
        fault = "cut short" if size < promised else "longer than it should be"
        raise StudyError(f"{file}: {fault}: its header promises {promised:,} bytes, it has {size:,}. {refetch(file)}")
    return Stored(len(tensors), sum(count for count, _ in tensors))


def require_layers(folder: Path, tensors: int) -> None:
    """Raise StudyError where a configuration has more layers than there are tensors: it is not that of these weights, and a
    model with so many layers might fill any memory before that shows."""
    said = read_configuration(folder)
    of_text = said.get("text_config", said)
    names = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
    layers = next((of_text[name] for name in names if isinstance(of_text.get(name), int)), 0)
    if layers > tensors:
        raise StudyError(
            f"{folder / CONFIGURATION}: it speaks of {layers:,} layers, and the weights beside it are {tensors:,} tensors: "
            "the two do not belong together. Copy or download the folder again."
        )


def places(folder: Path | None, kind: WeightsFormat) -> tuple[str, ...]:
    """Where transformers looks, in its order; what `transformers_weights` in the folder's configuration names is all of it."""
    usual = (_SINGLE[kind], f"{_SINGLE[kind]}.index.json")
    if folder is None or kind != "safetensors" or not (folder / CONFIGURATION).is_file():
        return usual
    named = read_configuration(folder).get("transformers_weights")
    if named is None:
        return usual
    if not isinstance(named, str) or not _is_beside(named):
        raise StudyError(
            f"{folder / CONFIGURATION}: `transformers_weights` names no file of this folder: {shown(str(named))}"
        )
    return (named,)


def _shards(index: Path) -> Iterator[str]:
    """The files that an index lists, each once."""
    listed = read_object(index).get("weight_map")
    if not isinstance(listed, dict) or not listed or not all(isinstance(name, str) for name in listed.values()):
        raise StudyError(f"{index}: it lists no files of weights (`weight_map`). {refetch(index)}")
    for name in sorted(set(listed.values())):
        if not _is_beside(name):
            raise StudyError(f"{index}: it lists {shown(name)}, which is no file beside it. Do not use this model.")
        yield name


def _is_beside(name: str) -> bool:
    """Whether a name is a file's own, without a way to it, on any system."""
    return name not in ("", ".", "..") and name == PurePosixPath(name).name == PureWindowsPath(name).name


def _require_whole(file: Path, kind: WeightsFormat) -> None:
    try:
        if kind == "safetensors":
            stored_in(file)
        else:
            _require_archive(file)
    except OSError as error:
        raise StudyError(f"{file}: cannot be read ({error.strerror or error}).") from error


def _require_archive(file: Path) -> None:
    """Raise StudyError where a `.bin` file is no whole archive. Those of before 2020 are none, and PyTorch will tell."""
    with file.open("rb") as opened:
        begins = opened.read(2)
    if begins != b"PK":
        if begins != b"\x80\x02":
            raise StudyError(f"{file}: no file of PyTorch weights ({file.stat().st_size:,} bytes). {refetch(file)}")
        return
    try:
        with zipfile.ZipFile(file):
            pass
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise StudyError(f"{file}: cut short or damaged ({error}). {refetch(file)}") from error


def _tensors(header: dict[str, Any]) -> Iterator[tuple[int, int]]:
    """How many numbers each tensor of a header has, and where its bytes end."""
    for name, said in header.items():
        if name == "__metadata__":
            continue
        shape, (start, end) = said["shape"], said["data_offsets"]
        if not all(type(each) is int and each >= 0 for each in (*shape, start, end)):
            raise ValueError(f"{shown(name)} has no shape")
        count = math.prod(shape)
        bits = _BITS.get(said["dtype"])
        if start > end or (bits is not None and count * bits != (end - start) * 8):
            raise ValueError(f"{shown(name)} has not as many bytes as its shape needs")
        yield count, end


def _lacking(folder: Path, kind: WeightsFormat) -> str:
    """Why a folder's weights cannot be read, and what to do about it."""
    if (folder / "adapter_config.json").is_file():
        return (
            f"{folder} holds an adapter, not a model. Merge it into the model that it belongs to (`merge_and_unload` of peft) "
            "and save that with `save_pretrained`."
        )
    if kind == "safetensors" and has_weights(folder, "pytorch"):
        return (
            f"{folder} holds its weights as pickles alone ({_SINGLE['pytorch']}), which only `model.weights: pytorch` reads. "
            "Or save them anew: transformers' `save_pretrained` writes safetensors."
        )
    if kind == "pytorch" and has_weights(folder, "safetensors"):
        return f"{folder} holds safetensors and no {_SINGLE['pytorch']}: leave `model.weights: pytorch` out."
    single, index = places(None, kind)
    broken = [name for name in (single, index) if (folder / name).is_symlink()]
    if broken:
        return f"{folder / broken[0]}: this link leads to no file. {refetch(folder / broken[0])}"
    return f"{folder} lacks {single} (or {index}). Save it with `save_pretrained`, tokenizer included."
