"""Designs that cannot be tested, or hardly: each a named error with place, value and remedy, or a warning on the page."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reportgen.contrasts import (
    ClusterDesignError,
    EmptySetError,
    OverlappingSetsError,
    TooFewStatementsError,
    UnknownColumnError,
)
from reportgen.errors import InputError, ReportgenError, StudyError
from reportgen.findings import Finding, conclude
from reportgen.further import interact
from reportgen.planned import DoseColumnError, InteractionDesignError, require_columns
from reportgen.scores import label_columns, label_scores
from reportgen.spec.load import load_spec
from reportgen.spec.model import SpecFile
from reportgen.statements import Statement
from tests import planted

HEAD = """\
study: {id: capitals, title: Capitals}
model: {hub: gpt2}
facts: {file: f.csv, relations: {r: {template: "{subject} {object}"}}}
"""
SIZES = """\
contrasts:
  - id: sizes
    title: Sizes
    a: {name: even, where: {size: z0}}
    b: {name: odd, where: {size: z1}}
"""


def written(folder: Path, text: str) -> SpecFile:
    path = folder / "study.yml"
    path.write_text(HEAD + text, encoding="utf-8")
    return load_spec(path)


def planned(folder: Path, text: str, made: Sequence[Statement]) -> None:
    """The check that comes before any model runs."""
    file = written(folder, text)
    require_columns(label_columns(made), file.spec, str(file.path))


def concluded(folder: Path, text: str, made: Sequence[Statement], effect: float = 0.1) -> tuple[Finding, ...]:
    scores = planted.values(made, {(1, 2): effect})
    return conclude(label_scores(scores, made), made, written(folder, text).spec)


def sets(a: str, b: str) -> str:
    return f"contrasts: [{{id: c, title: C, a: {{name: first, where: {a}}}, b: {{name: second, where: {b}}}}}]\n"


def under(settings: str) -> str:
    return f"tests: {{{settings}}}\n"


def two_relations(pair: int) -> str:
    return ("capital", "river")[pair % 2]


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (
            sets("{truht: true}", "{truth: false}"),
            UnknownColumnError,
            "{place}: the set `first` of the contrast `c` filters by the column `truht`, which no statement has; the "
            "columns are `object`, `pair`, `relation`, `size`, `subject`, `truth`\n    did you mean `truth`?",
        ),
        (
            sets("{size: z9}", "{truth: false}"),
            EmptySetError,
            "{place}: no statement belongs to the set `first` of the contrast `c`\n    the column `size` holds `z0`, `z1`",
        ),
        (
            sets("{size: z0}", "{truth: false}"),
            OverlappingSetsError,
            "{place}: the sets `first` and `second` of the contrast `c` share 10 of its statements; the first is "
            "`s0 – o0`\n    narrow one of the filters until no statement passes both",
        ),
        (
            sets("{subject: s0, truth: true}", "{subject: s1, truth: false}"),
            TooFewStatementsError,
            "the contrast `c` needs at least 2 statements in each set for its heads to be tested; it has 1",
        ),
        (
            sets("{subject: s0, truth: true}", "{subject: s0, truth: false}"),
            TooFewStatementsError,
            "the contrast `c` needs at least 2 complete pairs for its heads to be tested; it has 1",
        ),
        (
            under("cluster: relation"),
            TooFewStatementsError,
            "the contrast `truth` needs at least 2 clusters for its heads to be tested; it has 1",
        ),
        (
            under("cluster: sice"),
            UnknownColumnError,
            "{place}: tests.cluster names the column `sice`, which no statement has; the columns are `object`, `pair`, "
            "`relation`, `size`, `subject`, `truth`\n    did you mean `size`?",
        ),
        (
            under("cluster: size, test: welch"),
            ClusterDesignError,
            "{place}: the test `welch` does not fit the contrast `truth`, whose clusters by `size` hold statements of both "
            "sets\n    take one of `auto`, `permutation`, `paired_t`, `wilcoxon` as tests.test",
        ),
        (
            SIZES + under("cluster: subject, test: paired_t"),
            ClusterDesignError,
            "{place}: the test `paired_t` does not fit the contrast `sizes`, whose clusters by `subject` lie each in one "
            "of the two sets\n    take one of `auto`, `permutation`, `student`, `welch`, `mann_whitney` as tests.test",
        ),
        (
            SIZES + under("test: wilcoxon"),
            TooFewStatementsError,
            "the contrast `sizes` needs at least 2 complete pairs for its heads to be tested; it has 0",
        ),
        (
            "doses: [{id: d, title: D, column: sise}]\n",
            DoseColumnError,
            "{place}: the dose `d` names the column `sise`, which no statement has; the columns are `object`, `pair`, "
            "`relation`, `size`, `subject`, `truth`\n    did you mean `size`?",
        ),
    ],
)
def test_a_design_that_cannot_be_tested_is_known_before_any_model_runs(
    tmp_path: Path, text: str, error: type[ReportgenError], message: str
) -> None:
    with pytest.raises(error) as caught:
        planned(tmp_path, text, planted.statements(20))
    assert str(caught.value) == message.format(place=tmp_path / "study.yml")
    assert isinstance(caught.value, InputError | StudyError)


def in_groups(made: Sequence[Statement], group: Callable[[int], str]) -> list[Statement]:
    """The statements with one more column, by their place."""
    return [
        replace(one, fact=replace(one.fact, columns={**one.fact.columns, "group": group(place)}))
        for place, one in enumerate(made)
    ]


def test_clusters_that_are_empty_everywhere_are_known_before_any_model_runs(tmp_path: Path) -> None:
    made = in_groups(planted.statements(20), lambda place: "")
    with pytest.raises(ClusterDesignError) as caught:
        planned(tmp_path, SIZES + under("cluster: group"), made)
    why = "tests.cluster names the column `group`, which is empty for every statement of the set"
    remedy = "fill it in, or leave tests.cluster out"
    assert str(caught.value) == (
        f"{tmp_path / 'study.yml'}: {why} `even` of the contrast `sizes`\n    {remedy}\n"
        f"{tmp_path / 'study.yml'}: {why} `odd` of the contrast `sizes`\n    {remedy}"
    )


def test_statements_without_a_cluster_are_left_out_and_counted(tmp_path: Path) -> None:
    made = in_groups(planted.statements(20), lambda place: f"g{place // 4}" if place > 3 else "")
    (finding,) = concluded(tmp_path, under("cluster: group"), made)
    assert finding.tests.n_a == 9
    (notice,) = [notice for notice in finding.tests.notices if notice.kind == "left out"]
    assert "4 statements are left out, because the column `group` is empty there" in notice.message


def test_one_cluster_that_both_sets_share_among_many_is_an_error_that_counts_the_others(tmp_path: Path) -> None:
    made = in_groups(planted.statements(20), lambda place: f"g{max(place, 1)}")
    with pytest.raises(TooFewStatementsError, match="it has 1 with statements of both sets, and 38 more clusters hold"):
        planned(tmp_path, under("cluster: group"), made)


def test_a_cluster_of_its_own_for_each_set_is_no_cluster_to_compare(tmp_path: Path) -> None:
    with pytest.raises(TooFewStatementsError, match="needs at least 2 clusters for its heads to be tested; it has 1"):
        planned(tmp_path, SIZES + under("cluster: size"), planted.statements(20))


@pytest.mark.parametrize("test", ["paired_t", "wilcoxon", "student", "welch", "mann_whitney", "permutation"])
@pytest.mark.parametrize("family", ["contrast", "study"])
def test_groups_in_which_all_is_equal_have_no_page(tmp_path: Path, test: str, family: str) -> None:
    made = planted.statements(20)
    scores = label_scores(np.full((len(made), planted.LAYERS, planted.HEADS), 0.25, np.float32), made)
    with pytest.raises(
        StudyError, match=r"no head can be tested in the contrast `truth`: (every|the scores do not vary)"
    ):
        conclude(scores, made, written(tmp_path, under(f"test: {test}, family: {family}")).spec)


@pytest.mark.parametrize("test", ["paired_t", "student", "welch"])
def test_groups_that_are_each_one_number_say_so(tmp_path: Path, test: str) -> None:
    made = planted.statements(20)
    truth = np.array([statement.fact.truth for statement in made])
    values = np.where(truth[:, np.newaxis, np.newaxis], 0.5, 0.25) * np.ones((1, planted.LAYERS, planted.HEADS))
    with pytest.raises(StudyError, match=r"the difference is the same in every pair|do not vary within either set"):
        conclude(label_scores(values.astype(np.float32), made), made, written(tmp_path, under(f"test: {test}")).spec)


@pytest.mark.parametrize("test", ["wilcoxon", "mann_whitney"])
@pytest.mark.parametrize("family", ["contrast", "study"])
@pytest.mark.parametrize("tail", ["empirical", "pareto"])
def test_ranks_tell_even_groups_that_are_each_one_number_apart(
    tmp_path: Path, test: str, family: str, tail: str
) -> None:
    made = planted.statements(20)
    truth = np.array([statement.fact.truth for statement in made])
    values = np.where(truth[:, np.newaxis, np.newaxis], 0.5, 0.25) * np.ones((1, planted.LAYERS, planted.HEADS))
    settings = under(f"test: {test}, family: {family}, tail: {tail}, resamples: 999")
    both = written(tmp_path, settings + (SIZES_TOO if family == "study" and test == "mann_whitney" else "")).spec
    finding = conclude(label_scores(values.astype(np.float32), made), made, both)[0]
    assert len(finding.recall) == planted.LAYERS * planted.HEADS
    assert {head.effect for head in finding.recall} == {0.25}


SIZES_TOO = (
    "contrasts: [{id: truth, title: T, a: {name: t, where: {truth: true}}, b: {name: f, where: {truth: false}}}]\n"
)


def warnings_of(finding: Finding) -> list[str]:
    return [notice.message for notice in finding.tests.notices if notice.kind == "warning"]


@pytest.mark.parametrize(
    ("pairs", "settings", "smallest", "needed", "remedy"),
    [
        (2, "", "0.5", "0.05", "more units are needed"),
        (5, "", "0.062", "0.05", "more units are needed"),
        (6, "alpha: 0.01", "0.031", "0.01", "more units are needed"),
        (20, "alpha: 0.001, resamples: 499", "0.002", "0.001", "raise `tests.resamples`"),
        (4, "test: welch", "0.029", "0.01", "more units are needed"),
        (8, "test: permutation, headline: bonferroni", "0.0078", "0.0042", "more units are needed"),
        (4, "alternative: greater", "0.062", "0.05", "more units are needed"),
    ],
)
def test_fewer_arrangements_than_alpha_needs_are_a_warning_that_names_the_smallest_p(
    tmp_path: Path, pairs: int, settings: str, smallest: str, needed: str, remedy: str
) -> None:
    made = planted.statements(pairs)
    given = f"{settings}, alpha: {needed}" if settings == "test: welch" else settings
    (finding,) = concluded(tmp_path, under(given), made, effect=0.5)
    (warning,) = [message for message in warnings_of(finding) if "smallest possible" in message]
    assert f"The smallest possible p-value is {smallest}, because " in warning
    assert f"needs {needed}, so that no head may be found whatever its scores: {remedy}" in warning
    assert finding.recall == ()
    assert finding.tests.adjusted(finding.tests.headline).min() >= float(smallest) - 0.0005


def test_few_pairs_are_a_warning(tmp_path: Path) -> None:
    (finding,) = concluded(tmp_path, "", planted.statements(7))
    assert any("has 7 pairs: with fewer than 8" in message for message in warnings_of(finding))


def test_the_smallest_design_that_can_be_tested_at_all_has_a_finding(tmp_path: Path) -> None:
    (finding,) = concluded(tmp_path, under("split: 0.5"), planted.statements(2))
    assert (finding.recall, finding.selected, finding.held_out) == ((), None, None)
    assert finding.tests.n_a == 2


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_not_finite_costs_its_own_head_alone(tmp_path: Path, bad: float) -> None:
    made = planted.statements(20)
    scores = planted.values(made, {(1, 2): 0.1})
    scores[3, 0, 0] = bad
    (finding,) = conclude(label_scores(scores, made), made, written(tmp_path, under("split: 0.5")).spec)
    assert [head.name for head in finding.recall] == ["L1H2"]
    assert finding.all_heads[0].verdict == "not tested: a score is not finite"
    assert finding.tests.family_size == planted.LAYERS * planted.HEADS - 1


def test_one_contrast_that_cannot_be_carried_out_stops_the_study(tmp_path: Path) -> None:
    text = SIZES + "  - {id: bad, title: B, a: {name: a, where: {size: z0}}, b: {name: b, where: {size: z7}}}\n"
    with pytest.raises(EmptySetError, match="the set `b` of the contrast `bad`"):
        planned(tmp_path, text, planted.statements(20))


INTERACTION = """\
interactions:
  - id: by-size
    title: By size
    contrast: {contrast}
    x: {{name: even, where: {{{x}}}}}
    y: {{name: odd, where: {{{y}}}}}
"""


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (
            SIZES + INTERACTION.format(contrast="sizes", x="relation: r", y="relation: r"),
            InteractionDesignError,
            "{place}: the interaction `by-size` needs pairs, and the contrast `sizes` has statements without\n"
            "    name a contrast whose every statement has its twin",
        ),
        (
            INTERACTION.format(contrast="truth", x="size: z0", y="size: z0"),
            OverlappingSetsError,
            "the sets `even` and `odd` of the contrast `by-size` share 10 of its statements",
        ),
        (
            INTERACTION.format(contrast="truth", x="size: z0", y="sise: z1"),
            UnknownColumnError,
            "the set `odd` of the contrast `by-size` filters by the column `sise`, which no statement has",
        ),
        (
            INTERACTION.format(contrast="truth", x="size: z0", y="subject: s1"),
            TooFewStatementsError,
            "the contrast `by-size` needs at least 2 statements in each set for its heads to be tested; it has 1",
        ),
    ],
)
def test_an_interaction_that_cannot_be_tested(
    tmp_path: Path, text: str, error: type[ReportgenError], message: str
) -> None:
    made, file = planted.statements(20), written(tmp_path, text)
    scores = label_scores(planted.values(made, {}), made)
    with pytest.raises(error) as caught:
        interact(scores, file.spec.interactions[0], file.spec, str(file.path))
    assert message.format(place=file.path) in str(caught.value)


@pytest.mark.parametrize("settings", ["", "cluster: relation", "test: wilcoxon", "test: permutation", "family: study"])
@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_what_fits_together_is_concluded(tmp_path: Path, settings: str, alternative: str) -> None:
    made = planted.statements(20, relation=lambda pair: f"r{pair // 2}")
    text = under(f"{settings}{', ' if settings else ''}alternative: {alternative}, resamples: 999, split: 0.5")
    (finding,) = concluded(tmp_path, text, made)
    assert [head.name for head in finding.recall] == ([] if alternative == "less" else ["L1H2"])
