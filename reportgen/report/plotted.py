"""A figure of a page from what is drawn and what is said of it."""

from reportgen.report.document import Figure
from reportgen.report.markup import Html, Md
from reportgen.report.render import component


def plotted(
    place: str, *, data: Html, height: int, alt: str, waiting: str, caption: Md, how_to_read: Md, table: Html
) -> Figure:
    """The figure with the id `place`; `data` is what `figures.theme.figure_json` gives, `alt` says it in words, `waiting`
    what will appear, and `table` holds the same numbers."""
    html = component("components/plot", height=height, map="", alt=alt, data=data, waiting=waiting)
    return Figure(id=place, html=html, caption=caption, how_to_read=how_to_read, table=table)
