"""How much of the model's time is matrix products, by torch's profiler. Costs some of the speed that it looks at.

1. The profiler runs from the beginning of the watch to its end, or for `MOST_PASSES`: it keeps every operator that it
   sees, about 2,000 in each pass of a model of 30 layers.
2. The share is the time inside the operators `PRODUCTS`, which leave nothing to others, over the time watched: the
   processor's time, or the GPU's where one was used.
3. Every operator becomes an event of a trace.
"""

import json
import tempfile
import time
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

from reportgen import numbers
from reportgen.stages import Event

MOST_PASSES = 32
PRODUCTS = frozenset(
    ("aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm", "aten::mkldnn_linear", "mkldnn::_linear_pointwise")
)


class Watch:
    """What torch does from its making to its end."""

    def __init__(self) -> None:
        gpu = [ProfilerActivity.CUDA] if torch.cuda.is_available() else []
        self._profile = profile(activities=[ProfilerActivity.CPU, *gpu])
        self._profile.start()
        self._began, self._passes = time.perf_counter(), 0
        self.seconds: float | None = None

    def count_pass(self) -> None:
        """Say that a forward pass is done; the watch ends after the last of `MOST_PASSES`."""
        self._passes += 1
        if self._passes == MOST_PASSES:
            self.end()

    def end(self) -> None:
        """End the watch, unless it has ended."""
        if self.seconds is None:
            self.seconds = time.perf_counter() - self._began
            self._profile.stop()

    def share(self) -> float:
        """The share of the time watched that was spent in matrix products."""
        averages = [average for average in self._profile.key_averages() if average.key in PRODUCTS]
        on_gpu = _gpu_memory() > 0
        spent = sum(each.self_device_time_total if on_gpu else each.self_cpu_time_total for each in averages)
        return float(spent) / 1e6 / max(self.seconds or 0.0, 1e-9)

    def text(self) -> str:
        """What is worth a remark."""
        products = f"{numbers.percent(self.share(), 1)} of {self.seconds:.1f} s in matrix products"
        return f"{products}; GPU memory {numbers.count(_gpu_memory())} MB at most" if _gpu_memory() else products

    def events(self, start: int) -> list[Event]:
        """The operators as events of a trace that begins at `start`, in nanoseconds of Unix time."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "trace.json"
            self._profile.export_chrome_trace(str(path))
            trace = json.loads(path.read_bytes())
        shift = (trace["baseTimeNanoseconds"] - start) / 1000
        return [{**event, "ts": event["ts"] + shift} for event in trace["traceEvents"] if "ts" in event]


def _gpu_memory() -> int:
    """The most that was held on the GPUs so far, in MB; 0 where none was used."""
    gpus = range(torch.cuda.device_count())
    return round(sum(torch.cuda.max_memory_allocated(gpu) for gpu in gpus) / 1e6)
