"""Heads named so that a click opens them in the explorer of the study's page."""

import re

from reportgen.report.markup import Html, Md, md


def head_name(layer: int, head: int) -> str:
    """Layer and head as the field writes them, both from 0: L9H1."""
    return f"L{layer}H{head}"


def head_cell(layer: int, head: int) -> Html:
    """The head in a table of a page beside the study's."""
    name = head_name(layer, head)
    return Html('<a href="index.html#head={name}">{name}</a>').format(name=name)


def head_text(layer: int, head: int) -> Md:
    """The head in a sentence of a page beside the study's."""
    return linked(head_name(layer, head))


def linked(name: str) -> Md:
    """A head by its name, in a sentence of a page beside the study's."""
    assert re.fullmatch(r"L\d+H\d+", name)
    return md("[{name}](index.html#head={name})", name=Md(name))
