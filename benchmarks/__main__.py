"""`python -m benchmarks [NAME]`: run all benchmarks, or one, and print a line for each."""

import sys
from collections.abc import Callable
from functools import partial

from benchmarks import budget, capture_vs_notebook, contest, explorer, stats_vs_loop

BENCHMARKS: dict[str, Callable[[], object]] = {
    **{
        module.BENCHMARK.name: partial(contest.run, module.BENCHMARK) for module in (capture_vs_notebook, stats_vs_loop)
    },
    **{each.name: partial(budget.run, each) for each in explorer.BUDGETS},
}


def main() -> None:
    wanted = sys.argv[1:] or list(BENCHMARKS)
    unknown = [name for name in wanted if name not in BENCHMARKS]
    if unknown:
        sys.exit(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    for name in wanted:
        print(BENCHMARKS[name](), flush=True)


main()
