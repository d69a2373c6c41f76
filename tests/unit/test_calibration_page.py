"""A calibration on the page: the lead, verdicts, the figure, the files, and the key that keeps or drops it."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reportgen import inference
from reportgen.calibrating import design_of, settings_of
from reportgen.facts.fact import FactSet
from reportgen.figures.calibration_rates import calibration_rates, height, mark
from reportgen.models.source import ModelSource
from reportgen.models.tokenizer import Tokenizer
from reportgen.report.calibration_counted import Counted
from reportgen.report.calibration_page import calibration_key, calibration_page
from reportgen.report.document import Figure, Heading, Prose, Table, texts
from reportgen.report.results import Plan
from reportgen.scores import label_scores
from reportgen.spec.model import SpecFile, StudySpec, TestsSection
from reportgen.statements import StatementSet
from reportgen.stats.calibration import calibrate
from reportgen.stats.calibration_rows import EqualMeansRow, Mean, NullRow, Rate, SkewedHead, verdict_on
from reportgen.stats.calibration_tested import Settings
from reportgen.stats.corrections import Method
from reportgen.stats.null_draws import Pairs, Test
from tests import planted

PAIRS = 24
EFFECT = {(1, 2): 0.1}


def plan(spec: StudySpec = planted.SPEC, pairs: int = PAIRS) -> Plan:
    return Plan(
        file=SpecFile(path=Path("s.yml"), text="", spec=spec),
        source=ModelSource(name="m", identity="0" * 64, origin="a hub"),
        tokenizer=Tokenizer(Path("m")),
        facts=FactSet((), (), ""),
        statements=StatementSet(tuple(planted.statements(pairs)), ()),
        lock=None,
        limit=None,
    )


@pytest.fixture(scope="module")
def counted() -> Counted:
    made = planted.statements(PAIRS)
    tests = planted.finding(made, planted.values(made, EFFECT)).tests
    a, b = (units.to_numpy().reshape(PAIRS, -1).astype(float) for units in (tests.units_a, tests.units_b))
    settings = Settings(
        draws=120,
        resamples=499,
        planted_draws=6,
        planted_resamples=99,
        splits=10,
        means_draws=50,
        means_resamples=99,
        smallest_effect=0.01,
    )
    calibration = calibrate(Pairs(a, b), settings, np.random.default_rng(0), lambda _: None)
    return Counted(tests, "paired_t", settings, 0.01, calibration)


def with_rate(counted: Counted, test: Test, correction: Method, count: int, mean: float = 1.0) -> Counted:
    """The same, had that combination found something in so many draws."""
    calibration = counted.calibration
    rows = tuple(
        replace(row, any=replace(row.any, count=count), mean_count=Mean(mean, 0.01, row.any.draws))
        if (row.test, row.correction) == (test, correction)
        else row
        for row in calibration.nulls
    )
    return replace(counted, calibration=replace(calibration, nulls=rows))


def lead(counted: Counted) -> str:
    first = calibration_page(counted, plan()).document.blocks[0]
    assert isinstance(first, Prose)
    assert first.role == "lead"
    return first.text.replace("\\", "").replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (5, "in **4.2 %** [1.8, 9.4], which keeps its promise of at most 5 %."),
        (9, "in **7.5 %** [4.0, 13.6], which chance alone can explain: it promises at most 5 %."),
        (30, "in **25.0 %** [18.1, 33.4], more than the 5 % that it promises."),
    ],
)
def test_the_lead_says_how_often_the_studys_own_procedure_finds_what_is_not_there(
    counted: Counted, count: int, said: str
) -> None:
    text = lead(with_rate(counted, "paired_t", "holm", count))
    assert text.startswith("In 120 data sets made from this study's own scores in which no head differs, the paired ")
    assert "t-test with Holm found one or more heads " + said in text


def test_the_lead_sets_the_uncorrected_choice_beside_it_and_names_what_breaks(counted: Counted) -> None:
    none = with_rate(counted, "student", "none", 106, mean=3.4)
    assert "found some in **88.3 %** [81.4, 92.9], 3.4 heads on average." in lead(none)
    assert "Of the 45 combinations of test and correction" in lead(none)
    assert lead(none).endswith("none breaks its promise.")
    broken = with_rate(none, "wilcoxon", "hommel", 60)
    assert lead(broken).endswith("1 breaks the promise: Wilcoxon signed-rank test, Hommel.")


def with_equal_means(
    counted: Counted, any_: int, beyond: int, test: Test = "paired_t", headline: Method = "holm", smallest: float = 0.01
) -> Counted:
    """The same of a study with that test, correction and smallest effect, had it found so many of 1,000."""
    calibration = counted.calibration
    rows = tuple(
        replace(row, any=Rate(any_, 1000), beyond=Rate(beyond, 1000), unskewed=Rate(20, 1000))
        if (row.test, row.correction) == (test, headline)
        else row
        for row in calibration.equal_means
    )
    settings = counted.tests.settings.model_copy(update={"headline": headline, "smallest_effect": smallest})
    return replace(
        counted,
        tests=replace(counted.tests, settings=settings),
        own_test=test,
        calibration=replace(calibration, equal_means=rows),
    )


@pytest.mark.parametrize(
    ("any_", "beyond", "said"),
    [
        (200, 28, "with the smallest effect of 1.0 points that the study asks of a finding, within 5 %."),
        (200, 60, "that the study asks of a finding, where chance alone can explain more than 5 %."),
        (390, 90, "that the study asks of a finding, more than 5 %."),
    ],
)
def test_the_lead_says_what_becomes_of_heads_of_which_only_the_means_are_equal(
    counted: Counted, any_: int, beyond: int, said: str
) -> None:
    text = lead(with_equal_means(counted, any_, beyond))
    assert "That is about heads that do not differ in any way." in text
    assert f"only the means are equal the same procedure found some in **{any_ / 10} %** [" in text
    assert f"] of data sets, and in **{beyond / 10} %** [" in text
    assert said in text


def test_without_a_smallest_effect_the_lead_and_the_table_ask_for_none(counted: Counted) -> None:
    plain = with_equal_means(counted, 200, 200, smallest=0.0)
    assert "the same procedure found some in **20.0 %** [17.6, 22.6] of data sets, more than 5 %." in lead(plain)
    page = calibration_page(plain, plan()).document
    table = next(block for block in page.blocks if isinstance(block, Table) and block.id == "tbl-means")
    assert "or more" not in table.html
    assert "name a smallest effect of interest, and look" in said(plain)


def said(counted: Counted) -> str:
    document = calibration_page(counted, plan()).document
    return " ".join(texts(document.blocks)).replace("\\", "").replace("\u00a0", " ")


def test_the_section_on_equal_means_follows_the_one_on_no_difference_and_has_a_row_for_each_correction(
    counted: Counted,
) -> None:
    document = calibration_page(counted, plan()).document
    headings = [block.id for block in document.blocks if isinstance(block, Heading)]
    assert headings[:3] == ["nothing", "means", "planted"]
    table = next(block for block in document.blocks if isinstance(block, Table))
    assert table.html.count("<tr") == 11
    assert table.html.count('<tr class="headline"') == 1
    assert "Of 1.0 points or more, %" in table.html
    assert "in 50 data sets in which heads may differ in all but their means" in table.caption


def test_strongly_skewed_heads_are_counted_and_named_in_the_models_own_numbering(counted: Counted) -> None:
    assert "No head is strongly skewed here (beyond 3)." in said(counted)
    heads = tuple(SkewedHead(place, skew) for place, skew in ((6, -7.2), (3, 6.9), (0, 5), (1, 4), (2, 3.5)))
    skewed = replace(with_equal_means(counted, 200, 28), calibration=replace(counted.calibration, skewed=heads))
    text = said(skewed)
    assert (
        "5 of 12 heads are strongly skewed (beyond 3 in either direction), most of all: L1H2 (−7.2), L0H3 (6.9)" in text
    )
    one = said(replace(skewed, calibration=replace(counted.calibration, skewed=heads[:1])))
    assert "1 of 12 heads is strongly skewed (beyond 3 in either direction): L1H2 (−7.2). A head outside" in one


def test_what_a_rank_test_finds_among_equal_means_is_told_as_another_difference(counted: Counted) -> None:
    assert "The Wilcoxon signed-rank test is no way out: it does not ask about means" in said(counted)
    ranks = with_equal_means(counted, 900, 300, test="wilcoxon")
    assert "asks of a finding; but its test asks about ranks, not about means." in lead(ranks)
    assert "ranks ask another question, whether differences lie evenly about 0" in said(ranks)
    assert "is no way out" not in said(ranks)


def test_independent_sets_are_told_of_labels_and_redrawn_within_each_set() -> None:
    made = planted.statements(12)
    settings = planted.SPEC.tests.model_copy(update={"test": "welch"})
    tests = inference.test_heads(label_scores(planted.values(made, EFFECT), made), planted.SPEC.contrasts[0], settings)
    few = Settings(
        draws=10, resamples=99, planted_draws=2, planted_resamples=99, splits=2, means_draws=10, means_resamples=99
    )
    calibration = calibrate(design_of(tests), few, np.random.default_rng(0), lambda _: None)
    text = said(Counted(tests, "welch", few, 0.01, calibration))
    for part in (
        "shuffled labels take both sets of a head to be alike in all",
        "Dealing labels out makes both sets alike",
        "each set's mean was removed at each head and whole statements were drawn with replacement, each within its set,",
        "The Mann–Whitney U test is no way out",
    ):
        assert part in text


def test_an_uncorrected_study_promises_nothing_about_the_family_of_equal_means(counted: Counted) -> None:
    text = lead(with_equal_means(counted, 990, 900, headline="none"))
    assert "that the study asks of a finding. " in text


def test_verdicts_on_equal_means_are_those_of_the_studys_rule_and_of_any_finding() -> None:
    row = EqualMeansRow("paired_t", "max_t", 0.05, Rate(200, 1000), Rate(28, 1000), Rate(90, 1000))
    assert (row.verdict_on_any, row.verdict) == ("broken", "cautious")


def test_a_study_without_correction_is_told_what_it_promises(counted: Counted) -> None:
    settings = counted.tests.settings.model_copy(update={"headline": "none"})
    uncorrected = replace(counted, tests=replace(counted.tests, settings=settings))
    text = lead(with_rate(uncorrected, "paired_t", "none", 60, mean=0.6))
    assert "t-test without correction found one or more heads in **50.0 %**" in text
    assert "it promises 5 % for each head alone (5.0 %" in text


def test_no_correction_is_judged_by_each_head_and_corrections_by_the_family() -> None:
    def row(correction: Method, count: int, mean: float) -> NullRow:
        return NullRow("paired_t", correction, 0.05, 200, Rate(count, 2000), Mean(mean, 0.02, 2000))

    assert (row("none", 1900, 10).verdict, mark(row("none", 1900, 10))) == ("held", "none")
    assert (row("none", 1900, 14).verdict, mark(row("none", 1900, 14))) == ("broken", "broken")
    assert (row("none", 1900, 3).verdict, mark(row("none", 1900, 3))) == ("cautious", "none")
    verdicts = [row("holm", count, 0.1).verdict for count in (20, 100, 125, 200)]
    assert verdicts == ["cautious", "held", "held", "broken"]
    assert verdict_on((0.05, 0.06), 0.05) == "held"


def test_a_shared_reference_widens_the_interval_as_if_there_were_fewer_draws() -> None:
    assert Rate(100, 2000, 2000).interval == pytest.approx(Rate(50, 1000).interval)
    low, high = Rate(100, 2000, 10_000).interval
    assert low < Rate(100, 2000).interval[0] < Rate(100, 2000).interval[1] < high


def test_the_figure_has_a_row_for_each_combination_and_frames_the_studys_own(counted: Counted) -> None:
    broken = with_rate(counted, "mann_whitney", "holm", 90)
    nulls = broken.calibration.nulls
    figure = json.loads(calibration_rates(nulls, broken.own, str, str).to_json())
    labels = figure["layout"]["yaxis"]["ticktext"]
    assert len(labels) == len(nulls) + 5
    assert height(nulls) == figure["layout"]["height"]
    own = next(place for place, label in enumerate(labels) if "▸" in label)
    assert labels[own].strip() == "<b>▸ holm</b>"
    frame = figure["layout"]["shapes"][-1]
    assert (frame["y0"], frame["y1"]) == (own - 0.5, own + 0.5)
    drawn = {place for trace in figure["data"] for place in trace["y"]}
    assert drawn == {place for place, label in enumerate(labels) if "<b>" not in label or "▸" in label}
    (diamonds,) = [trace for trace in figure["data"] if trace["marker"]["symbol"] == "diamond"]
    assert diamonds["x"] == [75.0]
    assert "mann_whitney, holm" in diamonds["text"][0]
    smallest = min(x for trace in figure["data"] for x in trace["x"])
    assert smallest == pytest.approx(100 * 0.5 / 120, abs=1e-3)


def test_every_combination_stands_in_the_table_and_in_the_file(counted: Counted) -> None:
    page = calibration_page(counted, plan())
    figure = next(block for block in page.document.blocks if isinstance(block, Figure))
    assert figure.table.count("<tr") == 51
    assert figure.table.count('<tr class="headline"') == 1
    rows = list(csv.DictReader(io.StringIO(page.files["rates.csv"].decode())))
    assert len(rows) == 50
    own = next(row for row in rows if (row["test"], row["correction"]) == ("paired_t", "holm"))
    assert float(own["found_any"]) == pytest.approx(counted.own.any.share, rel=1e-4)
    assert own["promise"] == counted.own.verdict
    means_rows = list(csv.DictReader(io.StringIO(page.files["equal-means.csv"].decode())))
    assert len(means_rows) == 2 * 2 * 10
    own_rows = [row for row in means_rows if (row["test"], row["correction"]) == ("paired_t", "holm")]
    assert [row["scores"] for row in own_rows] == ["real", "normal"]
    assert float(own_rows[0]["found_any"]) == pytest.approx(counted.own_means.any.share, rel=1e-4)
    assert float(own_rows[1]["found_any"]) == pytest.approx(counted.own_normal.any.share, rel=1e-4)
    assert {row["smallest_effect"] for row in means_rows} == {"0.01"}
    planted_rows = list(csv.DictReader(io.StringIO(page.files["planted.csv"].decode())))
    assert len(planted_rows) == 30
    assert {row["promise"] for row in planted_rows if row["correction"] == "none"} == {""}


def test_planted_effects_are_told_by_size_with_coverage_and_overstatement(counted: Counted) -> None:
    document = calibration_page(counted, plan()).document
    means, power, coverage, bias = (block for block in document.blocks if isinstance(block, Table))
    assert means.id == "tbl-means"
    assert "2.0, 3.5, 5.0 points" in power.caption.replace("\\", "")
    assert power.html.count("<tr") == 11
    assert coverage.html.count("<tr") == 4
    assert bias.html.count("<tr") == 3
    for heading in ("2 s.e.", "3.5 s.e.", "5 s.e."):
        assert heading in power.html
        assert heading in bias.html


def test_what_is_cited_is_in_the_pages_own_bibliography(counted: Counted) -> None:
    page = calibration_page(counted, plan())
    assert page.document.bibliography == "calibration/references.bib"
    assert {"westfall1993", "nichols2002", "winkler2016", "benjamini2005"} <= set(page.document.cited)
    for key in page.document.cited:
        assert f"{{{key}," in page.files["references.bib"].decode()


def test_what_is_not_as_in_the_study_is_said(counted: Counted) -> None:
    settings = counted.tests.settings.model_copy(update={"alternative": "greater", "family": "study"})
    tests = replace(counted.tests, settings=settings, test="permutation")
    calibration = replace(counted.calibration, heads_left_out=1)
    said = " ".join(
        texts(calibration_page(replace(counted, tests=tests, calibration=calibration), plan()).document.blocks)
    )
    for part in ("tests one side", "permutation test stands here", "all its contrasts together", "1 head."):
        assert part in said.replace("\\", "")


def spec(**changes: object) -> StudySpec:
    return planted.SPEC.model_copy(update=changes)


def test_what_the_page_does_not_depend_on_keeps_its_key() -> None:
    same = planted.SPEC.tests.model_copy(update={"corrections": ("holm",), "split": 0.5})
    other = spec(tests=same, study=planted.SPEC.study.model_copy(update={"abstract": "Other words."}))
    assert calibration_key(plan(other)) == calibration_key(plan())


@pytest.mark.parametrize(
    "changed",
    [
        plan(spec(tests=TestsSection(corrections=("none", "holm"), headline="holm", alpha=0.01))),
        plan(spec(tests=TestsSection(corrections=("none", "holm"), headline="none"))),
        plan(spec(tests=TestsSection(corrections=("none", "holm"), headline="holm", seed=1))),
        plan(spec(tests=TestsSection(corrections=("none", "holm"), headline="holm", smallest_effect=0.02))),
        plan(spec(tests=TestsSection(corrections=("none", "holm"), headline="holm", cluster="size"))),
        plan(spec(study=planted.SPEC.study.model_copy(update={"title": "Another"}))),
        plan(pairs=PAIRS - 1),
        replace(plan(), source=replace(plan().source, identity="another")),
    ],
    ids=["alpha", "headline", "seed", "smallest effect", "cluster", "title", "facts", "model"],
)
def test_what_the_page_depends_on_drops_it(changed: Plan) -> None:
    assert calibration_key(changed) != calibration_key(plan())


def test_the_study_decides_what_is_counted() -> None:
    settings = settings_of(TestsSection(alpha=0.01, resamples=500, smallest_effect=0.03), 400)
    assert (settings.alpha, settings.draws, settings.planted_draws) == (0.01, 400, 100)
    assert (settings.resamples, settings.planted_resamples, settings.means_resamples) == (500, 500, 500)
    assert (settings.means_draws, settings.smallest_effect) == (100, 0.03)
    assert settings_of(TestsSection(resamples=200_000), 100).resamples == 10_000
