"""`python -m benchmarks [NAME]`: run all benchmarks, or one, and print a line for each."""

import sys

from benchmarks import capture_vs_notebook, stats_vs_loop
from benchmarks.contest import run

BENCHMARKS = {module.BENCHMARK.name: module.BENCHMARK for module in (capture_vs_notebook, stats_vs_loop)}


def main() -> None:
    wanted = sys.argv[1:] or list(BENCHMARKS)
    unknown = [name for name in wanted if name not in BENCHMARKS]
    if unknown:
        sys.exit(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    for name in wanted:
        print(run(BENCHMARKS[name]), flush=True)


main()
