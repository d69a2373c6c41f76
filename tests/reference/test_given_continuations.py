"""Log-probabilities of given continuations against a plain loop over whole texts, and that the store holds them."""

from pathlib import Path

import numpy as np
import pytest
import torch

from reportgen.errors import StudyError
from reportgen.interventions import likelihoods
from reportgen.interventions.likelihoods import Continuation, count_tokens, read_likelihoods
from reportgen.models.load import open_eager
from reportgen.store import Store
from tests import small

RNG = np.random.default_rng(0)


def drawn(length: int) -> tuple[int, ...]:
    return tuple(RNG.integers(5, 40000, length).tolist())


def asked() -> list[Continuation]:
    """Several continuations of several texts, of different lengths, some of them twice."""
    texts = [drawn(length) for length in (1, 4, 9, 9)]
    made = [Continuation(text, drawn(length)) for text in texts for length in (1, 1, 3)]
    return [*made, made[2]]


def test_they_are_those_of_a_plain_loop_and_are_asked_once(
    tmp_path: Path, small_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(likelihoods, "SHARD", 3)
    wanted = asked()
    statements = small.statements(small_model)
    first = small.proven(small_model, tmp_path)
    found = read_likelihoods(wanted, first, statements, "sum")
    plain = open_eager(small_model, "cpu")
    for one, value in zip(wanted, found, strict=True):
        with torch.inference_mode():
            logits = plain(torch.tensor([[*one.text, *one.tokens]])).logits[0].double().log_softmax(-1)
        expected = sum(float(logits[len(one.text) - 1 + at, token]) for at, token in enumerate(one.tokens))
        assert value == pytest.approx(expected, abs=1e-3)
    again = small.proven(small_model, tmp_path)
    monkeypatch.setattr(type(again), "require", lambda *_: pytest.fail("the model was asked again"))
    assert np.array_equal(read_likelihoods(wanted, again, statements, "sum"), found)
    names = {name for name, _ in Store(tmp_path).items(again.shelf(likelihoods.ROOM))}
    assert len(names) == 2
    assert first.sought[likelihoods.ROOM] == again.sought[likelihoods.ROOM] == names


def test_what_an_interrupt_leaves_is_taken_up(
    tmp_path: Path, small_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(likelihoods, "SHARD", 1)
    wanted, statements = asked(), small.statements(small_model)
    read = Store.put

    def die(self: Store, room: str, key: str, payload: bytes) -> None:
        read(self, room, key, payload)
        if room.startswith(likelihoods.ROOM):
            raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(Store, "put", die)
        with pytest.raises(KeyboardInterrupt):
            read_likelihoods(wanted, small.proven(small_model, tmp_path), statements, "sum")
    heard = small.Heard()
    read_likelihoods(wanted, small.proven(small_model, tmp_path, heard), statements, "sum")
    assert heard.counted == 3


def test_what_is_not_there_is_named_where_no_model_may_be_asked(tmp_path: Path, small_model: Path) -> None:
    model = small.proven(small_model, tmp_path)

    def refuse(lacking: str) -> None:
        raise StudyError(f"no {lacking}")

    model.require = refuse  # type: ignore[method-assign]
    with pytest.raises(StudyError, match="no likelihoods of 12 continuations"):
        read_likelihoods(asked(), model, small.statements(small_model), "sum")


def test_tokens_are_counted_as_they_are_run() -> None:
    text = (1, 2, 3)
    assert count_tokens([Continuation(text, (4,)), Continuation(text, (4, 5)), Continuation(text, (4, 5))]) == (1, 4)
