"""How much more memory a study of 10,000 statements takes than one of 300, from its spec to its scores.

Each is a process of its own, with an empty store, and a small model with as many heads as SmolLM2-135M: the memory of a
forward pass does not depend on the number of statements, what is kept of them and of their scores does.
`python -m benchmarks.capture_memory SPEC` is such a process; it prints its peak less the scores, in bytes.
"""

import atexit
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from benchmarks.budget import Budget
from benchmarks.made_up import SPEC, model_cache
from benchmarks.planning import made_up

FEW, MANY = 300, 10_000
LAYERS, HEADS = 30, 9


def growth() -> float:
    """Megabytes."""
    few, many = (_peak(made_up(statements // 2, f"{{folder: {small_model()}}}")) for statements in (FEW, MANY))
    return max(1, many - few) / 1_000_000


def _peak(spec: Path) -> int:
    told = subprocess.run([sys.executable, "-m", __name__, spec], check=True, capture_output=True, text=True)
    return int(told.stdout)


@cache
def small_model() -> Path:
    """A folder with a random Llama model and the tokenizer of SmolLM2."""
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig

    from reportgen.models.convert import tokenizer_folder
    from reportgen.models.source import find_model
    from reportgen.progress import Silent
    from reportgen.spec.load import load_spec

    source = find_model(load_spec(SPEC).spec.model, SPEC.parent, model_cache())
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder(source, model_cache(), Silent()))
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=8 * HEADS,
        intermediate_size=8 * HEADS,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        tie_word_embeddings=True,
    )
    folder = Path(tempfile.mkdtemp(prefix="reportgen-benchmark-"))
    atexit.register(shutil.rmtree, folder)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def peak_beyond_scores(path: Path) -> int:
    """Bytes that a whole capture takes at most, the scores left out."""
    from reportgen.capture.opening import ProvenModel
    from reportgen.capture.request import ask
    from reportgen.capture.run import capture
    from reportgen.progress import Silent
    from reportgen.spec.load import load_spec
    from reportgen.study import plan_study

    with tempfile.TemporaryDirectory() as folder:
        plan = plan_study(load_spec(path), Path(folder), None, Silent())
        model = ProvenModel(plan.source, plan.file.spec.model, Path(folder), Silent())
        scores = capture(ask(plan.statements.statements, "sum"), model).values
        return resident_at_most() - scores.nbytes


def resident_at_most() -> int:
    """The most bytes that this process had in memory. `getrusage` would count the process that started it too."""
    lines = Path("/proc/self/status").read_text().splitlines()
    [kilobytes] = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(kilobytes) * 1024


BUDGET = Budget("capture-memory", 50, "MB", "beyond the scores, peak of 10,000 statements less that of 300", growth)

if __name__ == "__main__":
    print(peak_beyond_scores(Path(sys.argv[1])))
