"""The site's own pages: they render, their links lead somewhere, and what they tell a reader to write or run is right."""

import re
import shlex
import shutil
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import click
import pytest
import yaml

from reportgen.cli import main
from reportgen.report.glossary import GROUPS, terms
from reportgen.report.markup import escape_md
from reportgen.report.page import Card
from reportgen.report.render import templates_folder
from reportgen.report.site_pages import BIBLIOGRAPHY, Calibrated, site_pages
from reportgen.report.spec_reference import EXAMPLES
from reportgen.site.engines.pandoc import Pandoc
from reportgen.site.settings import SiteSettings
from reportgen.spec.load import load_spec
from reportgen.spec.schema import PUBLISHED

NAMES = ("methods", "calibration", "glossary", "how-to", "spec-reference", "about", "404")
OTHERS = ("index.html", "studies.html", "changes.html", "changes.xml", "replications.html")
SETTINGS = SiteSettings(title="Attention heads")
EVIL = '</script><script>alert(1)</script> `` {{< include x >}} [a](b) $x$ ::: # "'
SMALL = {
    "study": "study: {id: small, title: Small}\n",
    "model": "model: {hub: gpt2}\n",
    "facts": "facts:\n  file: facts.csv\n  relations: {capital: {template: 'The capital of {subject} is {object}.'}}\n",
}


def card(study: str, title: str = "A study") -> Card:
    return Card(study, f"{study}.yml", title, "Where?", "gpt2", "Nothing.", "2026-11-24", "12 pairs", "key")


@dataclass
class Page(HTMLParser):
    """What a rendered page has and points to."""

    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.ids += [values["id"]] if "id" in values else []
        self.links += [values["href"]] if tag == "a" and "href" in values else []
        self.loaded += [values[name] for name in ("src", "href") if name in values and tag in ("script", "link", "img")]


def render(pages: dict[str, str], folder: Path) -> dict[str, str]:
    project = folder / "project"
    project.mkdir()
    shutil.copy(templates_folder() / BIBLIOGRAPHY, project)
    for name, text in pages.items():
        (project / f"{name}.qmd").write_text(text, encoding="utf-8")
    Pandoc.embedded().render(project, [Path(f"{name}.qmd") for name in pages], folder / "out", SETTINGS)
    return {name: (folder / "out" / f"{name}.html").read_text(encoding="utf-8") for name in pages}


def parsed(html: str) -> Page:
    page = Page()
    page.feed(html)
    return page


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    cards = [card("capitals"), card("notebook")]
    return site_pages(
        SETTINGS, cards, [Calibrated("capitals", "Capitals", escape_md("It found some in 5.2 % of data sets."))]
    )


@pytest.fixture(scope="module")
def pages(sources: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Page]:
    """Every page as pandoc renders it, which fails at its first warning."""
    own = {"own-about": Path("site/about.qmd").read_text(encoding="utf-8")}
    return {
        name: parsed(html) for name, html in render({**sources, **own}, tmp_path_factory.mktemp("rendered")).items()
    }


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of a language that are not said to be another file's; with `sh`, those as well."""
    opening = rf"```(?:{language}|\{{\.{language} [^}}]*\}})" if language == "sh" else f"```{language}"
    return re.findall(rf"^{opening}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands(text: str) -> list[list[str]]:
    lines = [line for block in blocks(text, "sh") for line in block.splitlines() if line.startswith("reportgen ")]
    return [shlex.split(line, comments=True)[1:] for line in lines]


def test_every_page_is_there_and_begins_with_its_front_matter(sources: dict[str, str]) -> None:
    assert tuple(sources) == NAMES
    for text in sources.values():
        top = yaml.safe_load(text.split("---\n")[1])
        assert all(top[key] for key in ("title", "subtitle", "description"))
        assert top["root"] == ""
        assert text.count("assets/page.js") == 1


def test_every_page_renders_and_has_no_id_twice(pages: dict[str, Page]) -> None:
    assert {*pages} == {*NAMES, "own-about"}
    for name, page in pages.items():
        assert len(page.ids) == len(set(page.ids)), name


def test_pages_that_cite_have_their_sources_and_others_none(sources: dict[str, str], pages: dict[str, Page]) -> None:
    for name, text in sources.items():
        assert ("bibliography:" in text) == ("[@" in text) == ("refs" in pages[name].ids), name


def test_every_link_to_a_page_or_a_place_in_it_leads_there(pages: dict[str, Page]) -> None:
    lost = [
        f"{name}: {link}"
        for name, page in pages.items()
        for link in page.links
        if not re.match("https?://", link) and not leads_somewhere(link, page, pages)
    ]
    assert lost == []


def leads_somewhere(link: str, page: Page, pages: dict[str, Page]) -> bool:
    file, _, place = link.partition("#")
    if file in OTHERS or file.startswith("studies/"):
        return not place
    if file.startswith("assets/"):
        return file == f"assets/{PUBLISHED}" or (templates_folder() / file).is_file()
    target = page if not file else pages.get(file.removesuffix(".html"))
    return target is not None and (not place or place in target.ids)


def test_no_page_loads_anything_from_elsewhere(pages: dict[str, Page]) -> None:
    loaded = {address for page in pages.values() for address in page.loaded}
    assert [address for address in loaded if ":" in address or address.startswith("/")] == []


def test_every_command_that_is_shown_is_one_with_such_options(sources: dict[str, str]) -> None:
    shown = [words for text in sources.values() for words in commands(text)]
    assert len(shown) > 10
    for words in shown:
        command = main.commands[words[0]]
        assert isinstance(command, click.Command)
        command.make_context(words[0], words[1:])  # raises a UsageError for an option or a value that is none


def test_every_command_that_is_named_in_passing_exists(sources: dict[str, str]) -> None:
    named = {name for text in sources.values() for name in re.findall(r"(?:`|\[)reportgen ([a-z]+)", text)}
    assert len(named) > 3
    assert named <= set(main.commands)


@pytest.mark.parametrize("source", ["how-to", "reference"])
def test_every_yaml_that_is_shown_is_a_spec_or_a_part_of_one(
    source: str, sources: dict[str, str], tmp_path: Path
) -> None:
    shown = blocks(sources["how-to"], "yaml") if source == "how-to" else list(EXAMPLES.values())
    assert len(shown) > 8
    for number, text in enumerate(shown):
        given = yaml.safe_load(text)
        rest = "".join(section for name, section in SMALL.items() if name not in given)
        if "interactions" in given:
            rest += EXAMPLES["contrasts"]
        path = tmp_path / f"{number}.yml"
        path.write_text(text + rest, encoding="utf-8")
        assert set(given) <= load_spec(path).spec.model_fields_set


def test_the_glossary_has_every_term_once_and_a_place_for_it(pages: dict[str, Page]) -> None:
    listed = terms()
    assert len({term.anchor for term in listed}) == len(listed) == sum(len(group.terms) for group in GROUPS)
    assert {term.anchor for term in listed} <= {*pages["glossary"].ids}


def test_the_calibration_page_lists_what_is_calibrated_and_how_to_do_the_rest(sources: dict[str, str]) -> None:
    page = sources["calibration"]
    assert "[Capitals](studies/capitals/calibration.html)" in page
    assert "reportgen calibrate specs/notebook.yml" in page
    assert "(studies/capitals/index.html)" not in page


@pytest.mark.parametrize("studies", [0, 1])
def test_the_calibration_page_says_that_nothing_was_calibrated(studies: int) -> None:
    page = site_pages(SETTINGS, [card("capitals")] * studies, [])["calibration"]
    assert "No study of this site has been calibrated yet." in page
    assert ("reportgen calibrate specs/capitals.yml" in page) == bool(studies)


@pytest.mark.parametrize(
    ("address", "root"),
    [(None, ""), ("https://a.org", "/"), ("https://a.github.io/heads", "/heads/")],
)
def test_the_page_for_wrong_addresses_finds_its_way_from_any_of_them(address: str | None, root: str) -> None:
    page = site_pages(SiteSettings(title="Heads", site_url=address), [], [])["404"]
    assert f'root: "{root}"' in page
    assert f"]({root}index.html)" in page
    assert f'src="{root}assets/page.js"' in page


def test_names_that_look_like_markup_stay_names(tmp_path: Path) -> None:
    settings = SiteSettings(title=EVIL)
    evil = card("evil", EVIL), Card("b", f"{EVIL}.yml", EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL)
    made = site_pages(settings, evil, [Calibrated("evil", EVIL, escape_md(EVIL))])
    html = render({name: made[name] for name in ("calibration", "about")}, tmp_path)
    for text in html.values():
        assert "<script>alert" not in text
        assert "alert(1)" in text
