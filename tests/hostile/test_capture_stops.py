"""A capture that cannot go on says why and what to do, and keeps whole shards alone."""

import errno
import os
import re
import resource
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from reportgen.capture import plan
from reportgen.capture.request import Request
from reportgen.capture.run import capture
from reportgen.errors import StudyError
from tests import small


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "SHARD_STATEMENTS", small.SHARD)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_not_a_number_stops_the_run_and_nothing_of_its_shard_is_kept(
    tiny: Path, tmp_path: Path, requests: tuple[Request, ...], number: float
) -> None:
    """The third shard's last query, at one head of one layer."""
    model = small.proven(tiny, tmp_path)
    statements, passes = [request.statement for request in requests], 0

    def spoil(module: Any, inputs: Any, output: torch.Tensor) -> None:  # noqa: ARG001
        nonlocal passes
        passes += 1
        if passes == 3:
            output[0, -1, output.shape[-1] // small.HEADS :] = number

    with model.reading(statements, "sum"):
        plain: Any = model.plain(statements, "sum").model
        hook = plain.model.layers[1].self_attn.q_proj.register_forward_hook(spoil)
    with pytest.raises(StudyError) as raised:
        capture(requests, model)
    text = sorted(requests, key=lambda request: request.tokens)[3 * small.SHARD - 1].statement.text
    assert str(raised.value).startswith(f"the attention of L1H1 is not a number in “{text}”, in float32. ")
    assert "try another device" in str(raised.value)
    assert len(small.shards(tmp_path)) == 2
    hook.remove()
    assert capture(requests, model).fresh == small.STATEMENTS - 2 * small.SHARD


@pytest.mark.parametrize("step", ["fsync", "rename"])
def test_a_full_disk_is_an_error_and_no_half_shard(
    tiny: Path, tmp_path: Path, requests: tuple[Request, ...], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    done = 0

    def full(real: Any) -> Any:
        def until_full(*arguments: Any) -> Any:
            nonlocal done
            done += 1
            if done > 2:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*arguments)

        return until_full

    places = {"fsync": (os, "fsync"), "rename": (Path, "replace")}
    model = small.proven(tiny, tmp_path)
    with model.reading([request.statement for request in requests], "sum"):
        pass
    with monkeypatch.context() as patched:
        owner, name = places[step]
        patched.setattr(owner, name, full(getattr(owner, name)))
        with pytest.raises(StudyError) as raised:
            capture(requests, model)
    folder = re.escape(str(tmp_path / "scores"))
    assert re.match(rf"{folder}/\w+/\w+: cannot be written \(No space left on device\)\. Free space", str(raised.value))
    assert len(small.shards(tmp_path)) == 2
    assert not small.leftovers(tmp_path)
    assert capture(requests, model).fresh == small.STATEMENTS - 2 * small.SHARD


def test_a_shard_that_the_disk_takes_half_of_is_not_kept(
    tiny: Path, tmp_path: Path, requests: tuple[Request, ...]
) -> None:
    model = small.proven(tiny, tmp_path)
    with model.reading([request.statement for request in requests], "sum"):
        pass
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(StudyError, match=r"scores/\w+/\w+: cannot be written \(File too large\)\. Free space"):
            capture(requests, model)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not small.shards(tmp_path)
    assert not small.leftovers(tmp_path)


def test_the_plan_is_said_before_anything_is_captured(
    tiny: Path, tmp_path: Path, requests: tuple[Request, ...]
) -> None:
    heard = small.Heard()
    model = small.proven(tiny, tmp_path, heard)
    capture(requests[: small.SHARD], model)  # one pack
    tokens = sum(len(request.tokens) for request in requests[: small.SHARD])
    distinct = {
        request.tokens[:end] for request in requests[: small.SHARD] for end in range(1, len(request.tokens) + 1)
    }
    saved = round(100 * (tokens - len(distinct)) / tokens)
    assert (
        heard.said[-1]
        == f"capturing {small.SHARD} statements: {tokens} tokens, of which sharing saves {saved}\N{NO-BREAK SPACE}%"
    )
    assert saved > 50
    capture(requests, model)
    assert heard.said[-1].startswith("capturing 32 statements (8 are in the store): ")
    said = len(heard.said)
    np.testing.assert_array_equal(capture(requests, model).values, capture(requests[::-1], model).values[::-1])
    assert len(heard.said) == said
