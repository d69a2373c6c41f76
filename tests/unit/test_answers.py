"""Scores that fill up from shards, and the shards that are planned for what is missing. No model."""

from dataclasses import replace

import numpy as np
import pytest

from reportgen.capture import plan
from reportgen.capture.answers import Answers
from reportgen.capture.plan import Plan
from reportgen.capture.record import CaptureRun, Proof, Route, Shard
from reportgen.capture.request import Request
from reportgen.facts.fact import Fact
from reportgen.models.tokenizer import Tokens
from reportgen.statements import Statement

RUN = CaptureRun(
    finished="2026-01-01",
    device="cpu",
    processor="",
    dtype="float32",
    versions=(("torch", "2"),),
    route=Route("shared"),
    statements=1,
    tokens=3,
    computed=3,
    seconds=0.1,
    proof=Proof(8, 0.0, 0.0, 0.0),
)


def shard(run: CaptureRun, **values: float) -> Shard:
    """Two layers of three heads, all of a request's scores the same number."""
    rows = np.array(list(values.values()), np.float32)
    return Shard(tuple(values), np.broadcast_to(rows[:, None, None], (len(rows), 2, 3)).copy(), run)


def request(*tokens: int, query: int | None = None) -> Request:
    """A statement that is these tokens."""
    fact = Fact("s", "r", "o", True, "p", {}, "{subject} {object}")
    last = len(tokens) - 1 if query is None else query
    return Request(Statement("p", fact, "text", Tokens(tokens, (), ()), (0, 0), (0, 0), (0,), (0,), last, (0,)), "sum")


def test_answers_stand_in_the_order_of_the_questions_and_twice_where_one_is_asked_twice() -> None:
    answers = Answers(["c", "a", "b", "a"])
    later = replace(RUN, finished="2026-01-02")
    answers.take(shard(later, a=1.0, x=9.0))
    assert answers.unanswered() == {"c": 0, "b": 2}
    answers.take(shard(RUN, x=9.0, b=2.0, c=3.0))
    assert answers.unanswered() == {}
    assert answers.values().shape == (4, 2, 3)
    assert answers.values()[:, 1, 2].tolist() == [3.0, 1.0, 2.0, 1.0]
    assert answers.runs == (RUN, later)


def test_the_first_answer_stands_and_a_shard_that_answers_nothing_is_no_run_of_these_scores() -> None:
    answers = Answers(iter(["a"]))
    answers.take(shard(RUN, x=9.0))
    answers.take(shard(RUN, a=1.0))
    answers.take(shard(replace(RUN, finished="2026-01-02"), a=2.0))
    assert answers.values().tolist() == [[[1.0] * 3] * 2]
    assert answers.runs == (RUN,)


def test_a_shard_comes_back_as_it_was_packed() -> None:
    whole = shard(RUN, a=1.0, bcd=2.5)
    again = Shard.from_bytes(whole.to_bytes())
    assert (again.keys, again.run) == (whole.keys, whole.run)
    np.testing.assert_array_equal(again.values, whole.values)


def test_what_is_left_of_a_plan_makes_the_same_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "SHARD_STATEMENTS", 3)
    rng = np.random.default_rng(0)
    requests = [request(*rng.integers(0, 3, rng.integers(2, 7)).tolist()) for _ in range(60)]
    missing: dict[str, int] = {}
    for place, each in enumerate(requests):
        missing.setdefault(each.key, place)
    parts = list(Plan(requests, missing).parts())
    assert len(parts) > 6
    assert sorted(key for part in parts for key in part.keys) == sorted(missing)
    for part in parts:
        assert part.keys == tuple(each.key for each in part.requests)
        assert all(any(s[: len(r.tokens)] == r.tokens for s in part.sequences) for r in part.requests)
    left = {key: missing[key] for part in parts[2:] for key in part.keys}
    assert [part.key for part in Plan(requests, left).parts()] == [part.key for part in parts[2:]]


def test_a_shard_has_one_key_whatever_order_its_requests_come_in() -> None:
    requests = [request(1, 2, 3), replace(request(1, 2, 3), aggregation="mean"), request(1, 2, 4)]
    keys = [each.key for each in requests]
    one, other = (
        next(Plan(requests, {keys[place]: place for place in order}).parts()) for order in ((0, 1, 2), (2, 1, 0))
    )
    assert one.keys != other.keys
    assert one.key == other.key


def test_a_plan_says_what_is_stored_and_what_sharing_saves() -> None:
    requests = [request(1, 2, 3, 4), request(1, 2, 3, 5), request(7, 8)]
    keys = [each.key for each in requests]
    whole = Plan(requests, {key: place for place, key in enumerate(keys)})
    assert whole.text(Route("shared"), 64) == "capturing 3 statements: 10 tokens, of which sharing saves 30\u00a0%"
    assert whole.text(Route("hooks"), 64) == "capturing 3 statements: 10 tokens"
    part = Plan(requests, {keys[2]: 2})
    assert part.text(Route("shared"), 64) == "capturing 1 statement (2 are in the store): 2 tokens"
    assert part.left_at(0) == "2 of 3 statements are kept"
