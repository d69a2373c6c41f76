"""`python -m benchmarks [NAME]`: run all benchmarks, or one, and print a line for each."""

import sys
from collections.abc import Callable
from functools import partial

from benchmarks import (
    budget,
    capture,
    capture_memory,
    contest,
    explorer,
    gradient,
    knockout,
    maxt,
    planning,
    site,
    startup,
    stats_vs_loop,
)

CONTESTS = (stats_vs_loop.BENCHMARK, *maxt.BENCHMARKS, gradient.BENCHMARK)
BUDGETS = (capture_memory.BUDGET, maxt.MEMORY, *planning.BUDGETS, *explorer.BUDGETS, *site.BUDGETS)
BENCHMARKS: dict[str, Callable[[], object]] = {
    **capture.RUNS,
    startup.NAME: startup.run,
    knockout.NAME: knockout.run,
    **site.RUNS,
    **{each.name: partial(contest.run, each) for each in CONTESTS},
    **{each.name: partial(budget.run, each) for each in BUDGETS},
}


def main() -> None:
    wanted = sys.argv[1:] or list(BENCHMARKS)
    unknown = [name for name in wanted if name not in BENCHMARKS]
    if unknown:
        sys.exit(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    for name in wanted:
        print(BENCHMARKS[name](), flush=True)


main()
