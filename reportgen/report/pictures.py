"""The pictures of a study, as files beside its page: what the list of studies and links to the study show."""

from reportgen.figures.thumbnail import DARK, LIGHT, SocialText, social_card, thumbnail
from reportgen.report import finding_text
from reportgen.report.results import Results

SOCIAL = "social.png"


def pictures(results: Results, site: str) -> dict[str, bytes]:
    """File name → content: the first contrast's map for light and for dark lists, and the picture for links.

    `site` is the site's title, which stands on the last.
    """
    first, spec = results.findings[0], results.plan.file.spec
    text = SocialText(spec.study.title, finding_text.one_line(first, spec), site)
    return {
        "map.png": thumbnail(first, LIGHT),
        "map-dark.png": thumbnail(first, DARK),
        SOCIAL: social_card(first, text),
    }
