"""Files of a model that were cut short, lost, mixed up or made to do harm: each is named with a remedy, and nothing is loaded."""

import json
import os
import shutil
import struct
import tracemalloc
from pathlib import Path

import pytest
import torch

from reportgen.errors import StudyError
from reportgen.models import load
from reportgen.models.configuration import LARGEST
from reportgen.models.source import ModelSource, find_model
from reportgen.models.tokenizer import Tokenizer
from reportgen.models.weights import stored
from reportgen.spec.model_section import ModelSection
from tests.small import save_model

INDEX = "model.safetensors.index.json"
BOUND = 100_000_000


@pytest.fixture
def copy(tiny: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny, tmp_path / "copy")


def find(folder: Path, cache: Path, **says: object) -> ModelSource:
    return find_model(ModelSection(folder=str(folder), **says), folder.parent, cache)  # type: ignore[arg-type]


def refused(folder: Path, cache: Path, **says: object) -> str:
    with pytest.raises(StudyError) as caught:
        find(folder, cache, **says)
    return str(caught.value)


def sharded(folder: Path, listed: dict[str, str]) -> None:
    """The model's one file becomes a shard, and an index lists what it is told to."""
    (folder / "model.safetensors").rename(folder / "model-00001-of-00001.safetensors")
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": listed}))


def header_of(file: Path) -> tuple[dict[str, dict[str, object]], bytes]:
    raw = file.read_bytes()
    length = struct.unpack("<Q", raw[:8])[0]
    return json.loads(raw[8 : 8 + length]), raw[8 + length :]


def with_header(file: Path, header: object, body: bytes) -> None:
    said = json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", len(said)) + said + body)


def test_safetensors_that_are_cut_short_anywhere_are_named(copy: Path, tmp_path: Path) -> None:
    file = copy / "model.safetensors"
    whole = file.read_bytes()
    begin = 8 + struct.unpack("<Q", whole[:8])[0]
    for length in (0, 1, 7, 8, 9, begin - 1, begin, begin + 1, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:length])
        said = refused(copy, tmp_path / "cache")
        assert said.startswith(f"{file}: ")
        assert "cut short" in said or "empty" in said
        assert "Copy or download it again." in said
    file.write_bytes(whole + b"\0")
    assert "longer than it should be" in refused(copy, tmp_path / "cache")
    file.write_bytes(whole)
    assert find(copy, tmp_path / "cache").folder == copy


@pytest.mark.parametrize(
    "content", [b"\0" * 4096, b"\xff" * 4096, b"PK\3\4" * 100, b"<!DOCTYPE html>" * 20, b"version https://git-lfs" * 4]
)
def test_a_file_of_another_kind_is_no_safetensors(copy: Path, tmp_path: Path, content: bytes) -> None:
    (copy / "model.safetensors").write_bytes(content)
    assert "no safetensors file" in refused(copy, tmp_path / "cache")


@pytest.mark.parametrize(
    "change",
    [
        {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 64]},
        {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [4], "data_offsets": [0, 2**63]},
        {"dtype": "F32", "shape": [1], "data_offsets": [8, 4]},
        {"dtype": "F32", "shape": [True], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": "long", "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1], "data_offsets": [0]},
        {"dtype": ["F32"], "shape": [1], "data_offsets": [0, 4]},
        {"shape": [1]},
        "nothing",
        7,
    ],
)
def test_a_header_that_makes_no_sense_is_refused(copy: Path, tmp_path: Path, change: object) -> None:
    file = copy / "model.safetensors"
    header, body = header_of(file)
    with_header(file, header | {"lm_head.weight": change}, body)
    assert f"{file}: its header is damaged" in refused(copy, tmp_path / "cache")


@pytest.mark.parametrize(
    "header", [b"[" * 3000, b'{"a":' * 3000, b"[]", b"null", b"{ ", b"\xff\xfe{}", b'{"__metadata__": 1']
)
def test_a_header_that_is_no_object_is_refused(copy: Path, tmp_path: Path, header: bytes) -> None:
    (copy / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    assert "its header is damaged" in refused(copy, tmp_path / "cache")


@pytest.mark.parametrize(
    "name",
    [
        "../model.safetensors",
        "/etc/passwd",
        "..",
        "",
        "a/b.safetensors",
        "..\\x.safetensors",
        "C:\\x.safetensors",
        "C:x",
    ],
)
def test_a_shard_elsewhere_is_never_opened(copy: Path, tmp_path: Path, name: str) -> None:
    shutil.copy(copy / "model.safetensors", copy.parent / "model.safetensors")
    sharded(copy, {"a": "model-00001-of-00001.safetensors", "b": name})
    said = refused(copy, tmp_path / "cache")
    assert said.startswith(f"{copy / INDEX}: it lists ")
    assert "no file beside it" in said


def test_a_shard_that_is_missing_is_named(copy: Path, tmp_path: Path) -> None:
    sharded(copy, {"a": "model-00001-of-00001.safetensors", "b": "model-00002-of-00002.safetensors"})
    said = refused(copy, tmp_path / "cache")
    assert f"{copy / 'model-00002-of-00002.safetensors'}: the index beside it lists this file" in said


def test_a_shard_that_is_cut_short_is_named(copy: Path, tmp_path: Path) -> None:
    sharded(copy, {"a": "model-00001-of-00001.safetensors"})
    shard = copy / "model-00001-of-00001.safetensors"
    shard.write_bytes(shard.read_bytes()[:-5])
    assert f"{shard}: cut short" in refused(copy, tmp_path / "cache")


@pytest.mark.parametrize(
    "index", ["", "[]", "{}", '{"weight_map": []}', '{"weight_map": {}}', '{"weight_map": {"a": 1}}', "{" * 9999, "\0"]
)
def test_an_index_that_lists_nothing_is_refused(copy: Path, tmp_path: Path, index: str) -> None:
    sharded(copy, {})
    (copy / INDEX).write_text(index)
    assert refused(copy, tmp_path / "cache").startswith(f"{copy / INDEX}: ")


def test_an_index_that_leaves_out_weights_does_not_get_random_ones(copy: Path, tmp_path: Path) -> None:
    """The weights of a layer are in a shard that the index does not list."""
    header, _ = header_of(copy / "model.safetensors")
    from safetensors.torch import load_file, save_file

    weights = load_file(copy / "model.safetensors")
    (copy / "model.safetensors").unlink()
    kept = {name: weight for name, weight in weights.items() if "layers.1." not in name}
    save_file(kept, copy / "model-00001-of-00001.safetensors", metadata={"format": "pt"})
    (copy / INDEX).write_text(
        json.dumps({"metadata": {}, "weight_map": dict.fromkeys(kept, "model-00001-of-00001.safetensors")})
    )
    assert len(kept) < len(header)
    source = find(copy, tmp_path / "cache")
    assert source.folder is not None
    with pytest.raises(StudyError, match=r"its files lack 9 of the model's weights, such as `model\.layers\.1\."):
        load.open_eager(source.folder, "cpu")


def test_links_are_followed_to_files_and_to_nothing_else(copy: Path, tmp_path: Path) -> None:
    file = copy / "model.safetensors"
    file.rename(tmp_path / "blob")
    file.symlink_to(tmp_path / "blob")  # as the hub's cache has it
    assert find(copy, tmp_path / "cache").folder == copy
    (tmp_path / "blob").unlink()
    assert f"{file}: this link leads to no file" in refused(copy, tmp_path / "cache")
    file.unlink()
    file.symlink_to(file)
    assert f"{file}: this link leads to no file" in refused(copy, tmp_path / "cache")
    file.unlink()
    file.symlink_to(tmp_path)
    assert f"{file}: this link leads to no file" in refused(copy, tmp_path / "cache")
    file.unlink()
    file.symlink_to("/dev/zero")  # it would never end
    assert f"{file}: this link leads to no file" in refused(copy, tmp_path / "cache")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_pipe_is_not_waited_for(copy: Path, tmp_path: Path, name: str) -> None:
    (copy / name).unlink()
    os.mkfifo(copy / name)
    assert "lacks" in refused(copy, tmp_path / "cache")


@pytest.mark.parametrize("config", ["", "[1]", "{", "nothing", "[" * 9999, '{"a":' * 9999, "\0\0\0"])
def test_a_configuration_that_says_nothing_is_refused(copy: Path, tmp_path: Path, config: str) -> None:
    (copy / "config.json").write_text(config)
    assert refused(copy, tmp_path / "cache").startswith(f"{copy / 'config.json'}: no JSON of a model")


def test_a_configuration_without_end_is_not_read(copy: Path, tmp_path: Path) -> None:
    with (copy / "config.json").open("wb") as file:
        file.truncate(LARGEST + 1)
    tracemalloc.start()
    try:
        assert "too long for what it should be" in refused(copy, tmp_path / "cache")
        assert tracemalloc.get_traced_memory()[1] < BOUND
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["../other.safetensors", "/etc/passwd", "", 7, ["a"]])
def test_weights_that_a_configuration_names_elsewhere_are_refused(copy: Path, tmp_path: Path, name: object) -> None:
    said = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(said | {"transformers_weights": name}))
    assert "`transformers_weights` names no file of this folder" in refused(copy, tmp_path / "cache")


@pytest.mark.parametrize("layers", [10**3, 10**12])
def test_a_configuration_of_more_layers_than_there_are_weights_is_refused(copy: Path, layers: int) -> None:
    """Built, such a model would fill any memory before a weight is missed."""
    said = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(said | {"num_hidden_layers": layers}))
    with pytest.raises(StudyError, match=rf"speaks of {layers:,} layers.*do not belong together"):
        load.open_eager(copy, "cpu")


def test_a_configuration_of_a_wider_model_is_refused_before_it_is_made(copy: Path) -> None:
    said = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(said | {"hidden_size": 10**8, "intermediate_size": 10**8}))
    with pytest.raises(StudyError, match="this machine has"):
        load.open_eager(copy, "cpu")


def test_pickles_are_read_only_where_the_spec_says_so(copy: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    torch.save(load_file(copy / "model.safetensors"), copy / "pytorch_model.bin")
    assert "leave `model.weights: pytorch` out" not in str(find(copy, tmp_path / "cache"))
    (copy / "model.safetensors").unlink()
    said = refused(copy, tmp_path / "cache")
    assert "holds its weights as pickles alone (pytorch_model.bin)" in said
    assert "`model.weights: pytorch`" in said
    assert find(copy, tmp_path / "cache", weights="pytorch").weights == "pytorch"


class _Harm:
    """A pickle of it runs a command when it is opened."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.mark}",)


def test_a_pickle_with_code_in_it_is_refused_and_not_run(copy: Path, tmp_path: Path) -> None:
    (copy / "model.safetensors").unlink()
    mark = tmp_path / "harm"
    torch.save({"model.embed_tokens.weight": _Harm(mark)}, copy / "pytorch_model.bin")
    source = find(copy, tmp_path / "cache", weights="pytorch")
    assert source.folder is not None
    with pytest.raises(StudyError, match="transformers cannot open this model"):
        load.open_eager(source.folder, "cpu", terms=load.Terms("pytorch"))
    assert not mark.exists()


def test_pickles_that_are_cut_short_are_named(copy: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    file = copy / "pytorch_model.bin"
    torch.save(load_file(copy / "model.safetensors"), file)
    (copy / "model.safetensors").unlink()
    whole = file.read_bytes()
    for length in (0, 1, 2, 100, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:length])
        said = refused(copy, tmp_path / "cache", weights="pytorch")
        assert said.startswith(f"{file}: ")
        assert "again" in said
    file.write_bytes(b"\0" * 999)
    assert "no file of PyTorch weights" in refused(copy, tmp_path / "cache", weights="pytorch")


def test_a_folder_with_an_adapter_alone_says_what_to_do(copy: Path, tmp_path: Path) -> None:
    (copy / "model.safetensors").rename(copy / "adapter_model.safetensors")
    (copy / "adapter_config.json").write_text('{"base_model_name_or_path": "somebody/else"}')
    assert "merge_and_unload" in refused(copy, tmp_path / "cache")


def test_a_folder_without_weights_says_which_file_it_lacks(copy: Path, tmp_path: Path) -> None:
    (copy / "model.safetensors").unlink()
    assert "lacks model.safetensors (or model.safetensors.index.json)" in refused(copy, tmp_path / "cache")


def test_the_identity_is_that_of_the_files_that_are_used(tiny: Path, copy: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    before = find(tiny, cache).identity
    assert find(copy, cache).identity == before
    (copy / "unused.safetensors").write_bytes(b"not read")
    (copy / "unused.py").write_text("raise SystemExit")
    assert find(copy, cache).identity == before
    (copy / "pytorch_model.bin").write_bytes(b"PK")
    assert find(copy, cache).identity == before
    assert find(copy, cache, trust_remote_code=True).identity != before
    header, body = header_of(copy / "model.safetensors")
    with_header(copy / "model.safetensors", header, body[:-1] + bytes([body[-1] ^ 1]))
    assert find(copy, cache).identity != before


def test_headers_count_what_the_model_has(copy: Path) -> None:
    held = stored(copy)
    assert held is not None
    assert held.parameters == load.count_parameters(copy)


def test_the_same_weights_in_shards_are_the_same_model(tiny: Path, tmp_path: Path, smollm_tokenizer: Tokenizer) -> None:
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny)
    whole = save_model(tmp_path / "whole", smollm_tokenizer)
    model.save_pretrained(tmp_path / "parts", max_shard_size="100KB")
    shutil.copy(whole / "tokenizer.json", tmp_path / "parts")
    source = find(tmp_path / "parts", tmp_path / "cache")
    assert source.folder is not None
    assert len(list(source.folder.glob("model-*.safetensors"))) > 1
    opened = load.open_eager(source.folder, "cpu").state_dict()
    assert all(torch.equal(weight, opened[name]) for name, weight in model.state_dict().items())
