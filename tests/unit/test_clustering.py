"""Clusters of heads: tokens by role, and what is found where kinds of heads were planted."""

from dataclasses import replace

import numpy as np
import pytest

from reportgen.analyses.clustering import ROLES, enrich, find, needs, role_shares, roles
from reportgen.analyses.clustering_told import tell
from reportgen.errors import StudyError
from reportgen.models.tokenizer import Tokens
from reportgen.spec.experiments import ClusteringSection
from reportgen.stats.clustering import Grouping
from tests import planted

SECTION = ClusteringSection(most=4, draws=99)
KINDS = np.array(
    [
        [0.90, 0.02, 0.02, 0.02, 0.02, 0.02, 0.00],
        [0.05, 0.05, 0.10, 0.60, 0.10, 0.10, 0.00],
        [0.05, 0.60, 0.25, 0.02, 0.04, 0.04, 0.00],
    ]
)
"""What three kinds of heads give to each role."""
PLANTED = {(1, 0): 0.1, (1, 1): -0.1, (1, 2): 0.1, (1, 3): 0.1}


def long(statement, query=7):
    """<s> The friend of Old Ann is Bob, read from `query`: eight tokens, the first of them no text."""
    offsets = ((0, 0), (0, 3), (4, 10), (11, 13), (14, 17), (18, 21), (22, 24), (25, 28))
    tokens = Tokens(tuple(range(8)), offsets, ("t",) * 8)
    return replace(statement, tokens=tokens, subject=(4, 5), object=(7,), query=query, keys=(4, 5))


@pytest.fixture(scope="module")
def made():
    return [long(statement) for statement in planted.statements(40)]


def answers(made, kinds):
    """The score of every request: layer `l` of the model holds heads of kind `kinds[l]`."""
    rng = np.random.default_rng(5)
    rows = []
    for statement in made:
        shares = KINDS[np.array(kinds)][:, np.newaxis] + rng.uniform(0, 0.01, (planted.LAYERS, planted.HEADS, 7))
        shares[..., [role for role, places in enumerate(roles(statement)) if not places]] = 0
        shares /= shares.sum(axis=2, keepdims=True)
        rows += [shares[..., role] for role, places in enumerate(roles(statement)) if places]
    return np.array(rows, dtype=np.float32)


def test_each_token_has_one_role(made):
    by_name = dict(zip(ROLES, roles(made[0]), strict=True))
    assert by_name == {
        "first token": (0,),
        "itself": (7,),
        "previous token": (6,),
        "subject": (4, 5),
        "object": (),
        "relation words": (1, 2, 3),
        "rest": (),
    }


@pytest.mark.parametrize("query", range(8))
def test_roles_share_all_that_can_be_seen(made, query):
    places = [place for role in roles(long(made[0], query)) for place in role]
    assert sorted(places) == list(range(query + 1))


def test_a_token_that_covers_no_text_is_the_rest(made):
    offsets = (*made[0].tokens.offsets[:3], (10, 10), *made[0].tokens.offsets[4:])
    odd = replace(made[0], tokens=replace(made[0].tokens, offsets=offsets))
    assert roles(odd)[ROLES.index("rest")] == (3,)


def test_it_asks_for_the_sum_over_each_role_that_has_tokens(made):
    requests = needs(planted.study(made, planted.values(made, {})).plan, SECTION).requests
    assert len(requests) == 5 * len(made)
    assert {request.aggregation for request in requests} == {"sum"}
    assert [request.statement.keys for request in requests[:5]] == [(0,), (7,), (6,), (4, 5), (1, 2, 3)]


def test_what_is_given_to_no_token_is_the_rests(made):
    scores = np.full((5, 2, 2), 0.1, dtype=np.float32)
    shares = role_shares(made[:1], scores)
    assert shares.sum(axis=1) == pytest.approx(np.ones((1, 2, 2)))
    assert shares[0, ROLES.index("rest")] == pytest.approx(np.full((2, 2), 0.5))
    assert (shares[0, ROLES.index("object")] == 0).all()


@pytest.fixture(scope="module")
def study(made):
    return planted.study(made, planted.values(made, PLANTED))


@pytest.fixture(scope="module")
def found(study, made):
    return find(study, SECTION, answers(made, [0, 1, 2]))


def test_planted_kinds_are_found_and_hold(found):
    labels = found.grouping.labels.reshape(3, 4)
    assert found.grouping.count == 3
    assert (labels == labels[:, :1]).all()
    assert found.chance.p_value <= 0.05
    assert found.stability.rand.min() == 1
    assert (found.stability.jaccard == 1).all()


def test_the_kind_that_holds_the_recall_heads_is_named_and_what_marks_it(found, study):
    kind = int(found.grouping.labels[4])
    assert found.enrichment.recall[kind] == 4
    assert np.flatnonzero(found.enrichment.adjusted <= 0.05).tolist() == [kind]
    assert found.centres[kind, ROLES.index("subject")] == pytest.approx(0.6, abs=0.06)
    told = tell(found, study, SECTION)
    assert "12 heads fall clearly into **3** clusters by where they look" in told.answer
    assert f"gather in cluster {kind + 1}, marked by attention to the subject" in told.answer
    assert "4 of its 4 heads, against 0 of 8 elsewhere" in told.answer
    assert len(told.blocks) == 4
    assert len(told.files[0].content.decode().splitlines()) == 13


def test_heads_without_kinds_form_no_clear_clusters(made):
    rng = np.random.default_rng(6)
    own = rng.dirichlet(np.ones(5) * 8, (planted.LAYERS, planted.HEADS))
    scores = np.tile(np.moveaxis(own, 2, 0), (len(made), 1, 1)).astype(np.float32)
    study = planted.study(made, planted.values(made, {}))
    found = find(study, SECTION, scores)
    assert found.chance.p_value > 0.05
    told = tell(found, study, SECTION)
    assert "no clear clusters" in told.answer
    assert "gather" not in told.answer


def test_clusters_without_recall_heads_say_so(made):
    study = planted.study(made, planted.values(made, {}))
    told = tell(find(study, SECTION, answers(made, [0, 1, 2])), study, SECTION)
    assert "no recall heads to look for" in told.answer


def test_heads_that_respond_to_the_same_statements_are_one_cluster_by_scores(made):
    rng = np.random.default_rng(7)
    patterns = rng.normal(0, 0.1, (3, len(made)))
    values = 0.3 + np.repeat(patterns.T[:, :, np.newaxis], 4, axis=2) + rng.normal(0, 0.02, (len(made), 3, 4))
    values[:, 0, 0] = 0.25
    study = planted.study(made, values.astype(np.float32))
    section = ClusteringSection(by="scores", most=4, draws=49)
    found = find(study, section, answers(made, [0, 0, 0]))
    assert not found.kept[0, 0]
    assert found.grouping.count == 3
    assert [len(set(part.tolist())) for part in np.split(found.grouping.labels, [3, 7])] == [1, 1, 1]
    told = tell(found, study, section)
    assert "by the statements in which they give the key span more or less" in told.answer
    assert told.notices[0].items == ("L0H0",)


def test_heads_that_all_give_every_statement_the_same_cannot_be_described(made):
    values = np.full((len(made), 3, 4), 0.3, dtype=np.float32)
    values[:, 0] = planted.values(made, {})[:, 0]
    values[:, 0, 0] = 0.3
    study = planted.study(made, values)
    with pytest.raises(StudyError, match="at least 4 heads that can be described; there are 3"):
        find(study, ClusteringSection(by="scores", draws=20), answers(made, [0, 0, 0]))


def test_enrichment_is_fishers_and_corrected():
    labels = np.repeat([0, 1], [8, 4])
    recall = np.array([*[False] * 7, True, *[True] * 3, False])
    found = enrich(Grouping(0, (labels,), np.zeros(1), np.zeros(12)), recall, 0.05)
    # Of the C(12, 4) = 495 ways to choose 4 of 12, C(4, 3)·8 + 1 = 33 have three or four of them among the last four.
    assert found.p_value[1] == pytest.approx((4 * 8 + 1) / 495)
    assert found.adjusted[1] == pytest.approx(2 * 33 / 495)
    assert found.recall.tolist() == [1, 3]
