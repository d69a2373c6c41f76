"""Which statements a contrast compares: filters, partners, and every way in which it cannot be carried out."""

import numpy as np
import pytest

from reportgen.contrasts import (
    FEWEST_PAIRS,
    EmptySetError,
    OverlappingSetsError,
    TooFewStatementsError,
    UnknownColumnError,
    arrange,
)
from reportgen.errors import InputError, StudyError
from reportgen.notices import Notice
from reportgen.spec.model import TRUTH, ContrastSection, StatementSet, TestsSection

PAIRED, INDEPENDENT = ("paired_t", "wilcoxon"), ("student", "welch", "mann_whitney")


def labels(pairs=10, **columns):
    """True and false statements in turn; the false ones in reverse order of their pairs."""
    names = [f"p{i}" for i in range(pairs)]
    return {
        "truth": np.array([True, False] * pairs),
        "pair": np.array([name for both in zip(names, reversed(names), strict=True) for name in both]),
        "subject": np.array([f"s{i}" for i in range(2 * pairs)]),
        "relation": np.array(["capital"] * pairs + ["landmark"] * pairs),
        **{name: np.array(values) for name, values in columns.items()},
    }


def contrast(a, b, name="split"):
    return ContrastSection(
        id=name, title="Split", a=StatementSet(name="first", where=a), b=StatementSet(name="second", where=b)
    )


def warnings_of(arrangement):
    return [notice.message for notice in arrangement.notices if notice.kind == "warning"]


@pytest.mark.parametrize("test", ["auto", *PAIRED])
def test_partners_stand_row_by_row_in_the_order_of_a(test):
    given = labels()
    found = arrange(given, TRUTH, TestsSection(test=test))
    assert (found.design, found.test) == ("paired", "paired_t" if test == "auto" else test)
    assert given["pair"][found.a].tolist() == given["pair"][found.b].tolist() == [f"p{i}" for i in range(10)]
    assert given["truth"][found.a].all()
    assert not given["truth"][found.b].any()
    assert found.notices == ()


@pytest.mark.parametrize("test", INDEPENDENT)
def test_an_independent_test_of_pairs_says_that_it_gives_away_power(test):
    found = arrange(labels(), TRUTH, TestsSection(test=test))
    assert (found.design, found.test) == ("independent", test)
    assert len(found.a) == len(found.b) == 10
    assert warnings_of(found) == [
        "The contrast `truth` holds 10 complete pairs but is tested as two independent sets, which gives away power "
        "and is only right where partners are unrelated or alike: `paired_t` or `wilcoxon` would compare partners."
    ]


def test_one_statement_without_a_partner_makes_auto_independent():
    given = {name: column[:-1] for name, column in labels().items()}
    found = arrange(given, TRUTH, TestsSection())
    assert (found.design, found.test, len(found.a), len(found.b)) == ("independent", "welch", 10, 9)
    assert "9 complete pairs" in warnings_of(found)[0]
    assert "leave out 1 of the 19 statements" in warnings_of(found)[0]


@pytest.mark.parametrize("test", PAIRED)
def test_incomplete_pairs_are_left_out_of_a_paired_test_and_named(test):
    given = labels(12)
    given["pair"][[0, 1, 3]] = ["", "p3", "q"]
    found = arrange(given, TRUTH, TestsSection(test=test))
    assert given["pair"][found.a].tolist() == given["pair"][found.b].tolist()
    assert len(found.a) == 8
    assert found.notices == (
        Notice(
            "left out",
            "The contrast `truth` compares 8 complete pairs; left out, for want of a single partner in the other "
            "set: 8 of its 24 statements.",
            ("(no pair)", "p3", "q", "p10", "p11", "p0"),
        ),
    )
    assert not {"", "p0", "p3", "p10", "p11", "q"} & set(given["pair"][found.a])


def test_statements_without_a_pair_are_not_partners_of_each_other():
    given = labels()
    given["pair"][[0, 5]] = ""
    assert "" not in given["pair"][arrange(given, TRUTH, TestsSection(test="wilcoxon")).a]


def test_sets_without_pairs_are_independent():
    found = arrange(labels(), contrast({"relation": "capital"}, {"relation": "landmark"}), TestsSection())
    assert found.test == "paired_t"
    unpaired = labels()
    del unpaired["pair"]
    found = arrange(unpaired, contrast({"relation": "capital"}, {"relation": "landmark"}), TestsSection())
    assert (found.test, found.notices) == ("welch", ())


def test_every_filter_of_a_set_has_to_hold_and_any_of_its_values():
    given = labels(group=list("aabbccddee" * 2))
    found = arrange(
        given,
        contrast({"truth": True, "group": ("a", "c", "e")}, {"truth": False, "group": ("a", "c", "e")}),
        TestsSection(test="student"),
    )
    assert found.a.tolist() == [0, 4, 8, 10, 14, 18]
    assert found.b.tolist() == [1, 5, 9, 11, 15, 19]


@pytest.mark.parametrize(
    ("column", "value", "matches"),
    [
        ([True, False], True, [True, False]),
        ([True, False], "true", [False, False]),
        ([True, False], 1, [False, False]),
        ([1, 0], 1, [True, False]),
        ([1, 0], True, [False, False]),
        ([1.5, 0.0], 1.5, [True, False]),
        (["1990", "1991"], 1990, [True, False]),
        (["1.5", "2"], 1.5, [True, False]),
        (["True", ""], True, [True, False]),
        (["true", "false"], False, [False, True]),
        (["Rome", "rome"], "Rome", [True, False]),
        (["", "Rome"], "", [True, False]),
    ],
)
def test_what_equals_what(column, value, matches):
    rows = labels(10, key=column * 10)
    chosen = contrast({"key": value, "truth": (True, False)}, {"subject": "none of them"})
    if not any(matches):
        with pytest.raises(EmptySetError, match="the set `first`"):
            arrange(rows, chosen, TestsSection())
        return
    rows["subject"] = np.where(np.array(matches * 10), rows["subject"], "none of them")
    assert arrange(rows, chosen, TestsSection(test="welch")).a.tolist() == np.flatnonzero(matches * 10).tolist()


def test_unknown_columns_are_all_named_with_the_columns_there_are_and_the_nearest():
    with pytest.raises(UnknownColumnError) as caught:
        arrange(labels(), contrast({"truht": True}, {"truth": False, "zzz": 1}), TestsSection(), "spec.yml")
    assert isinstance(caught.value, InputError)
    assert str(caught.value) == (
        "spec.yml: the set `first` of the contrast `split` filters by the column `truht`, which no statement has; "
        "the columns are `pair`, `relation`, `subject`, `truth`\n    did you mean `truth`?\n"
        "spec.yml: the set `second` of the contrast `split` filters by the column `zzz`, which no statement has; "
        "the columns are `pair`, `relation`, `subject`, `truth`"
    )


def test_empty_sets_are_all_named_with_what_their_columns_hold():
    with pytest.raises(EmptySetError) as caught:
        arrange(labels(), contrast({"truth": "true"}, {"relation": "river"}), TestsSection())
    assert isinstance(caught.value, InputError)
    assert str(caught.value) == (
        "the spec: no statement belongs to the set `first` of the contrast `split`\n"
        "    the column `truth` holds the truth values `true`, `false`\n"
        "the spec: no statement belongs to the set `second` of the contrast `split`\n"
        "    the column `relation` holds `capital`, `landmark`"
    )


def test_overlapping_sets_are_named_with_the_first_statement_in_both():
    with pytest.raises(OverlappingSetsError) as caught:
        arrange(labels(2), contrast({"relation": "capital"}, {"truth": False}), TestsSection())
    assert isinstance(caught.value, InputError)
    assert str(caught.value) == (
        "the spec: the sets `first` and `second` of the contrast `split` share 1 of its statements; the first is `s1`\n"
        "    narrow one of the filters until no statement passes both"
    )


@pytest.mark.parametrize(
    ("test", "pairs", "message"),
    [
        ("auto", 1, "the contrast `truth` needs at least 2 complete pairs for its heads to be tested; it has 1"),
        (
            "welch",
            1,
            "the contrast `truth` needs at least 2 statements in each set for its heads to be tested; it has 1",
        ),
    ],
)
def test_too_few_statements_are_an_error(test, pairs, message):
    with pytest.raises(TooFewStatementsError) as caught:
        arrange(labels(pairs), TRUTH, TestsSection(test=test))
    assert isinstance(caught.value, StudyError)
    assert str(caught.value) == message


def test_a_paired_test_without_any_pairs_is_an_error():
    given = labels()
    del given["pair"]
    with pytest.raises(TooFewStatementsError, match="it has 0"):
        arrange(given, TRUTH, TestsSection(test="wilcoxon"))


@pytest.mark.parametrize("pairs", [2, FEWEST_PAIRS - 1, FEWEST_PAIRS])
def test_few_pairs_are_a_warning(pairs):
    found = arrange(labels(pairs), TRUTH, TestsSection())
    assert len(found.a) == pairs
    assert [f"has {pairs} pairs" in message for message in warnings_of(found)] == [True] * (pairs < FEWEST_PAIRS)


def test_few_statements_in_a_set_are_a_warning_for_that_set():
    chosen = contrast({"subject": tuple(f"s{i}" for i in range(3))}, {"relation": "landmark"})
    messages = warnings_of(arrange(labels(), chosen, TestsSection(test="welch")))
    assert [message for message in messages if "has 3 statements in the set `first`" in message] == messages[-1:]
    assert "second" not in messages[-1]


def test_values_that_no_statement_has_are_a_warning():
    chosen = contrast({"relation": ("capital", "rivr")}, {"relation": "landmark"})
    assert arrange(labels(), chosen, TestsSection()).notices == (
        Notice(
            "warning",
            "The set `first` of the contrast `split` asks for values of the column `relation` that no statement has.",
            ("rivr",),
        ),
    )
