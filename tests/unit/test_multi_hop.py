"""Multi-hop: what is asked of the model, and what is found where a path was planted, and where none was."""

import json
from dataclasses import replace

import numpy as np
import pytest

from reportgen.analyses.multi_hop import find, needs
from reportgen.analyses.multi_hop_told import tell
from reportgen.errors import StudyError
from reportgen.facts.fact import Fact, FactSet
from reportgen.spec.experiments import MultiHopSection
from reportgen.spec.model import TestsSection
from tests import planted
from tests.words import WordTokenizer

SECTION = MultiHopSection(
    template="City {object} lies in {subject}. As {subject} is in {continent}, {object} is in {continent}", examples=0
)
FACTS = FactSet(
    tuple(
        Fact(
            f"Great Land{i}",
            "capital",
            f"Town{i}",
            True,
            f"p{i:03}",
            {"continent": f"Part{i % 4}", "half": f"h{i % 20}"},
            "The capital of {subject} is {object}",
        )
        for i in range(40)
    ),
    (),
    "",
)
EARLIER, LATER = (0, 1), (2, 3)


@pytest.fixture(scope="module")
def study():
    made = planted.statements(10)
    study = planted.study(made, planted.values(made, {}))
    return replace(study, plan=replace(study.plan, facts=FACTS, tokenizer=WordTokenizer()))


def scores(study, section=SECTION):
    """Attention about 0.1 everywhere, [request, layer, head]; and of each chain's requests, which they are."""
    count = len(needs(study.plan, section).requests)
    values = np.random.default_rng(1).normal(0.1, 0.01, (count, planted.LAYERS, planted.HEADS)).astype(np.float32)
    return values, values[: 40 * 2 * 2 * 3].reshape(40, 2, 2, 3, planted.LAYERS, planted.HEADS)


TRUE, SHUFFLED, START, AGAIN, LINK = 0, 1, 0, 1, 2


def pairs_found(found):
    paths = found.paths
    return [
        (divmod(int(paths.earlier[i]), planted.HEADS), divmod(int(paths.later[i]), planted.HEADS))
        for i in np.flatnonzero(paths.tested.found)
    ]


def test_it_asks_for_both_hops_through_every_token_of_the_link(study):
    requests = needs(study.plan, SECTION).requests
    assert len(requests) == 40 * 2 * 2 * 3
    first, back, forth = (request.statement for request in requests[3:6])
    assert first.tokens.texts[first.query] == "Land0"
    assert [first.tokens.texts[key] for key in first.keys] == ["Town0"]
    assert [back.tokens.texts[key] for key in back.keys] == ["Great", "Land0"]
    assert (back.query, forth.keys) == (first.query, (first.query,))
    assert forth.query == len(forth.tokens.ids) - 2


def test_a_path_that_no_single_hop_shows_is_found_and_no_other(study):
    values, chains = scores(study)
    # The earlier head looks at the start from the link's second token. The later one reads that token in true chains, and
    # the other in shuffled ones: each hop by itself is the same in both.
    chains[:, :, 1, START, *EARLIER] += 0.4
    chains[:, TRUE, 1, LINK, *LATER] += 0.4
    chains[:, SHUFFLED, 0, LINK, *LATER] += 0.4
    found = find(study, SECTION, values)
    assert pairs_found(found) == [(EARLIER, LATER)]
    assert not found.to_start.recall_heads().any()
    assert not found.to_link.recall_heads().any()
    best = found.paths.tested.order[0]
    assert found.paths.tested.true[best] == pytest.approx(0.5 * 0.5 + 0.1 * 0.1, abs=0.01)
    assert found.paths.tested.shuffled[best] == pytest.approx(2 * 0.5 * 0.1, abs=0.01)
    told = tell(found, study, SECTION)
    assert "Through **1** of the 48 strongest pairs" in told.answer
    assert "through 0 less (40 chains)" in told.answer
    assert "[L0H1]" in told.answer
    assert "[L2H3]" in told.answer
    [evidence] = told.evidence
    assert np.argwhere(evidence.speaks).tolist() == [[*EARLIER], [*LATER]]
    assert evidence.low[EARLIER] > 10
    assert {"multi-hop-paths.csv", "multi-hop-heads.csv", "multi-hop-chains.csv"} == {file.name for file in told.files}


def test_hops_that_only_true_chains_have_are_found_one_by_one(study):
    values, chains = scores(study)
    chains[:, TRUE, :, START, *EARLIER] += 0.3
    chains[:, TRUE, :, LINK, *LATER] += 0.3
    chains[:, SHUFFLED, :, AGAIN, 1, 1] -= 0.08
    found = find(study, SECTION, values)
    for tests, place in ((found.to_start, EARLIER), (found.to_link, LATER), (found.to_again, (1, 1))):
        assert np.argwhere(tests.recall_heads().to_numpy()).tolist() == [[*place]]
    assert float(found.to_link.heads.effect[LATER]) == pytest.approx(0.6, abs=0.01)
    assert found.paths.tested.order[0] == next(
        i
        for i, pair in enumerate(zip(found.paths.earlier, found.paths.later, strict=True))
        if pair == (EARLIER[1], LATER[0] * planted.HEADS + LATER[1])
    )


def test_nothing_to_find_is_said_with_what_could_have_been_found(study):
    values, _ = scores(study)
    found = find(study, SECTION, values)
    assert not pairs_found(found)
    told = tell(found, study, SECTION)
    assert told.answer.startswith("**No** path through the 48 strongest pairs of heads")
    assert "points or more would have been found" in told.answer
    assert not told.evidence[0].speaks.any()
    assert not told.notices
    figure = next(block for block in told.blocks if getattr(block, "id", "") == "fig-multi-hop-paths")
    assert "var(--accent)" not in figure.html
    assert "L0H" in figure.html


def test_a_path_that_only_shuffled_chains_have_is_told_as_a_loss(study):
    values, chains = scores(study)
    chains[:, SHUFFLED, :, START, *EARLIER] += 0.3
    chains[:, SHUFFLED, :, LINK, *LATER] += 0.3
    told = tell(find(study, SECTION, values), study, SECTION)
    assert "Through **0** of the 48" in told.answer
    assert "The path that loses most" in told.answer


def test_the_baselines_see_the_whole_patterns_of_some_chains(study):
    section = SECTION.model_copy(update={"examples": 6})
    values, chains = scores(study, section)
    requests = needs(study.plan, section).requests[chains.size // 12 :]
    for row, request in zip(values[chains.size // 12 :], requests, strict=True):
        row[...] = 1 / (request.statement.query + 1)
    found = find(study, section, values)
    assert found.baselines is not None
    assert found.baselines.chains == 6
    assert not found.baselines.tested.found.any()
    assert np.allclose(found.baselines.tested.true, found.baselines.tested.shuffled, atol=1e-6)
    assert "Attention rollout and attention flow [@abnar2020]" in tell(found, study, section).method
    assert find(study, SECTION, scores(study)[0]).baselines is None


def test_clusters_are_the_units_and_a_start_at_the_first_token_is_warned_of(study):
    section = SECTION.model_copy(update={"template": SECTION.template.removeprefix("City ")})
    spec = study.spec.model_copy(update={"tests": TestsSection(cluster="half", test="welch")})
    plan = replace(study.plan, file=study.plan.file.model_copy(update={"spec": spec}))
    clustered = replace(study, plan=plan)
    found = find(clustered, section, scores(clustered, section)[0])
    assert found.units == 20
    assert (found.to_link.design, found.to_link.test, found.to_link.n_a) == ("paired", "paired_t", 20)
    notices = tell(found, clustered, section).notices
    assert any("40 chains the start holds the text’s first token" in notice.message for notice in notices)
    assert any("20 clusters by `half`" in notice.message for notice in notices)


def test_one_layer_or_one_cluster_is_refused(study):
    values, _ = scores(study)
    with pytest.raises(StudyError, match="this model has one layer"):
        find(study, SECTION, values[:, :1])
    spec = study.spec.model_copy(update={"tests": TestsSection(cluster="relation")})
    alike = replace(study, plan=replace(study.plan, file=study.plan.file.model_copy(update={"spec": spec})))
    with pytest.raises(StudyError, match="one cluster by `relation`"):
        find(alike, SECTION, values)


def test_the_drawing_pushes_names_apart_and_opens_heads(study):
    values, chains = scores(study)
    chains[:, TRUE, :, START, 0] += 0.3
    chains[:, TRUE, :, LINK, 2] += 0.3
    told = tell(find(study, SECTION, values), study, SECTION)
    figure = next(block for block in told.blocks if getattr(block, "id", "") == "fig-multi-hop-paths")
    traces = json.loads(figure.html.split('type="application/json">')[1].split("</script>")[0])["data"]
    names = [trace for trace in traces if trace.get("customdata")]
    assert [trace["text"] for trace in names] == [trace["customdata"] for trace in names]
    for trace in names:
        assert min(np.diff(trace["y"]), default=1) > 0.25
