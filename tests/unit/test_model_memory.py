"""How much memory a model takes is told without its weights, and refused where there is not so much."""

import json
import struct
import sys
from pathlib import Path

import pytest

from reportgen.errors import StudyError
from reportgen.models import memory
from reportgen.models.memory import Need, estimate_memory, needed, require_memory, working_memory

SAID = {"hidden_size": 8, "intermediate_size": 16, "num_attention_heads": 2, "vocab_size": 100}
GB = 10**9


def folder(at: Path, said: dict[str, object], parameters: int = 1000) -> Path:
    """A model's folder as far as anything is told of it without loading: header and size of its weights."""
    (at / "config.json").write_text(json.dumps(said))
    header = json.dumps({"w": {"dtype": "BF16", "shape": [parameters], "data_offsets": [0, 2 * parameters]}}).encode()
    with (at / "model.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        file.truncate(8 + len(header) + 2 * parameters)
    return at


@pytest.mark.parametrize(("dtype", "size"), [("float32", 4), ("bfloat16", 2), ("float16", 2)])
def test_weights_take_what_the_arithmetic_takes_whatever_they_are_kept_in(
    tmp_path: Path, dtype: str, size: int
) -> None:
    place = folder(tmp_path, SAID)
    expected = 1000 * size + working_memory(SAID, dtype, 512)
    assert estimate_memory(place, dtype) == expected  # type: ignore[arg-type]


def test_weights_of_many_gigabytes_are_counted_without_being_read(tmp_path: Path) -> None:
    """A sparse file of 14 GB."""
    place = folder(tmp_path, SAID, 7 * 10**9)
    assert estimate_memory(place, "float32") == pytest.approx(28 * GB, rel=0.01)


def test_a_pass_takes_more_the_more_tokens_it_has_and_nothing_where_nothing_is_said() -> None:
    one, two = (working_memory(SAID, "float32", tokens) for tokens in (100, 200))
    assert two == 2 * one > 0
    assert working_memory({}, "float32", 512) == 0
    assert working_memory({"text_config": SAID}, "float32", 100) == one
    gpt2 = {"n_embd": 8, "n_inner": 16, "n_head": 2, "vocab_size": 100}
    assert working_memory(gpt2, "float32", 100) == one


def test_what_the_vocabulary_takes_does_not_grow_with_large_passes() -> None:
    said = {"vocab_size": 100_000}
    assert working_memory(said, "float32", 512) == working_memory(said, "float32", 16_384)


def test_where_the_weights_are_not_there_yet_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    assert estimate_memory(tmp_path, "float32") is None


def test_pickles_are_counted_by_their_size(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"torch_dtype": "float16"}))
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x02" + bytes(1998))
    assert estimate_memory(tmp_path, "float32") == 1000 * 4


def test_a_model_without_room_is_refused_with_its_need_and_the_ways_out() -> None:
    require_memory(Need(8 * GB, GB), 10 * GB, "float32")
    with pytest.raises(StudyError) as caught:
        require_memory(needed(2_000_000_000, {}, "float32"), 8 * GB, "float32")
    said = str(caught.value)
    assert "takes 8.0 GB in float32 (weights 8.0 GB, a forward pass 0.0 GB)" in said
    assert "this machine has 8.0 GB of memory" in said
    assert "Choose a smaller model, or a machine with more memory: `reportgen capture` there" in said


def test_a_container_is_held_to_its_own_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit, unlimited = tmp_path / "limit", tmp_path / "max"
    limit.write_text("1000000\n")
    unlimited.write_text("max\n")
    machine = memory.main_memory()
    monkeypatch.setattr(memory, "_CGROUPS", (str(limit), str(unlimited), str(tmp_path / "none")))
    assert memory.main_memory() == 10**6
    monkeypatch.setattr(memory, "_CGROUPS", (str(unlimited), str(tmp_path / "none")))
    assert machine <= memory.main_memory() < sys.maxsize


def test_nothing_heavy_is_imported_for_it(tmp_path: Path) -> None:
    import subprocess

    place = folder(tmp_path, SAID)
    code = (
        "import sys; from pathlib import Path; from reportgen.models.memory import estimate_memory; "
        f"estimate_memory(Path({str(place)!r}), 'float32'); "
        "print([name for name in ('torch', 'transformers', 'safetensors') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "[]"
