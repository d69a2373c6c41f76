"""One correction over all studies of a site: whose nulls go together, what a head has to reach, and what the page says."""

import numpy as np
import pytest

from reportgen.report.across_site import StudyNull, across_site, study_null
from reportgen.report.across_site import Tested as OneContrast
from reportgen.report.document import Prose, Raw
from reportgen.spec.model import Alternative
from tests import planted


def null(maxima: list[float], statistics: list[float], alternative: Alternative = "two-sided", alpha: float = 0.05):
    contrast = OneContrast(title="C", found=1, statistics=statistics)
    return StudyNull(alpha=alpha, alternative=alternative, contrasts=[contrast], maxima=maxima)


def told(nulls: dict[str, StudyNull]) -> tuple[str, str]:
    blocks = across_site(nulls)
    text = " ".join(block.text for block in blocks if isinstance(block, Prose)).replace("\\", "")
    return text, "".join(str(block.html) for block in blocks if isinstance(block, Raw))


def test_the_null_of_the_site_is_the_largest_over_all_studies_arrangement_by_arrangement() -> None:
    rising = [float(value) for value in range(1, 101)]
    text, table = told({"One": null(rising, [94.0, 99.5]), "Two": null(rising[::-1], [1.0])})
    # Of max(i, 101 - i), from 51 to 100 twice each, five per cent lie above 98.
    assert "all 3 tests of heads in these 2 studies" in text
    critical = float(text.split("|t| > ")[1].split(" ")[0])
    assert 97 < critical < 99.5
    assert table.count("<tr") == 3


@pytest.mark.parametrize(
    ("alternative", "statistic", "cautious"),
    [("two-sided", " |t| > ", True), ("greater", " t > ", False), ("less", " −t > ", False)],
)
def test_the_statistic_is_that_of_the_studies_tests(alternative: Alternative, statistic: str, cautious: bool) -> None:
    one = null([1.0, 2.0, 3.0] * 40, [2.5], alternative)
    text, _ = told({"One": one, "Two": one})
    assert f"would have to reach{statistic}" in text
    assert ("taken as independent, which errs on the side of caution." in text) == cautious


def test_studies_that_test_otherwise_are_not_taken_together() -> None:
    one = null([1.0, 2.0, 3.0], [2.5])
    assert across_site({}) == ()
    for other in (
        null([1.0, 2.0, 3.0], [2.5], "greater"),
        null([1.0, 2.0, 3.0], [2.5], alpha=0.01),
        null([1.0], [2.5]),
    ):
        assert across_site({"One": one, "Other": other}) == ()
    assert across_site({"One": null([], []), "Two": null([], [])}) == ()


def test_what_is_published_comes_back_and_what_is_no_null_does_not() -> None:
    made = planted.statements(20)
    published = study_null([planted.finding(made, planted.values(made, {(1, 2): 0.1}))])
    assert StudyNull.from_json(published.to_json()) == published
    assert (published.alternative, published.contrasts[0].found) == ("two-sided", 1)
    assert len(published.contrasts[0].statistics) == planted.LAYERS * planted.HEADS
    assert np.all(np.array(published.maxima) > 0)
    assert StudyNull.from_json(b'{"alpha": 0.05}') is None
    assert StudyNull.from_json(b"nothing") is None
