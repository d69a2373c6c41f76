"""The page has words for whatever a spec may choose."""

from typing import get_args

import pytest

from reportgen.report import words
from reportgen.spec.model import Aggregation, KeySpan, MeasureSection, QueryPosition


@pytest.mark.parametrize(
    ("key", "choices", "say"),
    [
        ("key_span", get_args(KeySpan), words.key_span),
        ("query_position", get_args(QueryPosition), words.query_position),
        ("aggregation", get_args(Aggregation), words.aggregation),
    ],
)
def test_every_choice_of_the_measure_has_words_of_its_own(key: str, choices: tuple[str, ...], say: object) -> None:
    said = [say(MeasureSection(**{key: choice})) for choice in choices]  # type: ignore[operator, arg-type]
    assert len(set(said)) == len(choices)
    assert all(said)
