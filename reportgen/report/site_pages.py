"""The site's pages beside the studies: what its words mean, how it works, how to make one.

They are Quarto Markdown in `templates/site/pages/`, written by hand but for what would drift: the spec reference is made
from the spec's classes, the glossary from its terms, and the list of calibrated studies from the site itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol
from urllib.parse import urlsplit

from jinja2 import Environment

from reportgen import controls, numbers, provenance, selected
from reportgen.capture import record
from reportgen.report.glossary import GROUPS, terms
from reportgen.report.markup import Md
from reportgen.report.page import Card
from reportgen.report.render import component, qmd_environment
from reportgen.report.spec_reference import preamble_reference, required_sections, spec_reference
from reportgen.spec.schema import PUBLISHED

BIBLIOGRAPHY = "references.bib"
"""The file of references that must stand beside the pages: the templates' own."""


class Settings(Protocol):
    """What the pages say of the site: its title, and its address where it has one (else empty or None)."""

    @property
    def title(self) -> str: ...
    @property
    def site_url(self) -> str | None: ...


@dataclass(frozen=True)
class Calibrated:
    """A study with a calibration page: its id, its title, and what was counted, as that page's front matter says it."""

    id: str
    title: str
    finding: Md


@dataclass(frozen=True)
class _Page:
    """One page: what its front matter says, and what its template needs beyond that."""

    title: str
    question: str
    description: str
    contents: bool = False
    cites: bool = False
    root: str = ""
    values: Mapping[str, object] = field(default_factory=dict)


def site_pages(settings: Settings, cards: Sequence[Card], calibrated: Sequence[Calibrated]) -> dict[str, str]:
    """Every page as complete `.qmd` text, by its name: "methods", "calibration", "glossary", "how-to",
    "spec-reference", "about", "404"."""
    pages = {
        "methods": _METHODS,
        "calibration": _calibration(cards, calibrated),
        "glossary": _glossary(),
        "how-to": _HOW_TO,
        "spec-reference": _spec_reference(),
        "about": _about(settings, cards),
        "404": _not_found(settings),
    }
    return {name: _rendered(name, page) for name, page in pages.items()}


_METHODS = _Page(
    title="Methods",
    question="What is measured, how it is tested, and what the numbers may be taken to say.",
    description="How attention becomes a score, how heads are tested and corrected for, and what a finding means.",
    contents=True,
    cites=True,
    values={
        "splits": numbers.count(selected.SPLITS),
        "resamples": numbers.count(selected.RESAMPLES),
        "shuffles": numbers.count(controls.SHUFFLES),
        "counts_as": numbers.points(controls.COUNTS_AS, 0),
        "score_tolerance": numbers.small(record.SCORE_TOLERANCE),
        "pattern_tolerance": numbers.small(record.PATTERN_TOLERANCE),
    },
)

_HOW_TO = _Page(
    title="How to",
    question="Short answers, with what to copy.",
    description="Your own facts, your own model, a weekly schedule, a site on GitHub Pages, a badge: what to write and run.",
    contents=True,
)


def _calibration(cards: Sequence[Card], calibrated: Sequence[Calibrated]) -> _Page:
    done = {one.id for one in calibrated}
    others = [card for card in cards if card.id not in done]
    text = "".join(f"reportgen calibrate specs/{card.spec}" for card in others[:1])
    return _Page(
        title="Calibration",
        question="Does a procedure hold its error rate on the data that it is used on?",
        description="What it means to calibrate a study, and the studies of this site that were calibrated.",
        cites=True,
        values={"calibrated": calibrated, "others": others, "command": component("components/code", text=text)},
    )


def _glossary() -> _Page:
    return _Page(
        title="Glossary",
        question="The words of the pages, in plain ones.",
        description="Every term of art that the pages use, explained in plain words, with its source.",
        contents=True,
        cites=True,
        values={"groups": GROUPS, "terms": terms()},
    )


def _spec_reference() -> _Page:
    return _Page(
        title="Spec reference",
        question="Every key that a study's YAML file may have.",
        description="Every section and key of a study spec: what it is for, what may stand there, and its default.",
        contents=True,
        values={
            "sections": spec_reference(),
            "preamble": preamble_reference(),
            "required": required_sections(),
            "version": provenance.own_version(),
            "schema": Md(PUBLISHED),
        },
    )


def _about(settings: Settings, cards: Sequence[Card]) -> _Page:
    return _Page(
        title="About",
        question="What this site is and how it is made.",
        description=f"What {settings.title} is, how it is made, and how to cite it.",
        values={"site": settings, "cards": cards, "version": provenance.own_version()},
    )


def _not_found(settings: Settings) -> _Page:
    """A server shows it at any address, so its links start at the site's own root where that is known."""
    path = urlsplit(settings.site_url or "").path
    return _Page(
        title="Not here",
        question="There is no page at this address.",
        description="There is no page at this address.",
        root=f"{path.rstrip('/')}/" if settings.site_url else "",
    )


def _rendered(name: str, page: _Page) -> str:
    template = _environment().get_template(f"site/pages/{name}.qmd.j2")
    return template.render(page=page, bibliography=BIBLIOGRAPHY, **page.values)


@cache
def _environment() -> Environment:
    """The environment of all documents, but for its comments: `{#id}` is Markdown's way to name a heading."""
    return qmd_environment().overlay(comment_start_string="<#", comment_end_string="#>")
