"""GGUF files that were cut short or made to do harm: no length that they claim is believed, and no library sees them."""

import struct
import tracemalloc
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFWriter

from reportgen.errors import StudyError
from reportgen.models.convert import tokenizer_folder
from reportgen.models.gguf import read_gguf
from reportgen.models.memory import estimate_memory
from reportgen.models.source import find_model
from reportgen.progress import Silent
from reportgen.spec.model_section import ModelSection

BOUND = 100_000_000


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    writer = GGUFWriter(tmp_path / "tiny.gguf", "llama")
    writer.add_block_count(1)
    writer.add_embedding_length(8)
    writer.add_feed_forward_length(16)
    writer.add_head_count(2)
    writer.add_token_list(["a", "b", "c", "d"])
    writer.add_token_scores([0.5, 1.5, 2.5, 3.5])
    for name in ("token_embd.weight", "blk.0.attn_q.weight"):
        writer.add_tensor(name, np.ones((4, 8), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return tmp_path / "tiny.gguf"


def test_a_gguf_file_is_read_whole_or_not_at_all(gguf: Path, tmp_path: Path) -> None:
    header, whole = read_gguf(gguf), gguf.read_bytes()
    assert (header.tensors, header.parameters) == (2, 64)
    assert header.says == {
        "num_hidden_layers": 1,
        "hidden_size": 8,
        "intermediate_size": 16,
        "num_attention_heads": 2,
        "vocab_size": 4,
    }
    for length in range(len(whole)):
        gguf.write_bytes(whole[:length])
        with pytest.raises(StudyError, match=r"tiny\.gguf: no whole GGUF file \(.*\)\. Download it again\."):
            read_gguf(gguf)
    with pytest.raises(StudyError, match="cut short"):
        tokenizer_folder(find_model(ModelSection(gguf=str(gguf)), tmp_path, tmp_path), tmp_path, Silent())


def test_no_byte_of_a_gguf_header_makes_its_reading_run_away(gguf: Path) -> None:
    """Every byte set to its largest value, one at a time: read as something else, or refused, and never without end."""
    whole = bytearray(gguf.read_bytes())
    tracemalloc.start()
    try:
        for place in range(len(whole) - 256):
            changed = whole.copy()
            changed[place] = 0xFF
            gguf.write_bytes(changed)
            with suppress(StudyError):
                read_gguf(gguf)
        assert tracemalloc.get_traced_memory()[1] < BOUND
    finally:
        tracemalloc.stop()


_HUGE = 2**62
_TEXT = struct.pack("<Q", 1) + b"k"


@pytest.mark.parametrize(
    "body",
    [
        struct.pack("<QQ", _HUGE, 0),
        struct.pack("<QQ", 0, _HUGE),
        struct.pack("<QQQ", 0, 1, _HUGE),
        struct.pack("<QQ", 0, 1) + _TEXT + struct.pack("<IIQ", 9, 4, _HUGE),
        struct.pack("<QQ", 0, 1) + _TEXT + struct.pack("<IIQ", 9, 8, _HUGE),
        struct.pack("<QQ", 0, 1) + _TEXT + struct.pack("<IIQ", 9, 9, 1),
        struct.pack("<QQ", 0, 1) + _TEXT + struct.pack("<I", 99),
        struct.pack("<QQ", 1, 0) + _TEXT + struct.pack("<I", 2**31),
        struct.pack("<QQ", 1, 0) + _TEXT + struct.pack("<IQQIQ", 2, _HUGE, _HUGE, 0, 0),
        struct.pack("<QQ", 1, 0) + _TEXT + struct.pack("<IQIQ", 1, 1, 12345, 0),
    ],
)
def test_no_length_in_a_gguf_file_is_believed(tmp_path: Path, body: bytes) -> None:
    file = tmp_path / "made.gguf"
    file.write_bytes(b"GGUF" + struct.pack("<I", 3) + body + b"\0" * 64)
    tracemalloc.start()
    try:
        with pytest.raises(StudyError, match="no whole GGUF file"):
            read_gguf(file)
        assert tracemalloc.get_traced_memory()[1] < BOUND
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 64, b"GGML" + b"\0" * 64, b"GGUF" + struct.pack("<I", 1) + b"\0" * 64]
)
def test_another_file_is_no_gguf(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "made.gguf"
    file.write_bytes(content)
    with pytest.raises(StudyError, match="no whole GGUF file"):
        estimate_memory(file, "float32")


def test_gguf_layers_without_tensors_are_refused(tmp_path: Path) -> None:
    writer = GGUFWriter(tmp_path / "made.gguf", "llama")
    writer.add_block_count(1_000_000)
    writer.add_tensor("token_embd.weight", np.ones((4, 8), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(StudyError, match=r"speaks of 1,000,000 layers and holds 1 tensors"):
        read_gguf(tmp_path / "made.gguf")
