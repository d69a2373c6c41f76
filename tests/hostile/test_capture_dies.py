"""Runs killed at the worst moments leave nothing that a later run takes for complete, and lose one shard at most."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig

from reportgen.models.tokenizer import Tokenizer

SHARD, STATEMENTS = 8, 40

# Captures in small shards, and dies by SIGKILL when the store's `stage` is reached for the `nth` time.
RUN = f"""
import os, signal, sys
from pathlib import Path
import numpy as np
from reportgen import store
from reportgen.capture import run
from reportgen.capture.opening import ProvenModel
from reportgen.capture.request import ask
from reportgen.facts.fact import Fact, FactSet
from reportgen.models.source import find_model
from reportgen.models.tokenizer import Tokenizer
from reportgen.progress import Silent
from reportgen.spec.model import MeasureSection, ModelSection
from reportgen.statements import render_statements

folder, cache, stage, nth = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
run.SHARD_STATEMENTS = {SHARD}
reached = 0

def dying(step):
    def step_or_die(*arguments, **named):
        global reached
        if "scores" in str(arguments) or stage == "fsync":
            reached += 1
            if reached == nth:
                os.kill(os.getpid(), signal.SIGKILL)
        return step(*arguments, **named)
    return step_or_die

facts = [
    Fact(f"subject {{i}}", "r", f"object {{(i + t) % {STATEMENTS // 2}}}", t == 0, f"p{{i}}", {{}})
    for i in range({STATEMENTS // 2}) for t in (0, 1)
]
section = ModelSection(folder=str(folder))
source = find_model(section, Path("/"), cache)
template = {{"r": "The friend of {{subject}} is {{object}}"}}
rendered = render_statements(FactSet(tuple(facts), template, (), ""), Tokenizer(folder), MeasureSection())
if stage == "fsync":
    os.fsync = dying(os.fsync)
elif stage == "replace":
    Path.replace = dying(Path.replace)
elif stage == "put":
    store.Store.put = dying(store.Store.put)
captured = run.capture(ask(rendered.statements, "sum"), ProvenModel(source, section, cache, Silent()))
np.save(sys.argv[5], captured.values)
print(captured.fresh)
"""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory, smollm_tokenizer: Tokenizer) -> Path:
    torch.manual_seed(1)
    config = LlamaConfig(
        num_hidden_layers=2, num_attention_heads=2, hidden_size=16, intermediate_size=16, vocab_size=49152
    )
    folder = tmp_path_factory.mktemp("model") / "tiny"
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_bytes((smollm_tokenizer.folder / name).read_bytes())
    return folder


def run(tiny: Path, cache: Path, out: Path, stage: str = "never", nth: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", RUN, str(tiny), str(cache), stage, str(nth), str(out)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def whole(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """The scores of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    done = run(tiny, folder / "cache", folder / "values.npy")
    assert done.stdout.strip() == str(STATEMENTS), done.stderr
    return np.load(folder / "values.npy")


@pytest.mark.parametrize(
    ("stage", "nth", "kept"),
    [("put", 3, 2), ("fsync", 5, None), ("replace", 2, 1)],
)
def test_a_killed_run_is_taken_up_where_it_stopped(
    tiny: Path, whole: np.ndarray, tmp_path: Path, stage: str, nth: int, kept: int | None
) -> None:
    cache, out = tmp_path / "cache", tmp_path / "values.npy"
    assert run(tiny, cache, out, stage, nth).returncode == -9
    assert not out.exists()
    shards = [path for path in (cache / "scores").glob("*/*") if not path.name.startswith(".")]
    assert len(shards) < STATEMENTS // SHARD
    assert kept is None or len(shards) == kept
    again = run(tiny, cache, out)
    assert again.stdout.strip() == str(STATEMENTS - SHARD * len(shards)), again.stderr
    np.testing.assert_array_equal(np.load(out), whole)


def test_a_shard_with_a_flipped_bit_is_captured_again(tiny: Path, whole: np.ndarray, tmp_path: Path) -> None:
    cache, out = tmp_path / "cache", tmp_path / "values.npy"
    run(tiny, cache, out)
    shard = next((cache / "scores").glob("*/*"))
    damaged = bytearray(shard.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    shard.write_bytes(damaged)
    assert run(tiny, cache, out).stdout.strip() == str(SHARD)
    np.testing.assert_array_equal(np.load(out), whole)
