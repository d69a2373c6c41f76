"""Honest top lists against loops over single splits, SciPy, closed forms, and truths that were planted."""

import numpy as np
import pytest
from scipy import stats

from reportgen.stats import selection
from reportgen.stats.selection import cross_fit, split_half, top_k_stability

NULL_HEADS, UNITS, STUDIES = 200, 60, 150


def planted(heads, effects):
    truth = np.zeros(heads)
    truth[: len(effects)] = effects
    return truth


TRUTHS = {
    "no head differs": planted(NULL_HEADS, ()),
    "weak heads of both signs": planted(NULL_HEADS, np.linspace(0.1, 0.4, 20) * np.tile([-1, 1], 10)),
    "ten strong heads": planted(NULL_HEADS, np.linspace(1.5, 3, 10)),
}
DESIGNS = {
    "paired": lambda rng, truth: (rng.normal(truth, 1, (UNITS, len(truth))),),
    "independent": lambda rng, truth: (
        rng.normal(truth, 0.7, (UNITS, len(truth))),
        -rng.normal(0, 0.7, (UNITS - 11, len(truth))),
    ),
}


def simulate(design, truth, statistic, seed, studies=STUDIES):
    """Mean of a statistic over studies, and its Monte-Carlo error; the statistic may be an array."""
    rng = np.random.default_rng(seed)
    values = np.array([statistic(DESIGNS[design](rng, truth), rng) for _ in range(studies)])
    return values.mean(axis=0), values.std(axis=0) / np.sqrt(studies)


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("truth", TRUTHS)
def test_the_other_half_shows_the_true_effect_of_the_chosen_heads_at_every_rank(design, truth):
    """The truth of a rank is the mean true effect, in the chosen direction, of the heads that stood there."""

    def excess(samples, rng):
        bits = rng.bit_generator.state
        fitted = cross_fit(samples, 10, 40, rng)
        rng.bit_generator.state = bits
        choices = selection._choices(samples, 10, 40, rng)
        true = (np.sign(choices.choosing) * TRUTHS[truth][choices.heads]).mean(axis=0)
        return fitted.by_rank - true, fitted.naive_by_rank - true

    (fitted, naive), (fitted_error, naive_error) = simulate(design, TRUTHS[truth], excess, seed=1)
    assert np.abs(fitted / fitted_error).max() < 4
    assert abs(fitted.mean()) < 4 * fitted_error.mean()
    if truth != "ten strong heads":
        assert (naive > 20 * naive_error).all()
        assert naive.mean() > 0.2


@pytest.mark.parametrize("truth", TRUTHS)
def test_estimates_weighted_by_how_often_a_head_was_chosen_are_unbiased(truth):
    """In each head, and so in every sum over heads: Σ chosen·(estimate - truth) has mean 0."""

    def excess(samples, rng):
        choices = selection._choices(samples, 10, 40, rng)
        other = choices.other - TRUTHS[truth][choices.heads]
        return np.bincount(choices.heads.ravel(), weights=other.ravel(), minlength=NULL_HEADS)

    mean, error = simulate("paired", TRUTHS[truth], excess, seed=2)
    z = mean[error > 0] / error[error > 0]
    assert np.sqrt((z**2).mean()) == pytest.approx(1, abs=0.2)


def test_the_naive_top_list_is_cursed_and_single_estimates_lift_a_part_of_it():
    """What the docstring of `CrossFit` says of the heads at the top of the full data's list."""

    def excess(samples, rng):
        effect = samples[0].mean(axis=0)
        top = np.argsort(-np.abs(effect))[:10]
        fitted = cross_fit(samples, 10, 40, rng)
        return np.abs(effect[top]).mean(), np.nanmean(np.sign(effect[top]) * fitted.estimate[top])

    (naive, fitted), _ = simulate("paired", TRUTHS["no head differs"], excess, seed=3)
    assert naive > 0.25  # About 2.3 standard errors of a mean of 60, where the truth is 0.
    assert 0.4 < fitted / naive < 0.65
    strong = TRUTHS["ten strong heads"]
    (naive, fitted), (_, error) = simulate("paired", strong, excess, seed=4)
    assert fitted == pytest.approx(strong[:10].mean(), abs=4 * error)


def test_by_rank_is_no_more_than_a_list_of_all_units_deserves():
    truth = TRUTHS["weak heads of both signs"]

    def deserved(samples, rng):
        effect = samples[0].mean(axis=0)
        top = np.argsort(-np.abs(effect))[:10]
        return (
            cross_fit(samples, 10, 40, rng).by_rank.mean(),
            (np.sign(effect) * truth)[top].mean(),
            np.abs(effect[top]).mean(),
        )

    (fitted, true, naive), _ = simulate("paired", truth, deserved, seed=5)
    assert 0.5 * true < fitted < true < 0.7 * naive


@pytest.mark.parametrize("design", DESIGNS)
def test_matrix_products_give_what_a_loop_over_splits_gives(design):
    rng = np.random.default_rng(6)
    samples = DESIGNS[design](rng, planted(25, (0.5, -0.5, 0.3)))
    fitted = cross_fit(samples, 4, 130, np.random.default_rng(7))
    estimates, naive, by_rank = [[] for _ in range(25)], [], []
    for halves in halves_one_by_one(samples, 130, np.random.default_rng(7)):
        for choosing, other in (halves, halves[::-1]):
            heads = sorted(range(25), key=lambda head: -abs(choosing[head]))[:4]
            naive.append([abs(choosing[head]) for head in heads])
            by_rank.append([other[head] * np.sign(choosing[head]) for head in heads])
            for head in heads:
                estimates[head].append(other[head])
    seldom = np.array([len(values) < 26 for values in estimates])
    expected = np.array([np.mean(values) if len(values) >= 26 else np.nan for values in estimates])
    np.testing.assert_allclose(fitted.chosen, [len(values) / 260 for values in estimates], rtol=1e-12)
    np.testing.assert_allclose(fitted.estimate, expected, rtol=1e-10)
    np.testing.assert_allclose(fitted.naive_by_rank, np.mean(naive, axis=0), rtol=1e-10)
    np.testing.assert_allclose(fitted.by_rank, np.mean(by_rank, axis=0), rtol=1e-10)
    assert 0 < seldom.sum() < 25


def halves_one_by_one(samples, splits, rng):
    """The effects on the two halves of each split, taking the units out one split at a time."""
    for start in range(0, splits, 100):
        count = min(100, splits - start)
        drawn = [rng.permuted(np.tile(np.arange(len(s)) < len(s) // 2, (count, 1)), axis=1) for s in samples]
        for split in range(count):
            masks = [mask[split] for mask in drawn]
            yield (
                sum(sample[mask].mean(axis=0) for sample, mask in zip(samples, masks, strict=True)),
                sum(sample[~mask].mean(axis=0) for sample, mask in zip(samples, masks, strict=True)),
            )


@pytest.mark.parametrize("design", DESIGNS)
def test_correlations_are_scipys(design):
    samples = DESIGNS[design](np.random.default_rng(8), planted(25, (0.5, -0.5, 0.3)))
    ours = split_half(samples, 130, np.random.default_rng(9))
    r = [stats.pearsonr(*halves)[0] for halves in halves_one_by_one(samples, 130, np.random.default_rng(9))]
    assert ours.correlation == pytest.approx(np.mean(r), rel=1e-10)
    assert (ours.low, ours.high) == pytest.approx(tuple(np.percentile(r, [5, 95])), rel=1e-10)


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("signal", [0.0, 0.1, 0.5])
def test_reliability_has_its_closed_form(design, signal):
    """τ²/(τ² + v) for true effects of variance τ² between heads and errors of variance v in the whole map."""
    rng = np.random.default_rng(10)
    truth = rng.normal(0, signal, 4000)
    samples = DESIGNS[design](rng, truth)
    variance = {"paired": 1 / UNITS, "independent": 0.49 / UNITS + 0.49 / (UNITS - 11)}[design]
    expected = truth.var() / (truth.var() + variance)
    ours = split_half(samples, 60, rng)
    assert ours.reliability == pytest.approx(expected, abs=0.05)
    assert ours.low < ours.correlation < ours.high
    if signal:
        assert ours.noise_ceiling == pytest.approx(np.sqrt(expected), abs=0.03)
        effect = np.sum([sample.mean(axis=0) for sample in samples], axis=0)
        assert np.corrcoef(effect, truth)[0, 1] == pytest.approx(ours.noise_ceiling, abs=0.03)


@pytest.mark.parametrize("design", DESIGNS)
def test_strong_heads_are_stable_and_the_others_share_what_is_left(design):
    truth = planted(NULL_HEADS, (2, -2, 3, 2, -3))
    rng = np.random.default_rng(11)
    share = np.mean([top_k_stability(DESIGNS[design](rng, truth), 10, 100, rng) for _ in range(40)], axis=0)
    assert share[:5].tolist() == [1.0] * 5
    others = share[5:]
    assert others.mean() == pytest.approx(5 / 195, rel=1e-9)
    assert others.max() < 0.15


def test_stability_where_no_head_differs_is_k_of_m():
    rng = np.random.default_rng(12)
    share = np.mean([top_k_stability((rng.normal(size=(30, 50)),), 5, 60, rng) for _ in range(200)], axis=0)
    np.testing.assert_allclose(share, 5 / 50, atol=4 * np.sqrt(0.1 * 0.9 / 200))


def test_stability_is_that_of_resampling_units_by_hand():
    samples = DESIGNS["paired"](np.random.default_rng(13), planted(25, (0.4, -0.4, 0.3)))
    rng = np.random.default_rng(14)
    counts = np.zeros(25)
    for _ in range(4000):
        effect = samples[0][rng.integers(0, UNITS, UNITS)].mean(axis=0)
        counts[np.argsort(-np.abs(effect))[:4]] += 1
    ours = top_k_stability(samples, 4, 4000, np.random.default_rng(15))
    np.testing.assert_allclose(ours, counts / 4000, atol=4 * np.sqrt(2 * 0.25 / 4000))
