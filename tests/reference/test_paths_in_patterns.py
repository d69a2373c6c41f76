"""Paths through chains of a small model, against its own patterns multiplied by plain loops."""

from types import SimpleNamespace

import numpy as np
import pytest

from reportgen.analyses.multi_hop import find, needs
from reportgen.capture.run import capture
from reportgen.chains import make_chains
from reportgen.facts.fact import Fact, FactSet
from reportgen.models.tokenizer import Tokenizer
from reportgen.spec.experiments import MultiHopSection
from reportgen.spec.model import TestsSection
from reportgen.stats.rollout import flow
from tests.small import HEADS, LAYERS, proven

SECTION = MultiHopSection(
    template="The city of {object} is the capital of {subject}. As {subject} is in {continent}, {object} is in {continent}",
    examples=3,
)
NAMES = ("France", "New Zealand", "Kyrgyzstan", "Japan", "Peru", "the Netherlands", "Chad", "Sri Lanka", "Fiji", "Oman")
FACTS = FactSet(
    tuple(
        Fact(
            name,
            "capital",
            f"{name} City",
            True,
            f"p{place}",
            {"continent": ("Europe", "North Asia", "Africa")[place % 3]},
            "The capital of {subject} is {object}",
        )
        for place, name in enumerate(NAMES)
    ),
    (),
    "",
)


@pytest.fixture(scope="module")
def made(small_model, tmp_path_factory):
    """What is found, and every chain's patterns [layer, head, query, key] as transformers gives them."""
    plan = SimpleNamespace(facts=FACTS, tokenizer=Tokenizer(small_model))
    study = SimpleNamespace(plan=plan, spec=SimpleNamespace(tests=TestsSection(resamples=99)))
    scores = capture(needs(plan, SECTION).requests, proven(small_model, tmp_path_factory.mktemp("cache"))).values
    chains = make_chains(FACTS, SECTION, plan.tokenizer)
    return find(study, SECTION, scores), chains, _patterns(small_model, chains)


def _patterns(folder, chains):
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager").eval()
    with torch.inference_mode():
        return [
            torch.cat(model(torch.tensor([chain.statement.tokens.ids]), output_attentions=True).attentions).numpy()
            for chain in chains.each()
        ]


def test_path_strengths_are_those_of_plain_loops(made):
    found, chains, patterns = made
    assert len(chains.pairs) == len(NAMES)
    assert len(found.paths.earlier) == HEADS**2 * LAYERS * (LAYERS - 1) // 2
    for earlier, later, true, shuffled in zip(
        found.paths.earlier, found.paths.later, found.paths.tested.true, found.paths.tested.shuffled, strict=True
    ):
        strengths = [
            _strength(pattern[divmod(int(earlier), HEADS)], pattern[divmod(int(later), HEADS)], chain)
            for chain, pattern in zip(chains.each(), patterns, strict=True)
        ]
        assert true == pytest.approx(np.mean(strengths[::2]), abs=1e-5)
        assert shuffled == pytest.approx(np.mean(strengths[1::2]), abs=1e-5)


def _strength(earlier, later, chain):
    query = chain.statement.query
    return sum(later[query, middle] * earlier[middle, start] for middle in chain.link for start in chain.start)


def test_single_hops_are_those_of_the_patterns(made):
    found, chains, patterns = made
    pairs = [*zip(chains.each(), patterns, strict=True)][::2]
    back = [np.mean([p[:, :, m][:, :, list(c.start)].sum(axis=2) for m in c.link], axis=0) for c, p in pairs]
    again = [np.mean([p[:, :, m][:, :, list(c.again)].sum(axis=2) for m in c.link], axis=0) for c, p in pairs]
    forth = [p[:, :, c.statement.query][:, :, list(c.link)].sum(axis=2) for c, p in pairs]
    for tests, expected in ((found.to_start, back), (found.to_again, again), (found.to_link, forth)):
        assert np.allclose(tests.heads.mean_a, np.mean(expected, axis=0), atol=1e-5)


def test_rollout_and_flow_are_those_of_the_whole_patterns(made):
    found, chains, patterns = made
    spread, flows = [], []
    for place in (0, 4, 9):
        chain, query = chains.pairs[place].true, chains.pairs[place].true.statement.query
        averaged = patterns[2 * place].astype(float).mean(axis=1)[:, : query + 1, : query + 1]
        product = np.eye(query + 1)
        for layer in averaged:
            product = (layer + np.eye(query + 1)) / 2 @ product
        spread.append([product[query, list(span)].sum() for span in (chain.start, chain.link)])
        flows.append([flow(averaged, query, span) for span in (chain.start, chain.link)])
    assert found.baselines.chains == 3
    assert np.allclose(found.baselines.tested.true, [*np.mean(spread, axis=0), *np.mean(flows, axis=0)], atol=1e-4)
