"""Controls from planted arrays: where known heads look, what drowns in noise, and what shuffled labels leave."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tokenizers import AddedToken
from tokenizers import Tokenizer as FastTokenizer
from tokenizers.models import WordLevel

from reportgen.capture.controls import repeated_tokens, repeats_for, spread_over_lengths
from reportgen.controls import (
    Controls,
    Map,
    ModelControls,
    NegativeControl,
    NoiseFloor,
    PositiveControl,
    Repeats,
    negative_control,
    shuffled,
)
from reportgen.figures.control_maps import control_maps
from reportgen.findings import Finding
from reportgen.inference import test_heads as run_tests
from reportgen.models.tokenizer import Tokenizer
from reportgen.report.controls_section import controls_blocks, controls_method
from reportgen.report.document import Figure, Prose, Table
from reportgen.scores import label_scores
from tests import planted

REPEATS = Repeats(sequences=8, before=1, period=4)
SHAPE = (planted.LAYERS, planted.HEADS)


def map_of(value: float, **heads: float) -> Map:
    """One value at every head but those named, as in L1H2."""
    made = np.full(SHAPE, value)
    for name, other in heads.items():
        made[int(name[1]), int(name[3])] = other
    return made


def positive(previous: float = 0.9, induction: float = 0.8) -> PositiveControl:
    return PositiveControl(REPEATS, map_of(0.05, L0H1=previous, L2H0=0.4), map_of(0.02, L1H3=induction))


def noise(value: float = 1e-6, **heads: float) -> NoiseFloor:
    return NoiseFloor(16, map_of(value, **heads), map_of(value / 2))


@pytest.fixture(scope="module")
def finding() -> Finding:
    """Forty pairs in which L1H2 and L2H0 differ."""
    made = planted.statements(40)
    return planted.finding(made, planted.values(made, {(1, 2): -0.1, (2, 0): 0.05}))


def negative(finding: Finding, over_draws: tuple[int, ...] = (0,) * 20) -> NegativeControl:
    found = np.zeros(SHAPE, dtype=bool)
    found[0, 3] = over_draws[0] > 0
    return NegativeControl(map_of(0.002), found, finding.tests.family_size, over_draws)


def controls(finding: Finding, noise_: NoiseFloor | None = None, over_draws: tuple[int, ...] = (0,) * 20) -> Controls:
    return Controls(ModelControls(positive(), noise_ or noise()), negative(finding, over_draws))


def test_known_heads_look_one_back_and_at_what_followed() -> None:
    """B a b c d a b c d: the second a (5) looks at the first b (2)."""
    previous, induction = REPEATS.previous, REPEATS.induction
    assert previous.queries.tolist() == [2, 3, 4, 5, 6, 7, 8]
    assert previous.keys.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert induction.queries.tolist() == [5, 6, 7, 8]
    assert induction.keys.tolist() == [2, 3, 4, 5]
    assert induction.uniform == pytest.approx(np.mean([1 / 6, 1 / 7, 1 / 8, 1 / 9]))


def test_the_positive_control_passes_with_a_head_of_each_kind() -> None:
    previous, induction = positive().kinds
    assert positive().passes
    assert (previous.heads, induction.heads) == (2, 1)
    assert previous.best(2) == [(0, 1), (2, 0)]
    assert ModelControls(positive(), noise()).notices == ()


def test_a_model_without_one_kind_gets_a_warning_that_names_it() -> None:
    controls = ModelControls(positive(induction=0.3999), noise())
    assert not controls.positive.passes
    (notice,) = controls.notices
    assert notice.kind == "warning"
    assert "no induction head is found in this model" in notice.message


@pytest.mark.parametrize("rounding", [None, map_of(3e-6, L0H0=1e-8)])
def test_what_was_measured_comes_back_from_the_store_as_it_was(rounding: Map | None) -> None:
    floor = NoiseFloor(7, map_of(1e-6, L1H1=5e-6), rounding, "float32" if rounding is None else "bfloat16")
    again = NoiseFloor.from_bytes(floor.to_bytes())
    assert (again.statements, again.dtype, again.finer) == (7, floor.dtype, floor.finer)
    assert (again.rounding is None) == (rounding is None)
    np.testing.assert_array_equal(again.noise, floor.noise)
    heads = PositiveControl.from_bytes(positive().to_bytes())
    assert heads.repeats == REPEATS
    np.testing.assert_array_equal(heads.previous, positive().previous)
    np.testing.assert_array_equal(heads.induction, positive().induction)


def test_an_effect_that_is_no_larger_than_twice_either_noise_is_below_it() -> None:
    """Both means may be off by the noise, in opposite directions."""
    floor = NoiseFloor(16, map_of(1e-6, L0H0=4e-6), map_of(2e-6))
    effect = map_of(-4e-6, L0H0=-8.1e-6, L1H1=np.nan, L2H2=4.1e-6)
    below = floor.below_noise(effect)
    assert not below[[0, 1, 2], [0, 1, 2]].any()
    assert below.sum() == below.size - 3


def test_shuffled_pairs_keep_their_two_scores_and_swap_about_half(finding: Finding) -> None:
    tests = finding.tests
    a, b = shuffled(tests, np.random.default_rng(3))
    swapped = (a.to_numpy() == tests.units_b.to_numpy()).all(axis=(1, 2))
    assert 10 < swapped.sum() < 30
    np.testing.assert_array_equal(a[~swapped], tests.units_a[~swapped])
    np.testing.assert_array_equal(a.to_numpy() + b.to_numpy(), tests.units_a.to_numpy() + tests.units_b.to_numpy())
    assert a.dims == b.dims == ("unit", "layer", "head")


def test_shuffled_sets_hold_the_same_units_drawn_anew(finding: Finding) -> None:
    tests = replace(finding.tests, design="independent", units_b=finding.tests.units_b[:25])
    a, b = shuffled(tests, np.random.default_rng(3))
    assert (len(a), len(b)) == (40, 25)
    before = sorted(unit.tobytes() for unit in (*tests.units_a.to_numpy(), *tests.units_b.to_numpy()))
    assert sorted(unit.tobytes() for unit in (*a.to_numpy(), *b.to_numpy())) == before
    came_from_a = np.isin(a[:, 0, 0], tests.units_a[:, 0, 0])
    assert 15 < came_from_a.sum() < 35


def test_a_strong_effect_is_gone_when_its_labels_are_shuffled(finding: Finding) -> None:
    assert [head.name for head in finding.recall] == ["L1H2", "L2H0"]
    control = negative_control(finding.tests, seed=5)
    assert len(control.over_draws) == 20
    assert control.alarms <= 3
    assert control.family == finding.tests.tested
    assert abs(control.effect[1, 2]) < 0.05 < abs(finding.tests.heads.effect.to_numpy()[1, 2])


def test_the_same_seed_shuffles_alike(finding: Finding) -> None:
    one, same, other = (negative_control(finding.tests, seed, draws=2) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one.effect, same.effect)
    assert one.over_draws == same.over_draws
    assert not np.array_equal(one.effect, other.effect)


def test_labels_of_independent_sets_are_shuffled_too() -> None:
    made = planted.statements(30)
    spec = planted.SPEC.model_copy(update={"tests": planted.SPEC.tests.model_copy(update={"test": "welch"})})
    tests = run_tests(label_scores(planted.values(made, {(1, 2): -0.1}), made), spec.contrasts[0], spec.tests)
    assert tests.recall_heads().to_numpy()[1, 2]
    control = negative_control(tests, seed=1, draws=10)
    assert control.alarms <= 2
    assert abs(control.effect[1, 2]) < 0.05


def test_alarms_are_too_many_when_chance_explains_them_once_in_a_hundred(finding: Finding) -> None:
    """P(4 or more of 20 at 5 %) = 0.016, P(5 or more) = 0.003."""
    assert not negative(finding, (2, 1, 1, 7) + (0,) * 16).more_than(0.05)
    assert negative(finding, (2, 1, 1, 7, 1) + (0,) * 15).more_than(0.05)
    assert not negative(finding).more_than(0.05)


def test_both_maps_have_one_scale_and_each_its_own_rings(finding: Finding) -> None:
    figure = control_maps(finding, controls(finding, noise(1e-6, L0H2=0.5), (1,) + (0,) * 19))
    real, real_rings, fake, fake_rings, *bars = figure.data
    assert real.zmax == fake.zmax == -real.zmin == -fake.zmin
    assert real.zmax > 8
    assert (list(real_rings.y), list(real_rings.x)) == ([1, 2], [2, 0])
    assert (list(fake_rings.y), list(fake_rings.x)) == ([0], [3])
    assert np.isnan(real.z[0, 2])
    assert np.isnan(real.z).sum() == np.isnan(fake.z).sum() == 1
    assert [len(bar.x) for bar in bars] == [planted.LAYERS] * 2


def section(finding: Finding, made: Controls) -> tuple[str, list[Figure | Table]]:
    blocks = controls_blocks(made, finding, planted.SPEC)
    text = " ".join(block.text for block in blocks if isinstance(block, Prose))
    return text.replace("\\", "").replace("\u00a0", " "), [b for b in blocks if isinstance(b, Figure | Table)]


def test_the_section_answers_three_questions(finding: Finding) -> None:
    text, (figure, table) = section(finding, controls(finding))
    assert "with shuffled labels not one of 12 heads is found, in any of 20 shuffles" in text
    assert "at most 5 % of such cases, which these shuffles agree with" in text
    assert "2 of 12 heads count as previous-token heads" in text
    assert "every head found has an effect above twice its numerical noise, and so have 12 of all 12 heads" in text
    assert "moves the score of a head by 0.0001 points at most" in text
    assert "An effect is a difference of two scores and may move by twice as much" in text
    assert "checks the machinery, not the assumption that the pairs are independent of each other" in text
    assert "and the same tests run again." in text
    assert figure.id == "fig-controls-truth"
    assert "L0H1" in table.html
    assert "90.0" in table.html
    assert "previous-token head, does not count" not in table.html.split("L2H0")[1].split("</tr>")[0]


def test_a_head_found_below_its_noise_is_named(finding: Finding) -> None:
    text, _ = section(finding, controls(finding, noise(1e-6, L2H0=0.03)))
    assert (
        "1 of the 2 heads found have an effect no larger than twice their numerical noise (L2H0); 11 of all 12" in text
    )


def test_too_many_alarms_cast_doubt_on_the_finding(finding: Finding) -> None:
    text, _ = section(finding, controls(finding, over_draws=(2, 1, 1, 7, 1) + (0,) * 15))
    assert "some of 12 heads are found in 5 of 20 shuffles, at most 7 heads in one" in text
    assert "the heads found above deserve doubt" in text


def with_settings(finding: Finding, **changes: object) -> Finding:
    settings = finding.tests.settings.model_copy(update=changes)
    return replace(finding, tests=replace(finding.tests, settings=settings))


def test_a_contrast_of_a_whole_study_is_tested_by_itself_here_and_says_so(finding: Finding) -> None:
    text, _ = section(with_settings(finding, family="study"), controls(finding))
    assert "the same tests run again, though this contrast is tested by itself here" in text


def test_shuffled_clusters_are_called_clusters(finding: Finding) -> None:
    text, _ = section(with_settings(finding, cluster="subject"), controls(finding))
    assert "mean of each cluster are swapped" in text
    assert "the assumption that the clusters are independent of each other" in text


def test_a_noise_that_was_not_measured_is_not_claimed(finding: Finding) -> None:
    floor = replace(noise(), rounding=None)
    text, _ = section(finding, controls(finding, floor))
    assert "against float64 it was not measured" in text
    assert "float64" not in controls_method(controls(finding, floor))
    assert "float64" in controls_method(controls(finding))


def coarse(**heads: float) -> NoiseFloor:
    """Of a run in bfloat16, which moves every head by 0.4 points and more."""
    return NoiseFloor(16, map_of(0.002), map_of(0.004, **heads), "bfloat16")


def test_a_run_in_bfloat16_says_by_how_much_that_alone_moves_a_score(finding: Finding) -> None:
    text, _ = section(finding, controls(finding, coarse(L2H0=0.0333)))
    assert (
        "The model ran in bfloat16, and that alone moves the score of a head by up to 3.3 points (of the median head by 0.4) "
        "from what float32 gives: the largest change over 16 statements." in text.replace("**", "")
    )
    assert "in bfloat16 both times, their scores differ by 0.2 points at most" in text
    assert "Do not trust an effect that is no larger than twice what moves its head" in text
    assert "1 of the 2 heads found have an effect no larger than twice their numerical noise (L2H0)" in text
    assert "float64" not in text
    assert "or between bfloat16 and float32" in controls_method(controls(finding, coarse()))


def test_bfloat16_is_warned_of_beside_the_results() -> None:
    (notice,) = ModelControls(positive(), coarse(L2H0=0.0333)).notices
    assert notice.kind == "warning"
    assert notice.message.startswith(
        "The model ran in bfloat16. That alone moves the score of a head by up to 3.3 points of attention, and of the median "
        "head by 0.4, from what float32 gives. Do not trust an effect that is no larger than twice what it moves its head by"
    )
    both = ModelControls(positive(induction=0.1), coarse()).notices
    assert ["induction" in both[0].message, "bfloat16" in both[1].message] == [True, True]


def tokenizer(folder: Path, words: int, bos: bool) -> Tokenizer:
    fast = FastTokenizer(WordLevel({f"w{i}": i for i in range(words)}, unk_token="w0"))
    fast.add_special_tokens(["<s>", AddedToken("w1", special=True)])
    fast.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text('{"bos_token": "<s>"}')
    (folder / "config.json").write_text('{"n_positions": 21}')
    return Tokenizer(folder, "always" if bos else "never")


@pytest.mark.parametrize(("words", "bos", "period"), [(40, True, 10), (40, False, 10), (6, True, 5), (2, False, 1)])
def test_random_tokens_fit_the_context_and_the_vocabulary(tmp_path: Path, words: int, bos: bool, period: int) -> None:
    made = tokenizer(tmp_path, words, bos)
    assert made.ordinary == (0, *range(2, words))
    repeats = repeats_for(made)
    assert repeats == Repeats(8, int(bos), period)
    for sequence in repeated_tokens(repeats, made.ordinary, made.bos, np.random.default_rng(0)):
        assert len(sequence) == 2 * period + bos
        assert sequence[bos : bos + period] == sequence[bos + period :]
        assert len(set(sequence[bos:])) == period
        assert not bos or sequence[0] == made.bos == words


def test_the_noise_sample_spans_the_lengths_of_the_study() -> None:
    made = planted.statements(100, length=lambda pair: 3 + pair % 40)
    lengths = [len(made[place].tokens.ids) for place in spread_over_lengths(made)]
    assert len(set(spread_over_lengths(made))) == 16
    assert (lengths[0], lengths[-1]) == (3, 42)
    assert lengths == sorted(lengths)
    assert spread_over_lengths(made[:3]) == [0, 1, 2]
