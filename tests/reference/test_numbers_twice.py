"""Numbers as the page's scripts write them, in a real browser, against the program's own text."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from reportgen import numbers

SCRIPT = Path(__file__).parents[2] / "templates" / "assets" / "page.js"
RNG = np.random.default_rng(0)

TIES = [k / 2**n for n in range(1, 12) for k in range(1, 40, 2)]
SMALL = [0.0, -0.0, 1e-9, -1e-9, 4.9e-4, 5e-4, -4.9e-4, -5e-4, -0.0005, 1e-300, 0.00125, 0.03125, 0.0125, 0.005, 0.0015]
SHARES = [*SMALL, *TIES, *(-tie for tie in TIES), 1.0, -1.0, *RNG.normal(0, 0.1, 2000).tolist()]
ROUND = [share / 10_000 for share in range(-300, 300, 5)]
P_VALUES = [
    *(0.0, 1e-300, 0.0009999, 0.00099999999999, 0.001, 0.0010001, 0.0015, 0.0025, 0.0125, 0.0625, 0.3125),
    *(0.9985, 0.999, 0.9990000000000001, 0.99949, 0.9995, 0.99999, 1.0),
    *(tie for tie in TIES if tie <= 1),
    *RNG.uniform(0, 1, 1500).tolist(),
    *(10 ** RNG.uniform(-6, 0, 1500)).tolist(),
]
PLAIN = [
    *SHARES,
    *ROUND,
    *RNG.normal(0, 300, 1000).tolist(),
    999.994,
    999.995,
    999.996,
    1000.0,
    -1234.5,
    1e6,
    12345678.125,
]


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_content("<main></main>")
    page.add_script_tag(path=SCRIPT)
    yield page
    assert complaints == []
    page.close()


Case = tuple[str, Callable[..., str], list[list[float]]]
CASES: list[Case] = [
    ("points", numbers.points, [[share] for share in (*SHARES, *ROUND)]),
    ("points", numbers.points, [[share, digits] for share in SHARES for digits in (0, 2, 3)]),
    ("pointsInterval", numbers.points_interval, [[share - 0.01, share + 0.02] for share in SHARES]),
    ("pValue", numbers.p_value, [[p] for p in P_VALUES]),
    ("pEquals", numbers.p_equals, [[p] for p in P_VALUES]),
    ("decimal", numbers.decimal, [[value] for value in PLAIN]),
    ("decimal", numbers.decimal, [[value, digits] for value in PLAIN for digits in (0, 1, 3)]),
]


@pytest.mark.parametrize(("name", "ours", "given"), CASES, ids=lambda v: v if isinstance(v, str) else "")
def test_both_write_the_same(page: Page, name: str, ours: Callable[..., str], given: list[list[float]]) -> None:
    # JSON has no negative zero of its own, so the browser is told which zeros are.
    signed = [[[value, bool(np.signbit(value))] for value in values] for values in given]
    written = page.evaluate(
        """([name, given]) => given.map((values) =>
            window.reportgen.numbers[name](...values.map(([value, negative]) => negative && value === 0 ? -0 : value)))""",
        [name, signed],
    )
    wrong = [
        (values, text, ours(*values)) for values, text in zip(given, written, strict=True) if text != ours(*values)
    ]
    assert wrong == []
