"""The page that compares the studies of a family, made from what they have published."""

import re
from typing import Any

import numpy as np
import pytest

from reportgen.figures.family_dots import Dot, family_dots
from reportgen.report.document import Document, Figure, Raw, Table
from reportgen.report.family_member import FamilyMember
from reportgen.report.family_page import by_family, family_document
from reportgen.report.render import qmd
from reportgen.spec.model import FamilySection
from reportgen.stats.likeness import correlations, shared
from tests import records

EVIL = "<script>alert('x')</script> *no* $a$ `b`"


def member(study: str, values: dict[str, str], model: str = "m", family: str = "f", **changes: Any) -> FamilyMember:
    return FamilyMember(
        family=FamilySection(id=family, title="A family", values=values),
        study=study,
        question="Do they?",
        model=model,
        identity=f"sha256:{model}",
        contrast=records.contrast(**changes),
    )


NOTHING = {"found": [], "effect": [0.01, 0.02, None, 0.0, 0.0, 0.0]}
FOUR = (
    member("f-sum-a", {"measure": "sum", "facts": "a"}),
    member("f-sum-b", {"measure": "sum", "facts": "b"}, found=["L0H1"], effect=[0.0, 0.1, 0.0, 0.0, 0.0, -0.05]),
    member("f-max-a", {"measure": "max", "facts": "a"}, **NOTHING),
    member("f-max-b", {"measure": "max", "facts": "b"}, model="other"),
)


def document(*members: FamilyMember, **failing: str) -> Document:
    return family_document(members, failing)


def words(made: Document) -> str:
    """The page's own words, as a reader sees them."""
    return re.sub(r"\\(.)", r"\1", re.sub(r"<[^>]+>", " ", qmd(made))).replace("\xa0", " ")


def table(made: Document, place: str) -> list[list[str]]:
    (found,) = (block for block in made.blocks if isinstance(block, Table) and block.id == place)
    rows = re.findall(r"<tr.*?</tr>", str(found.html), re.DOTALL)
    return [
        [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)]
        for row in rows
    ]


def test_a_member_comes_back_as_it_was_published_and_what_is_none_does_not() -> None:
    assert FamilyMember.from_json(FOUR[0].to_json()) == FOUR[0]
    for text in (b"", b"{}", b"[]", FOUR[0].to_json().replace(b'"values":{', b'"values":3,"x":{')):
        assert FamilyMember.from_json(text) is None


def test_families_and_their_members_are_in_the_order_of_their_ids() -> None:
    other = member("a-1", {"measure": "sum"}, family="e")
    assert {name: [one.study for one in own] for name, own in by_family([*FOUR, other]).items()} == {
        "e": ["a-1"],
        "f": ["f-max-a", "f-max-b", "f-sum-a", "f-sum-b"],
    }


def test_the_page_says_how_many_studies_find_how_many_heads() -> None:
    text = words(document(*FOUR))
    assert "Of 4 studies, 3 find any head; they find 0 to 2 heads." in text
    assert "The largest effect is that of L0H1 in sum, a: 20.0 [16.0, 24.0] points." in text
    assert "None of the 2 studies finds a head." in words(document(FOUR[2], FOUR[2]))
    assert "The study finds no head." in words(document(FOUR[2]))


def test_each_study_has_a_row_that_leads_to_it() -> None:
    rows = table(document(*FOUR), "tbl-family")
    assert rows[0] == [
        "Study",
        "measure",
        "facts",
        "Model",
        "Rests on",
        "Heads found",
        "Strongest head",
        "Its effect, points",
    ]
    assert rows[1] == ["sum, a", "sum", "a", "m", "40 pairs", "2 of 5", "L0H1", "20.0 [16.0, 24.0]"]
    assert rows[3][-2:] == ["L0H1", "2.0 [16.0, 24.0]"]
    for one in FOUR:
        assert f'href="../studies/{one.study}/index.html"' in qmd(document(*FOUR))


def test_one_model_and_one_thing_that_varies_need_no_columns() -> None:
    rows = table(document(member("f-a", {"x": "a"}), member("f-b", {"x": "b"})), "tbl-family")
    assert rows[0] == ["Study", "Rests on", "Heads found", "Strongest head", "Its effect, points"]
    assert "all of m" in words(document(member("f-a", {"x": "a"}), member("f-b", {"x": "b"})))


def test_studies_are_taken_together_by_what_varies() -> None:
    rows = table(document(*FOUR), "tbl-family-values")
    assert rows[1:] == [
        ["measure: sum", "2", "1", "1.5", "2"],
        ["measure: max", "2", "0", "1", "2"],
        ["facts: a", "2", "0", "1", "2"],
        ["facts: b", "2", "1", "1.5", "2"],
    ]


def test_maps_and_heads_are_compared_within_a_model_alone() -> None:
    made = document(*FOUR)
    text = words(made)
    assert "1 head is found" not in text
    assert "0 heads are found in every one of the 3 studies, out of 2 heads found in any." in text
    rows = table(made, "tbl-family-heads-1")
    assert rows[1:] == [
        ["L0H1", "2 of 3", "2.0", "20.0", "sum, a; sum, b"],
        ["L1H2", "1 of 3", "−10.0", "0.0", "sum, a"],
    ]
    pairs = next(block for block in made.blocks if isinstance(block, Figure) and "likeness" in block.id)
    assert "max, b" not in str(pairs.table)
    assert len(re.findall("<tr", str(pairs.table))) == 4
    alone = document(FOUR[0], FOUR[3])
    assert not [block for block in alone.blocks if isinstance(block, Figure) and "likeness" in block.id]


def test_a_study_that_fails_is_named() -> None:
    assert "What stands here of sum, b is from an earlier run: the study fails just now." in words(
        document(*FOUR, **{"f-sum-b": "since today: no"})
    )


def test_studies_of_which_no_head_was_tested_have_rows_too() -> None:
    nothing = member("f-x", {"x": EVIL}, found=[], tested=0, effect=[None] * 6, low=[None] * 6, high=[None] * 6)
    assert table(document(nothing), "tbl-family")[1][-2:] == ["–", "–"]
    assert "The largest effect" not in words(document(nothing, nothing))


def test_names_are_data() -> None:
    evil = FamilyMember(
        family=FamilySection(id="f", title=EVIL, values={EVIL: EVIL}),
        study="f-x",
        question=EVIL,
        model=EVIL,
        identity="i",
        contrast=records.contrast(),
    )
    text = qmd(document(evil, evil))
    assert "<script>alert" not in text
    assert "\\<script\\>" in text


def test_a_family_of_sixty_four_says_all_of_it() -> None:
    many = [member(f"f-{place:02}", {"seed": str(place)}) for place in range(64)]
    made = document(*many)
    figures = [block for block in made.blocks if isinstance(block, Figure)]
    assert len(figures) == 2
    assert len(table(made, "tbl-family")) == 65
    assert len(qmd(made)) < 1_500_000
    assert not [block for block in made.blocks if isinstance(block, Raw)]


def test_the_figure_fills_the_heads_that_are_found() -> None:
    figure = family_dots(
        [Dot("a", 2, "L0H1", 20, 16, 24, filled=True), Dot("b", 0, "", np.nan, np.nan, np.nan, filled=False)]
    )
    found, hollow, filled = figure.data
    assert list(found.x) == [2, 0]
    assert (list(hollow.x), list(filled.x)) == ([], [20])
    assert (list(filled.error_x.array), list(filled.error_x.arrayminus)) == ([4], [4])


def test_likeness_is_numpys_over_the_heads_that_both_know() -> None:
    maps = np.random.default_rng(1).normal(size=(3, 20))
    maps[0, 3] = maps[1, 5] = np.nan
    alike = correlations(maps)
    both = np.isfinite(maps[0]) & np.isfinite(maps[1])
    assert alike[0, 1] == alike[1, 0] == pytest.approx(np.corrcoef(maps[0, both], maps[1, both])[0, 1])
    assert alike[2, 2] == pytest.approx(1)
    assert np.isnan(correlations(np.array([[1.0, 1, 1], [1, 2, 3]]))[0]).all()
    found = np.array([[True, True, False], [True, False, True], [False, False, False]])
    both_found, either = shared(found)
    assert both_found.tolist() == [[2, 1, 0], [1, 2, 0], [0, 0, 0]]
    assert either.tolist() == [[2, 3, 2], [3, 2, 2], [2, 2, 0]]
