"""A capture that runs out of memory goes on in smaller passes, whatever way of running out it is, or names what is too
long."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from reportgen.capture import plan
from reportgen.capture.hooks import reading_hooks
from reportgen.capture.opening import ProvenModel
from reportgen.capture.record import SCORE_TOLERANCE
from reportgen.capture.request import Request
from reportgen.capture.run import Captured, capture
from reportgen.capture.shared import SharedReader
from reportgen.capture.thrift import Thrift, within_memory
from reportgen.errors import StudyError
from tests import small

ERRORS = {
    "cuda": lambda: torch.OutOfMemoryError(
        "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity"
    ),
    "linux": lambda: RuntimeError(
        "[enforce fail at alloc_cpu.cpp:121] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate"
    ),
    "windows": lambda: RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."),
    "python": MemoryError,
}


@pytest.fixture(scope="module")
def whole(tiny: Path, requests: tuple[Request, ...], tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    return capture(requests, small.proven(tiny, tmp_path_factory.mktemp("whole"))).values


@pytest.fixture(autouse=True)
def _small_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two shards, of several passes each."""
    monkeypatch.setattr(plan, "SHARD_STATEMENTS", small.STATEMENTS // 2)
    monkeypatch.setattr("reportgen.capture.opening.NODES_PER_PASS", {"cpu": 32})


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The budgets that the reader was given, in turn."""
    given: list[int] = []
    read_all = SharedReader.read_all

    def noted(self: SharedReader, requests: Any, budget: int, advance: Any) -> Any:
        given.append(budget)
        return read_all(self, requests, budget, advance)

    monkeypatch.setattr(SharedReader, "read_all", noted)
    return given


def captured(
    tiny: Path, cache: Path, requests: tuple[Request, ...], fail: Callable[[torch.Tensor], None], layer: int
) -> tuple[Captured, small.Heard]:
    """Captured by a model whose layer calls `fail` with the states that come in, once it has proven itself."""
    heard = small.Heard()
    model = small.proven(tiny, cache, heard)
    with model.reading([request.statement for request in requests], "sum"):
        layers = opened(model, requests).model.layers
        layers[layer].register_forward_pre_hook(lambda _, inputs: fail(inputs[0]))
    return capture(requests, model), heard


def opened(model: ProvenModel, requests: tuple[Request, ...]) -> Any:
    return model.plain([request.statement for request in requests], "sum").model


def failing(times: Iterator[bool], error: Callable[[], Exception]) -> Callable[[torch.Tensor], None]:
    def fail(_: torch.Tensor) -> None:
        if next(times, False):
            raise error()

    return fail


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("layer", range(small.LAYERS))
def test_a_layer_that_runs_out_once_halves_the_passes_for_good(
    tiny: Path,
    tmp_path: Path,
    requests: tuple[Request, ...],
    whole: np.ndarray,
    passes: list[int],
    error: str,
    layer: int,
) -> None:
    fail = failing(iter([False, False, True]), ERRORS[error])
    found, heard = captured(tiny, tmp_path, requests, fail, layer)
    np.testing.assert_allclose(found.values, whole, rtol=0, atol=SCORE_TOLERANCE)
    assert passes[-4:] == [32, 16, 16, 16]
    assert heard.counted == small.STATEMENTS == found.fresh
    assert [line for line in heard.said if "memory ran out" in line] == [
        "memory ran out; going on with 16 tokens a pass, and fewer where that is too many"
    ]
    assert capture(requests, small.proven(tiny, tmp_path)).fresh == 0


def test_passes_become_as_small_as_they_have_to_and_it_is_said_once(
    tiny: Path, tmp_path: Path, requests: tuple[Request, ...], whole: np.ndarray, passes: list[int]
) -> None:
    """Memory for one statement, not for two."""
    most = max(len(request.tokens) for request in requests)

    def fail(states: torch.Tensor) -> None:
        if states.shape[1] > most:
            raise ERRORS["linux"]()

    found, heard = captured(tiny, tmp_path, requests, fail, 1)
    np.testing.assert_allclose(found.values, whole, rtol=0, atol=SCORE_TOLERANCE)
    assert passes[-1] < 16
    assert heard.counted == small.STATEMENTS
    assert sum("memory ran out" in line for line in heard.said) == 1


@pytest.mark.parametrize("layer", range(small.LAYERS))
def test_a_statement_that_does_not_fit_alone_is_named_with_its_length(
    tiny: Path, tmp_path: Path, requests: tuple[Request, ...], layer: int
) -> None:
    def fail(_: torch.Tensor) -> None:
        raise ERRORS["cuda"]()

    first = min(requests, key=lambda request: request.tokens)
    with pytest.raises(StudyError) as raised:
        captured(tiny, tmp_path, requests, fail, layer)
    assert f"a statement of {len(first.tokens)} tokens does not fit into memory, even alone" in str(raised.value)
    assert first.statement.text in str(raised.value)
    assert "CUDA out of memory" in str(raised.value)
    assert "choose another device or a smaller model" in str(raised.value)
    assert not small.shards(tmp_path)


def test_another_error_is_not_taken_for_a_lack_of_memory(
    tiny: Path, tmp_path: Path, requests: tuple[Request, ...], passes: list[int]
) -> None:
    fail = failing(iter([True]), lambda: RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        captured(tiny, tmp_path, requests, fail, 0)
    assert passes[1:] == [32]


def test_the_memory_of_a_failed_pass_is_free_before_the_next_begins(requests: tuple[Request, ...]) -> None:
    """An error that is being handled would hold the frames of the pass, and with them its tensors."""
    import weakref

    held: list[weakref.ref[torch.Tensor]] = []

    class Reader:
        def read_all(self, requests: Any, budget: int, advance: Any) -> Any:  # noqa: ARG002
            if not held:
                states = torch.zeros(8)
                held.append(weakref.ref(states))
                raise MemoryError
            assert held[0]() is None
            return np.zeros((len(requests), 1, 1), np.float32)

    thrift = Thrift(Reader(), 8, small.Silent())
    assert thrift.read_all(requests, lambda _: None).shape == (small.STATEMENTS, 1, 1)
    assert thrift.budget == 4


def test_halves_are_put_together_in_the_order_of_the_requests(requests: tuple[Request, ...]) -> None:
    class Reader:
        def read_all(self, requests: Any, budget: int, advance: Any) -> Any:  # noqa: ARG002
            if len(requests) > 3:
                raise MemoryError
            return np.array([request.tokens[-1] for request in requests], np.float32)[:, None, None]

    shuffled = [requests[place] for place in np.random.default_rng(0).permutation(len(requests))]
    found = Thrift(Reader(), 512, small.Silent()).read_all(shuffled, lambda _: None)
    assert found.ravel().tolist() == [request.tokens[-1] for request in shuffled]


def test_transformer_lenss_hooks_go_on_in_smaller_passes_too(
    tiny: Path, tmp_path: Path, requests: tuple[Request, ...], whole: np.ndarray
) -> None:
    bridge, _ = small.proven(tiny, tmp_path).bridge([request.statement for request in requests], "sum")
    fail = failing(iter([False, True]), ERRORS["linux"])
    told: list[int] = []
    with reading_hooks(bridge) as reader:
        bridge.blocks[1].register_forward_pre_hook(lambda *_: fail(torch.zeros(0)))
        thrift = Thrift(reader, 64, small.Silent())
        values = thrift.read_all(requests, told.append)
    np.testing.assert_allclose(values, whole, rtol=0, atol=SCORE_TOLERANCE)
    assert thrift.budget == 32
    assert sum(told) == small.STATEMENTS


@pytest.mark.parametrize("error", ERRORS)
def test_a_proof_goes_on_in_the_largest_pass_that_memory_suffices_for(error: str) -> None:
    tried: list[int] = []

    def read(budget: int) -> int:
        tried.append(budget)
        if budget > 100:
            raise ERRORS[error]()
        return budget

    assert within_memory(read, 512) == 64
    assert tried == [512, 256, 128, 64]
    with pytest.raises(ValueError, match="something else"):
        within_memory(lambda _: (_ for _ in ()).throw(ValueError("something else")), 512)
