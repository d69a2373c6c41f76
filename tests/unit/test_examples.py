"""Examples that a spec names: their places, and what it says to names that no statement has."""

import re

import pytest

from reportgen.errors import InputError, Problem
from reportgen.examples import MOST_EXAMPLES, named_examples
from reportgen.scores import label_columns
from reportgen.spec.model import ReportSection
from tests import planted

LABELS = label_columns(planted.statements(40))


def named(examples: object) -> tuple[int, ...] | None:
    return named_examples(LABELS, ReportSection(examples=examples), "study.yml")  # type: ignore[arg-type]


def problem(examples: object) -> Problem:
    with pytest.raises(InputError) as caught:
        named(examples)
    (found,) = caught.value.problems
    return found


def test_a_number_names_nobody() -> None:
    assert named(12) is None
    assert named(0) is None


def test_subjects_and_filters_give_places_in_order() -> None:
    assert named(("s9", "s1")) == (2, 3, 18, 19)
    assert named({"subject": ("s1", "s9"), "truth": True}) == (2, 18)


def test_a_wide_filter_is_cut() -> None:
    assert named({"relation": "r"}) == tuple(range(MOST_EXAMPLES))


def test_an_unknown_subject() -> None:
    found = problem(("s1", "s39x"))
    assert found.where == "study.yml"
    assert found.message == "`report.examples` names the subject `s39x`, which no statement has"
    assert found.remedy == "did you mean `s39`?"


def test_an_unknown_column() -> None:
    found = problem({"sice": "z1"})
    columns = "`object`, `pair`, `relation`, `size`, `subject`, `truth`"
    assert found.message == (
        f"`report.examples` filters by the column `sice`, which no statement has; the columns are {columns}"
    )
    assert found.remedy == "did you mean `size`?"


@pytest.mark.parametrize("where", [{"size": "z7"}, {"truth": "yes"}, {"subject": "s1", "size": "z0"}], ids=str)
def test_a_filter_that_no_statement_passes(where: object) -> None:
    assert problem(where).message == "`report.examples` is a filter that no statement passes"


def test_every_problem_is_listed() -> None:
    with pytest.raises(InputError) as caught:
        named(("nobody", "s1", "noone"))
    assert re.findall(r"names the subject `(\w+)`", str(caught.value)) == ["nobody", "noone"]
