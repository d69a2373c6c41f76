"""The section on what more facts would show, for scores in which the answer was planted."""

import json
import re

import numpy as np
import pytest

from reportgen import inference
from reportgen.findings import Finding
from reportgen.report.document import Figure, Prose
from reportgen.report.power_section import power_blocks
from reportgen.scores import label_scores
from reportgen.sensitivity import has_critical_value, level_of, observations, spread_of, unit_of
from reportgen.spec.model import TRUTH, TestsSection
from reportgen.stats.power_curve import planning_level, smallest_effects
from tests import planted

PAIRS = 60


@pytest.fixture(scope="module")
def finding() -> Finding:
    made = planted.statements(PAIRS)
    return planted.finding(made, planted.values(made, {(1, 2): 0.05}))


def parts(finding: Finding) -> tuple[str, Figure]:
    _, prose, figure = power_blocks(finding)
    assert isinstance(prose, Prose)
    assert isinstance(figure, Figure)
    return str(prose.text).replace("\\", ""), figure


def drawn(figure: Figure) -> dict[str, list[dict[str, object]]]:
    found = re.search(r'<script type="application/json">(.*?)</script>', str(figure.html), re.DOTALL)
    assert found
    return json.loads(found[1])


def test_the_number_of_pairs_that_the_smallest_effect_takes_is_named(finding: Finding) -> None:
    text, _ = parts(finding)
    named = re.search(r"the median head needs (\d+) pairs; this study has 60", text)
    assert named
    # A spread of 2 points in each set is one of 2.8 in differences; holm over 12 heads asks for 3.8 standard errors.
    assert int(named[1]) == pytest.approx((3.8 * 2.83 / 1) ** 2, rel=0.15)
    assert "12 heads to be corrected for" in text


def test_the_curve_passes_through_the_studys_own_sensitivity(finding: Finding) -> None:
    _, figure = parts(finding)
    line = drawn(figure)["data"][2]
    assert line["x"][0] == 15
    assert line["x"][-1] == 240
    at = line["x"].index(PAIRS)
    assert line["y"][at] == pytest.approx(100 * float(np.median(finding.tests.heads.detectable)), rel=1e-3)


def test_the_axis_names_this_study_and_its_multiples(finding: Finding) -> None:
    _, figure = parts(finding)
    axis = drawn(figure)["layout"]["xaxis"]
    assert axis["type"] == "log"
    assert axis["ticktext"] == ["15", "30", "60", "120", "240"]
    marks = {shape["xref"]: shape for shape in drawn(figure)["layout"]["shapes"]}
    assert marks["x"]["x0"] == PAIRS
    assert marks["paper"]["y0"] == 1.0


def test_the_table_holds_the_curve(finding: Finding) -> None:
    _, figure = parts(finding)
    line = drawn(figure)["data"][2]
    rows = re.findall(
        r'<th scope="row">([\d,]+)</th>\s*<td[^>]*>[\d.]+</td>\s*<td[^>]*>([\d.]+)</td>', str(figure.table)
    )
    assert [int(n) for n, _ in rows] == line["x"]
    assert [float(median) for _, median in rows] == pytest.approx(line["y"], abs=0.006)


@pytest.mark.parametrize("test", ["paired_t", "welch"])
@pytest.mark.parametrize("headline", ["none", "holm", "max_t", "benjamini_yekutieli"])
def test_at_this_size_the_labelled_layer_gives_the_studys_own_sensitivity(test: str, headline: str) -> None:
    made = planted.statements(PAIRS)
    settings = TestsSection(test=test, headline=headline, resamples=999)
    tests = inference.test_heads(label_scores(planted.values(made, {}), made), TRUTH, settings)
    own = smallest_effects(spread_of(tests), [observations(tests)], level_of(tests))[0]
    np.testing.assert_allclose(own, tests.heads.detectable.to_numpy().ravel(), rtol=0.02 if test == "welch" else 1e-6)
    assert has_critical_value(tests) == (headline == "max_t")


def test_max_t_asks_no_more_than_sidaks_bound() -> None:
    made = planted.statements(PAIRS)
    scores = label_scores(planted.values(made, {}), made)
    tests = inference.test_heads(scores, TRUTH, TestsSection(headline="max_t", resamples=9999))
    assert level_of(tests).alpha == pytest.approx(planning_level("max_t", 0.05, tests.family_size), rel=0.2)


def test_clusters_are_what_is_counted() -> None:
    made = planted.statements(PAIRS)
    scores = label_scores(planted.values(made, {}), made)
    tests = inference.test_heads(scores, TRUTH, TestsSection(cluster="subject", resamples=99))
    assert (unit_of(tests), observations(tests)) == ("clusters", PAIRS)
