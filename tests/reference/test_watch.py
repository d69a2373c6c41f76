"""What torch's profiler is asked about: the share of matrix products, and operators at the right place of a trace."""

import time
from collections.abc import Callable

import pytest
import torch

from reportgen.capture.profile import MOST_PASSES, Watch
from reportgen.models.linears import ONEDNN

ROWS, WEIGHT = torch.ones(512, 512), torch.ones(512, 512)


def packed() -> torch.Tensor:
    return ONEDNN.product(ROWS, ONEDNN.pack(WEIGHT), None)


@pytest.mark.parametrize(
    "product",
    [
        lambda: torch.nn.functional.linear(ROWS, WEIGHT),
        lambda: torch.nn.functional.linear(ROWS, WEIGHT, WEIGHT[0]),
        lambda: ROWS[None] @ WEIGHT[None],
        packed,
    ],
    ids=["linear", "linear with a bias", "batched", "packed"],
)
def test_every_kind_of_product_counts_once(product: Callable[[], torch.Tensor]) -> None:
    watch = Watch()
    for _ in range(20):
        product()
    watch.end()
    assert 0 < watch.share() <= 1


def test_what_is_no_product_does_not_count() -> None:
    watch = Watch()
    torch.softmax(ROWS, -1).exp_()
    watch.end()
    assert watch.share() == 0


def test_a_watch_ends_after_so_many_passes() -> None:
    watch = Watch()
    for _ in range(MOST_PASSES):
        torch.exp(ROWS)
        watch.count_pass()
    ROWS @ WEIGHT
    watch.count_pass()
    watch.end()
    assert watch.share() == 0
    assert sum(event.get("name") == "aten::exp" for event in watch.events(0)) == MOST_PASSES


def test_operators_stand_in_the_trace_where_the_clock_says() -> None:
    start = time.time_ns()
    watch = Watch()
    before = time.time_ns()
    torch.exp(ROWS)
    after = time.time_ns()
    watch.end()
    [at] = [event["ts"] for event in watch.events(start) if event.get("name") == "aten::exp"]
    slack = 1e6  # a nanosecond clock and the profiler's own may differ by some microseconds
    assert before - start - slack <= at * 1000 <= after - start + slack
