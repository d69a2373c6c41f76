from hypothesis import given
from hypothesis import strategies as st

from reportgen.capture.batches import plan_batches


@given(st.lists(st.integers(1, 60), max_size=80), st.integers(1, 100))
def test_every_statement_is_in_one_batch_within_the_budget(lengths: list[int], budget: int) -> None:
    batches = list(plan_batches(lengths, budget))
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[index] for index in batch) <= budget


def test_statements_of_like_length_go_together() -> None:
    assert list(plan_batches([9, 2, 9, 2], budget=18)) == [[1, 3], [0, 2]]
