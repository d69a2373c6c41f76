"""The page about architectures says what the tests of families find."""

import pytest

from tests import architectures
from tests.families import FAMILIES, REFUSED


def test_the_page_is_what_the_families_say() -> None:
    assert architectures.PAGE.read_text(encoding="utf-8") == architectures.current(), (
        f"{architectures.PAGE} is not what tests/family_data.py says: run {architectures.COMMAND}"
    )


def test_every_family_has_its_line_and_none_has_two() -> None:
    lines = [line for line in architectures.current().splitlines() if line.startswith("| ")]
    entries = [*FAMILIES.values(), *(refused.family for refused in REFUSED.values())]
    for family in entries:
        assert family.name, family.kind
        assert [line.startswith(f"| {family.name} | `{family.kind}` |") for line in lines].count(True) == 1
    assert len(lines) == len(entries) + 4  # the head of each table
    assert len(FAMILIES) > 70


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_that_refuses_contributions_refuses_attribution_which_needs_them(name: str) -> None:
    family = FAMILIES[name]
    assert family.tried
    assert not family.refusal("contribution") or family.refusal("attribution")
    assert not family.refusal("direct") or family.refusal("attribution")


def test_a_line_says_what_can_be_asked_and_why_not() -> None:
    page = architectures.page("1.2", "3.4")
    assert "transformers 1.2\nand TransformerLens 3.4" in page
    assert "| Mistral | `mistral` | grouped queries, a window | yes | yes | yes |" in page
    bitnet = next(line for line in page.splitlines() if "`bitnet`" in line)
    letter = bitnet.partition("no (")[2][0]
    assert bitnet.endswith(f"| no ({letter}) | totals ({letter}) | yes |")
    assert f"\n({letter}) a gate, a norm or experts change" in page
    assert "| BLOOM | `bloom` | ALiBi | no interface | no | no | no |" in page
    assert "| Mamba | `mamba` | a state space in every layer |" in page
