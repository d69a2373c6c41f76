"""The pictures of a study: the map pixel by pixel, its two grounds, and what is written on the larger one."""

import io
import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reportgen.figures.thumbnail import DARK, LIGHT, SOCIAL_SIZE, Scheme, SocialText, drawable, social_card, thumbnail
from reportgen.findings import Finding
from reportgen.report.pictures import pictures
from tests import planted

CSS = Path(__file__).parents[2] / "templates" / "assets" / "page.css"
CELL = 12
TEXT = SocialText("Capitals of the world", "2 of 12 heads do.", "Attention heads")


@pytest.fixture(scope="module")
def finding() -> Finding:
    made = planted.statements(20)
    return planted.finding(made, planted.values(made, {(1, 2): 0.1, (0, 3): -0.1}))


def image(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGBA")


def place(layer: int, head: int, down: int = 0, across: int = 0) -> tuple[int, int]:
    return head * CELL + across, layer * CELL + down


@pytest.mark.parametrize(("scheme", "block"), [(LIGHT, 0), (DARK, 1)])
def test_the_colours_are_those_of_the_pages(scheme: Scheme, block: int) -> None:
    root = re.findall(r":root[^{]*\{([^}]*)\}", CSS.read_text())[block]
    said = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", root))
    for field in fields(Scheme):
        assert "#" + bytes(getattr(scheme, field.name)).hex() == said[field.name.replace("_", "-")], field.name


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
def test_each_head_has_the_hue_of_the_set_that_gets_more(finding: Finding, scheme: Scheme) -> None:
    drawn = image(thumbnail(finding, scheme))
    assert drawn.size == (planted.HEADS * CELL - 1, planted.LAYERS * CELL - 1)
    near = {
        name: np.abs(np.subtract(drawn.getpixel(place(*head))[:3], colour)).max()
        for name, head, colour in (("a", (1, 2), scheme.set_a), ("b", (0, 3), scheme.set_b), ("0", (2, 0), scheme.zero))
    }
    assert max(near.values()) < 50
    assert drawn.getpixel(place(1, 2, 5, 5))[:3] == scheme.mark
    assert drawn.getpixel(place(2, 0, 5, 5))[:3] != scheme.mark


def test_between_the_heads_the_ground_shows(finding: Finding) -> None:
    drawn = image(thumbnail(finding, LIGHT))
    assert drawn.getpixel((CELL - 1, 0))[3] == drawn.getpixel((0, CELL - 1))[3] == 0
    assert drawn.getpixel((0, 0))[3] == 255


def test_a_head_that_was_not_tested_has_the_colour_of_the_grid() -> None:
    made = planted.statements(20)
    scores = planted.values(made, {(1, 2): 0.1})
    scores[:, 2, 1] = np.nan
    drawn = image(thumbnail(planted.finding(made, scores), LIGHT))
    assert drawn.getpixel(place(2, 1))[:3] == LIGHT.grid


def test_a_map_is_a_small_file_and_always_the_same(finding: Finding) -> None:
    assert len(thumbnail(finding, LIGHT)) < 1000
    assert thumbnail(finding, LIGHT) == thumbnail(finding, LIGHT)
    assert social_card(finding, TEXT) == social_card(finding, TEXT)


def test_the_larger_picture_has_the_size_that_links_want(finding: Finding) -> None:
    drawn = Image.open(io.BytesIO(social_card(finding, TEXT)))
    assert (drawn.size, drawn.format) == (SOCIAL_SIZE, "PNG") == ((1200, 630), "PNG")
    assert drawn.convert("RGB").getpixel((0, 0)) == LIGHT.paper


def ink(content: bytes) -> tuple[int, int, int, int]:
    """The box about title and finding, to the left of the map and above the site's name."""
    above = Image.open(io.BytesIO(content)).convert("L").crop((0, 0, 900, 538))
    box = above.point(lambda value: 255 * (value < 128)).getbbox()
    assert box
    return box


def test_a_long_title_stays_on_the_picture(finding: Finding) -> None:
    long = SocialText("Longwordwithoutanyspaceinitatall" * 4 + " word" * 90, "It found. " * 90, "Attention heads")
    left, top, right, bottom = ink(social_card(finding, long))
    assert left >= 60
    assert top >= 60
    assert 600 < right < 900
    assert 400 < bottom < 525


def test_letters_that_the_typeface_lacks_are_left_out(finding: Finding) -> None:
    assert drawable("Größe − 日本語, naïve × Łódź …") == "Grosse - , naive x Lodz ..."
    assert drawable("日本語 земля") == ""
    nothing = SocialText("", TEXT.finding, TEXT.site)
    other_script = SocialText("日本語", TEXT.finding, TEXT.site)
    assert social_card(finding, other_script) == social_card(finding, nothing)


def test_a_study_has_its_map_for_both_grounds_and_a_picture_for_links() -> None:
    made = planted.statements(20)
    results = planted.results(made, planted.values(made, {(1, 2): 0.1}))
    files = pictures(results, "Attention heads")
    assert list(files) == ["map.png", "map-dark.png", "social.png"]
    assert files["map.png"] == thumbnail(results.findings[0], LIGHT)
    assert files["map.png"] != files["map-dark.png"]
