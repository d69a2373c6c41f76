"""Benchmarks: ours against a named baseline, in one run, interleaved."""
