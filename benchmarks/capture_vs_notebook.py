"""Capture as the product does it, against the notebook's way: one prompt at a time, every activation cached."""

import os
from pathlib import Path

import platformdirs

from benchmarks.contest import Benchmark, Contestant

SPEC = Path(__file__).parents[1] / "specs" / "capitals.yml"
NOTEBOOK_STATEMENTS = 40


def prepare() -> tuple[Contestant, Contestant]:
    import torch

    from reportgen.capture.hooks import reading_scores
    from reportgen.capture.request import ask
    from reportgen.models import convert, load
    from reportgen.progress import Silent
    from reportgen.spec.load import load_spec
    from reportgen.study import plan_study

    cache = Path(os.environ.get("REPORTGEN_CACHE") or platformdirs.user_cache_path("reportgen"))
    plan = plan_study(load_spec(SPEC), cache, None, Silent())
    statements = plan.statements.statements
    bridge = load.open_bridge(convert.weights_folder(plan.source, cache, Silent()), "cpu")

    def ours() -> None:
        with reading_scores(bridge) as reader:
            reader.read_all(ask(statements, "sum"), lambda _: None)

    def notebook() -> None:
        with torch.inference_mode():
            for statement in statements[:: len(statements) // NOTEBOOK_STATEMENTS][:NOTEBOOK_STATEMENTS]:
                _, cached = bridge.run_with_cache(torch.tensor([statement.tokens.ids]))
                for layer in range(bridge.cfg.n_layers):
                    cached[f"blocks.{layer}.attn.hook_pattern"][0, :, statement.query, list(statement.keys)].sum(-1)

    return Contestant(ours, len(statements)), Contestant(notebook, NOTEBOOK_STATEMENTS)


BENCHMARK = Benchmark(
    name="capture-vs-notebook",
    goal=8.0,
    baseline_is="one prompt at a time, run_with_cache",
    unit="statements",
    prepare=prepare,
)
