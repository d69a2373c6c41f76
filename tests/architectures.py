"""The page of the documentation that says which architectures are read, how, and what can be asked of them.

It is written from the entries that the tests of every family go by (`family_data`): what stands there is what these tests
found. `python -m tests.architectures` writes it anew.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from reportgen.spec.experiments import ExperimentsSection
from tests.family import OWN_WAY, PROOF, Family, Refused
from tests.family_data import FAMILIES, REASONS, REFUSED

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "site" / "docs" / "architectures.qmd"
COMMAND = "python -m tests.architectures"
_FOLLOWING = ("attribution", "knockout", "gradient")
PACKAGES = ("transformers", "transformer-lens")

_OPENING = """---
title: "Architectures"
subtitle: "Which models are read, how, and what can be asked of them."
description: "Which architectures reportgen reads, how, what experiments are possible with each, and which it refuses."
root: "../"
---

<!-- Written by `{command}` from what the tests of every family go by; change tests/family_data.py, not this page. -->

A model is read in one of three ways, or refused with a reason. {read} architectures are read and {refused} refused; each line
below was tried on a tiny model of its kind with random weights, with the settings that stand in the line, on statements of 1
to 19 tokens. Every score is within 5·10⁻⁵ of what plain transformers with eager attention gives, alone and in batches of
every size, and every experiment gives what a plain model gives that is changed by hand. Tried with transformers {transformers}
and TransformerLens {lens}.

An architecture that is not listed is tried when a study of it runs. No list is trusted in any case: before a run captures
anything it compares its model with eager attention on a sample, and an experiment proves itself on the model before it is
begun. What does not hold is refused.

What needs attention alone, and how likely answers are, can be asked of every model that is read: all sections of a page, and
the experiments {others}. What follows or changes the model needs more of its architecture:

- `attribution`: attention can be cut for single heads, and what heads write has a length and can be followed to the logits,
  through norms after attention, factors and caps as they are at that token.
- `knockout`: heads can be silenced or replaced. "Totals" says that their direct effects cannot be told from the others.
- `gradient`: one can go backwards through attention.
"""

_SHARED = """
## Read with shared prefixes {{#shared}}

Out of plain transformers through its attention interface, what statements begin with alike being computed once.

{table}

{reasons}
"""

_HOOKS = """
## Read by TransformerLens's hooks {{#hooks}}

Every token of every statement is run, which takes about three times as long (the benchmark `capture-vs-bridge-hooks`), as the
way above does not serve: these compute attention without transformers' interface, and nothing can be changed or followed there
either, or they do not prove themselves that way.

{table}

{reasons}
"""

_ALONE = """
## Read one statement at a time {{#alone}}

By plain transformers with eager attention, where neither way serves: the slowest, and the one that the others are compared
with.

{table}

{reasons}
"""

_REFUSED = """
## Refused {{#refused}}

Only attention that is a softmax over the tokens read so far, in every layer, has shares that can be compared.

{table}
"""

_END = """
```{=html}
<script src="../assets/page.js" defer></script>
```
"""


def page(transformers: str, lens: str) -> str:
    """The whole page, for these versions."""
    shared = [family for family in FAMILIES.values() if not family.why_hooks]
    hooks = [family for family in FAMILIES.values() if family.why_hooks and not family.alone]
    alone = [family for family in FAMILIES.values() if family.alone]
    opening = _OPENING.format(
        command=COMMAND,
        read=len(FAMILIES),
        refused=len(REFUSED),
        transformers=transformers,
        lens=lens,
        others=_others(),
    )
    return (
        "".join(
            [
                opening,
                _SHARED.format(table=_table(shared, (letters := _letters(shared))), reasons=_reasons(letters)),
                _HOOKS.format(table=_hooks_table(hooks, (letters := _letters(hooks))), reasons=_reasons(letters)),
                _ALONE.format(table=_hooks_table(alone, (letters := _letters(alone))), reasons=_reasons(letters)),
                _REFUSED.format(table=_refused_table(REFUSED.values())),
                _END,
            ]
        ).rstrip()
        + "\n"
    )


def _others() -> str:
    """The experiments that go by no more than attention and answers."""
    names = [f"`{name}`" for name in ExperimentsSection.model_fields if name not in _FOLLOWING]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def pinned() -> dict[str, str]:
    """The versions that the tests run with."""
    pins = (line.partition("==") for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines())
    return {name: version for name, _, version in pins if name in PACKAGES}


def current() -> str:
    """The page as it is to be."""
    versions = pinned()
    return page(*(versions[name] for name in PACKAGES))


def _letters(some: Sequence[Family]) -> dict[str, str]:
    """A letter for each reason of a refusal, in the order in which they come."""
    words = dict.fromkeys(
        reason
        for family in some
        for reason in map(family.refusal, ("attribution", "direct", "knockout", "gradient"))
        if reason and reason != OWN_WAY
    )
    return {reason: chr(ord("a") + place) for place, reason in enumerate(words)}


def _reasons(letters: dict[str, str]) -> str:
    return "\n".join(f"({letter}) {REASONS[reason]}.\\" for reason, letter in letters.items()).rstrip("\\")


def _table(some: Iterable[Family], letters: dict[str, str]) -> str:
    rows = [
        (
            family.name,
            f"`{family.kind}`",
            family.tried,
            _can(family.refusal("attribution"), letters),
            _knockout(family, letters),
            _can(family.refusal("gradient"), letters),
        )
        for family in some
    ]
    names = ("Architecture", "`model_type`", "Tried with", "`attribution`", "`knockout`", "`gradient`")
    return _pipes(names, (24, 17, 36, 12, 11, 10), rows)


def _hooks_table(some: Iterable[Family], letters: dict[str, str]) -> str:
    rows = [
        (
            family.name,
            f"`{family.kind}`",
            family.tried,
            _why_not(family.why_hooks),
            _can(family.refusal("attribution"), letters),
            _knockout(family, letters),
            _can(family.refusal("gradient"), letters),
        )
        for family in some
    ]
    names = ("Architecture", "`model_type`", "Tried with", "Not shared", "`attribution`", "`knockout`", "`gradient`")
    return _pipes(names, (18, 14, 30, 16, 10, 10, 9), rows)


def _refused_table(some: Iterable[Refused]) -> str:
    rows = [(each.family.name, f"`{each.family.kind}`", each.instead) for each in some]
    return _pipes(("Architecture", "`model_type`", "What it has instead"), (24, 18, 48), rows)


def _why_not(why: str) -> str:
    known = {OWN_WAY: "no interface", PROOF: "does not prove itself"}
    return known.get(why, "takes no shared tokens")


def _knockout(family: Family, letters: dict[str, str]) -> str:
    refused, direct = family.refusal("knockout"), family.refusal("direct")
    return f"totals ({letters[direct]})" if not refused and direct else _can(refused, letters)


def _can(reason: str, letters: dict[str, str]) -> str:
    if not reason:
        return "yes"
    return f"no ({letters[reason]})" if reason in letters else "no"


def _pipes(names: Sequence[str], widths: Sequence[int], rows: Iterable[Sequence[str]]) -> str:
    """A pipe table whose columns have these relative widths."""

    def lines() -> Iterator[str]:
        yield _row(names)
        yield "|" + "|".join("-" * width for width in widths) + "|"
        yield from map(_row, rows)

    return "\n".join(lines())


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(current(), encoding="utf-8")
    print(f"written: {PAGE.relative_to(ROOT)}")
