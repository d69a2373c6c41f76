"""The map of all heads as a small picture for the list of studies, and inside a larger one for links to the study.

1. Each head is a square of `cell` pixels with a gap of one: layer 0 on top, head 0 on the left, as on the page.
2. Its colour lies between the page's zero and the hue of the set that gets more attention, on the page's own scale;
   a head that could not be tested has the colour of the grid. A dot marks the recall heads.
3. The picture is a PNG of few colours whose gaps are transparent; one for light pages, one for dark ones.
4. The larger picture (Open Graph, 1200 × 630) sets title, finding and the site's name beside the map, in the typeface
   that Pillow carries. That knows little more than ASCII: accents are dropped, and what it cannot draw is left out.

Same findings, same bytes: Pillow stamps no time and the colours are fixed.
"""

import io
import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from reportgen.figures.heatmaps import clip
from reportgen.findings import Finding

Colour = tuple[int, int, int]
Cells = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Scheme:
    """The colours of a page, as `page.css` has them for light or for dark."""

    paper: Colour
    ink: Colour
    ink_soft: Colour
    grid: Colour
    zero: Colour
    set_a: Colour
    set_b: Colour
    mark: Colour


LIGHT = Scheme(
    paper=(0xFF, 0xFF, 0xFF),
    ink=(0x1B, 0x1B, 0x1A),
    ink_soft=(0x5A, 0x5A, 0x56),
    grid=(0xEB, 0xEB, 0xE6),
    zero=(0xF4, 0xF4, 0xF0),
    set_a=(0x00, 0x68, 0x9D),
    set_b=(0xB8, 0x47, 0x0B),
    mark=(0x1B, 0x1B, 0x1A),
)
DARK = Scheme(
    paper=(0x16, 0x16, 0x15),
    ink=(0xEC, 0xEA, 0xE4),
    ink_soft=(0xAA, 0xA8, 0xA0),
    grid=(0x2B, 0x2B, 0x28),
    zero=(0x26, 0x26, 0x24),
    set_a=(0x56, 0xB4, 0xE9),
    set_b=(0xF0, 0x89, 0x4A),
    mark=(0xFF, 0xFF, 0xFF),
)

_STEPS = 12
_GAP, _UNTESTED, _MARK, _ZERO = 0, 1, 2, 3 + _STEPS
_MOST_WIDE, _MOST_HIGH, _LARGEST_CELL, _SMALLEST_CELL = 320, 400, 12, 4

SOCIAL_SIZE = (1200, 630)
_MARGIN = 64
_MAP_ROOM = (380, SOCIAL_SIZE[1] - 2 * _MARGIN)
_SPELLED = {
    "−": "-",
    "–": "-",
    "—": "-",
    "×": "x",
    "≥": ">=",
    "≤": "<=",
    "ß": "ss",
    "æ": "ae",
    "Æ": "AE",
    "ø": "o",
    "Ø": "O",
}
_SPELLED |= {"œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i"}


@dataclass(frozen=True)
class SocialText:
    """What stands on the larger picture."""

    title: str
    finding: str
    site: str


def thumbnail(finding: Finding, scheme: Scheme) -> bytes:
    """The map as a small PNG on whatever ground it is put."""
    layers, heads = finding.tests.heads.effect.shape
    return _png(_drawn(finding, scheme, _cell(layers, heads, (_MOST_WIDE, _MOST_HIGH), _LARGEST_CELL)))


def social_card(finding: Finding, text: SocialText) -> bytes:
    """The picture that is shown where somebody shares a link to the study."""
    picture = Image.new("RGB", SOCIAL_SIZE, LIGHT.paper)
    _write(picture, text, _paste_map(picture, finding) - 2 * _MARGIN)
    return _png(picture.quantize(128, dither=Image.Dither.NONE))


def drawable(text: str) -> str:
    """The text as Pillow's typeface can draw it: without accents, and without the letters that it lacks."""
    spelled = "".join(_SPELLED.get(character, character) for character in text)
    plain = unicodedata.normalize("NFKD", spelled)
    return " ".join("".join(character for character in plain if _can_draw(character)).split())


def _cell(layers: int, heads: int, room: tuple[int, int], largest: int) -> int:
    """The side of a head's square, its gap included."""
    return max(_SMALLEST_CELL, min(largest, room[0] // heads, room[1] // layers))


def _drawn(finding: Finding, scheme: Scheme, cell: int) -> Image.Image:
    """The map in few colours, its gaps transparent."""
    effect = finding.tests.heads.effect.to_numpy() * 100
    marked = finding.tests.recall_heads().to_numpy()
    image = Image.fromarray(_pixels(_colours(effect), marked, cell))
    image.putpalette(_palette(scheme))
    image.info["transparency"] = _GAP
    return image


def _colours(effect: npt.NDArray[np.float64]) -> Cells:
    """[layer, head]: which colour of the palette each head gets."""
    steps = np.clip(np.round(np.nan_to_num(effect) / clip(effect) * _STEPS), -_STEPS, _STEPS)
    return np.where(np.isfinite(effect), _ZERO + steps, _UNTESTED).astype(np.uint8)


def _pixels(colours: Cells, marked: npt.NDArray[np.bool_], cell: int) -> Cells:
    """[row, column]: every head's square with its gap to the right and below, and the dots; no gap at the edges."""
    square = np.zeros((cell, cell), np.uint8)
    square[: cell - 1, : cell - 1] = 1
    pixels = np.kron(colours, square)
    dot = np.zeros_like(square)
    size = max(1, (cell - 1) // 3)
    first = (cell - 1 - size) // 2
    dot[first : first + size, first : first + size] = 1
    pixels[np.kron(marked.astype(np.uint8), dot) == 1] = _MARK
    return pixels[:-1, :-1]


def _palette(scheme: Scheme) -> list[int]:
    """Gap, untested and mark, then from the one set's hue over zero to the other's."""
    shares = [step / _STEPS for step in range(-_STEPS, _STEPS + 1)]
    scale = [_between(scheme.zero, scheme.set_a if share > 0 else scheme.set_b, abs(share)) for share in shares]
    return [part for colour in (scheme.paper, scheme.grid, scheme.mark, *scale) for part in colour]


def _between(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _paste_map(picture: Image.Image, finding: Finding) -> int:
    """Put the map at the right edge; return where it begins."""
    layers, heads = finding.tests.heads.effect.shape
    drawn = _drawn(finding, LIGHT, _cell(layers, heads, _MAP_ROOM, 48)).convert("RGBA")
    drawn.thumbnail(_MAP_ROOM, Image.Resampling.BOX)
    left, top = SOCIAL_SIZE[0] - _MARGIN - drawn.width, (SOCIAL_SIZE[1] - drawn.height) // 2
    picture.paste(drawn, (left, top), drawn)
    return left


def _write(picture: Image.Image, text: SocialText, width: int) -> None:
    """Title and finding from the top, the site's name at the bottom, in lines no wider than that."""
    draw, top = ImageDraw.Draw(picture), _MARGIN
    for words, size, colour, lines in (
        (text.title, 58, LIGHT.ink, 3),
        (text.finding, 31, LIGHT.ink_soft, 5),
    ):
        for line in _wrapped(drawable(words), _font(size), width, lines):
            draw.text((_MARGIN, top), line, colour, _font(size))
            top += round(size * 1.24)
        top += 24
    draw.text((_MARGIN, SOCIAL_SIZE[1] - _MARGIN - 26), drawable(text.site), LIGHT.ink_soft, _font(26))


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: int, most: int) -> list[str]:
    """The text in lines no wider than that; the last one ends in an ellipsis where there would be more than `most`."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(_cut(word, font, width))
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], _cut(f"{lines[most - 1]} …", font, width)]


def _cut(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """As much of the text's beginning as there is room for, with an ellipsis where that is not all."""
    if font.getlength(text) <= width:
        return text
    kept = text.removesuffix("…")
    while kept and font.getlength(f"{kept}…") > width:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow is built with FreeType in every wheel"
    return font


@cache
def _can_draw(character: str) -> bool:
    """Whether the typeface has the letter: one that it lacks is drawn as U+10FFFF is, which is no letter at all."""
    font = _font(20)
    return bytes(font.getmask(character)) != bytes(font.getmask("\U0010ffff"))


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()
