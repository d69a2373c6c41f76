"""The prefix tree: every sequence whole, every token that sequences share once, and packs that keep to their budget."""

from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from reportgen.capture.tree import (
    SHORTEST_ROW,
    Ids,
    Leaf,
    Pack,
    leaves,
    nodes_added,
    pack,
    plan_packs,
    shared,
    tokens_computed,
)

# Few tokens, so that sequences share beginnings, repeat and begin one another.
sequence = some.lists(some.integers(0, 2), min_size=1, max_size=12).map(tuple)
sequences = some.lists(sequence, min_size=1, max_size=40)
budgets = some.integers(1, 60)


def leaf_tokens(of: list[Ids]) -> list[Ids]:
    return [leaf.tokens for leaf in leaves(of)]


def packs(of: list[Ids], budget: int) -> list[tuple[list[Ids], Pack]]:
    """The sequences of each pack, and the pack."""
    grown = leaf_tokens(of)
    chosen = [[grown[place] for place in places] for places in plan_packs(grown, budget)]
    return [(each, pack(each)) for each in chosen]


def distinct_prefixes(of: list[Ids]) -> set[Ids]:
    return {tokens[:end] for tokens in of for end in range(1, len(tokens) + 1)}


@given(sequences)
def test_every_place_is_answered_by_one_leaf_that_begins_with_its_sequence(given: list[Ids]) -> None:
    found = leaves(given)
    assert sorted(place for leaf in found for place in leaf.places) == list(range(len(given)))
    for leaf in found:
        for place in leaf.places:
            assert leaf.tokens[: len(given[place])] == given[place]


@given(sequences)
def test_no_leaf_begins_another_and_each_is_a_sequence_that_was_given(given: list[Ids]) -> None:
    found = leaf_tokens(given)
    assert set(found) <= set(given)
    assert found == sorted(set(found))
    assert not any(one == other[: len(one)] for one in found for other in found if one is not other)


@given(sequence, sequence)
def test_what_two_sequences_share_is_their_longest_common_beginning(one: Ids, other: Ids) -> None:
    length = shared(one, other)
    assert one[:length] == other[:length]
    assert one[: length + 1] != other[: length + 1] or length == min(len(one), len(other))


@given(sequences)
def test_all_sequences_together_add_every_distinct_prefix_once(given: list[Ids]) -> None:
    assert sum(nodes_added(leaf_tokens(given))) == len(distinct_prefixes(given))


@given(sequences, budgets)
def test_packs_take_every_leaf_in_order_and_keep_to_the_budget(given: list[Ids], budget: int) -> None:
    taken = packs(given, budget)
    assert [tokens for chosen, _ in taken for tokens in chosen] == leaf_tokens(given)
    for chosen, packed in taken:
        assert len(packed.tokens) <= budget or len(chosen) == 1


@given(sequences, budgets)
def test_a_pack_is_closed_only_when_the_next_leaf_would_not_fit(given: list[Ids], budget: int) -> None:
    taken = packs(given, budget)
    for (chosen, _), (following, _) in pairwise(taken):
        assert len(pack([*chosen, following[0]]).tokens) > budget


@given(sequences, budgets)
def test_the_tokens_computed_are_those_of_the_packs_and_never_more_than_were_given(
    given: list[Ids], budget: int
) -> None:
    computed = sum(len(packed.tokens) for _, packed in packs(given, budget))
    assert tokens_computed(leaf_tokens(given), budget) == computed
    assert len(distinct_prefixes(given)) <= computed <= sum(map(len, set(given)))


@given(sequences, budgets)
def test_each_path_spells_its_sequence_from_the_first_token_on(given: list[Ids], budget: int) -> None:
    for chosen, packed in packs(given, budget):
        assert len(packed.paths) == len(chosen)
        for tokens, path in zip(chosen, packed.paths, strict=True):
            assert tuple(packed.tokens[path].tolist()) == tokens
            assert packed.depths[path].tolist() == list(range(len(tokens)))
        assert packed.width == max(SHORTEST_ROW, *map(len, chosen))


@given(sequences, budgets)
def test_paths_share_a_node_exactly_where_they_share_the_beginning(given: list[Ids], budget: int) -> None:
    for chosen, packed in packs(given, budget):
        spelled = {
            tokens[: end + 1]: int(node)
            for tokens, path in zip(chosen, packed.paths, strict=True)
            for end, node in enumerate(path)
        }
        assert sorted(spelled.values()) == list(range(len(packed.tokens)))
        for tokens, path in zip(chosen, packed.paths, strict=True):
            assert [spelled[beginning] for beginning in accumulate((token,) for token in tokens)] == path.tolist()


@given(sequences, budgets)
def test_every_node_is_a_query_once_and_its_home_says_where(given: list[Ids], budget: int) -> None:
    for _, packed in packs(given, budget):
        asked = np.concatenate([group.queries[group.real] for group in packed.groups])
        assert sorted(asked.tolist()) == list(range(len(packed.tokens)))
        for node, (number, row, column) in enumerate(packed.homes()):
            group = packed.groups[number]
            assert group.real[row, column]
            assert group.queries[row, column] == node


@given(sequences, budgets)
def test_in_a_group_a_leaf_attends_from_its_own_nodes_to_its_whole_path(given: list[Ids], budget: int) -> None:
    for _, packed in packs(given, budget):
        paths = {tuple(path.tolist()) for path in packed.paths}
        for group in packed.groups:
            assert group.queries.shape == group.positions.shape == group.real.shape
            for keys, queries, positions, real in zip(
                group.keys, group.queries, group.positions, group.real, strict=True
            ):
                length = int(positions.max()) + 1
                assert tuple(keys[:length].tolist()) in paths
                assert (keys[length:] == keys[length - 1]).all()
                np.testing.assert_array_equal(keys[positions], queries)
                # Its own nodes are the last of its path, in order; what fills the row up is its last again.
                own = int(real.sum())
                assert real.tolist() == [True] * own + [False] * (len(real) - own)
                assert positions[:own].tolist() == list(range(length - own, length))
                assert (positions[own:] == length - 1).all()
                paths.remove(tuple(keys[:length].tolist()))
        assert not paths


@given(sequences, budgets)
def test_a_group_is_padded_to_less_than_twice_what_its_smallest_leaf_adds(given: list[Ids], budget: int) -> None:
    for _, packed in packs(given, budget):
        for group in packed.groups:
            added = group.real.sum(axis=1)
            assert added.max() <= 4 or added.max() < 2 * added.min()


@given(some.permutations(range(12)), sequences.filter(lambda given: len(given) >= 12))
@settings(max_examples=30)
def test_the_order_in_which_sequences_are_given_changes_no_leaf(order: list[int], given: list[Ids]) -> None:
    given = given[:12]
    turned = leaves([given[place] for place in order])
    assert [leaf.tokens for leaf in turned] == leaf_tokens(given)
    for one, other in zip(turned, leaves(given), strict=True):
        assert {order[place] for place in one.places} == set(other.places)


def test_what_begins_another_and_what_is_given_twice_is_answered_where_the_longer_one_is() -> None:
    given = [(1, 2, 3), (1,), (1, 2), (4,), (1, 2, 3), (1, 3)]
    assert leaves(given) == [Leaf((1, 2, 3), (1, 2, 0, 4)), Leaf((1, 3), (5,)), Leaf((4,), (3,))]


def test_a_pack_by_hand() -> None:
    packed = pack([(1, 2, 3), (1, 2, 4), (5,)])
    assert packed.tokens.tolist() == [1, 2, 3, 4, 5]
    assert packed.depths.tolist() == [0, 1, 2, 2, 0]
    assert [path.tolist() for path in packed.paths] == [[0, 1, 2], [0, 1, 3], [4]]
    (group,) = packed.groups
    assert group.queries.tolist() == [[0, 1, 2], [3, 3, 3], [4, 4, 4]]
    assert group.positions.tolist() == [[0, 1, 2], [2, 2, 2], [0, 0, 0]]
    assert group.real.tolist() == [[True, True, True], [True, False, False], [True, False, False]]
    assert group.keys[:, :3].tolist() == [[0, 1, 2], [0, 1, 3], [4, 4, 4]]
    # Beyond the path its last node again, which no query of the leaf can see.
    assert (group.keys[:, 3:] == [[2], [3], [4]]).all()


@pytest.mark.parametrize(("budget", "planned"), [(1, [1, 1, 1]), (3, [1, 1, 1]), (4, [2, 1]), (5, [3]), (99, [3])])
def test_a_sequence_longer_than_the_budget_is_a_pack_of_its_own(budget: int, planned: list[int]) -> None:
    assert [len(places) for places in plan_packs([(1, 2, 3), (1, 2, 4), (5,)], budget)] == planned


def test_nothing_is_no_pack() -> None:
    assert leaves([]) == []
    assert list(plan_packs([], 8)) == []
    assert tokens_computed([], 8) == 0
