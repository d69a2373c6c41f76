"""Which links of a site lead nowhere, and that pages are read as a parser of HTML reads them."""

from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.site.links import check_links, read_links
from reportgen.site.referring import page_of, style_links

HOME = '<link rel="canonical" href="https://ada.example.org/repo/">'


def write(site: Path, **files: str) -> None:
    """The files of a site; "__" stands for a slash and "_" for a dot."""
    for name, text in files.items():
        path = site / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    write(
        tmp_path,
        index_html='<p id="here">One</p>',
        studies__s__index_html='<h2 id="found">Two</h2><a name="old"></a>',
        assets__page_css="",
        assets__a_b_svg="<svg></svg>",
    )
    return tmp_path


def faults(site: Path, *links: str, name: str = "page_html", head: str = "") -> list[str]:
    """What is wrong with links that stand in a page of the site."""
    anchors = "".join(f'<a href="{link}">x</a>' for link in links)
    write(site, **{name: head + anchors})
    return [broken.why for broken in check_links(site)]


@pytest.mark.parametrize(
    "link",
    ["index.html", "#", "#top", "index.html#here", "./studies/s/../s/index.html#found", "studies/s/index.html#old",
     "index.html?search=x#here", "index.html#head=L9H1&amp;view=a", "assets/a%2Eb.svg#icon", "#:~:text=One",
     "mailto:a@b.c", "data:,x", "https://example.org/gone#x", "//example.org/", "?kept=1"],
)  # fmt: skip
def test_links_that_lead_somewhere_are_left_alone(link: str, site: Path) -> None:
    assert faults(site, link) == []


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("gone.html", "leads to a file that is not there"),
        ("Index.html", "is written in another case than index.html"),
        ("/index.html", "starts at the host's root, and the site may lie below that"),
        ("../index.html", "leads out of the site"),
        ("studies/../../other.html", "leads out of the site"),
        ("file:///home/ada/index.html", "names a file of the machine that it was written on"),
        ("C:\\ada\\index.html", "names a file of the machine that it was written on"),
        ("studies/s/", "leads to a folder; name its page, studies/s/index.html"),
        (".", "leads to a folder; name its page, index.html"),
        ("index.html#gone", "leads to a part that index.html does not have"),
        ("#gone", "leads to a part that page.html does not have"),
        ("", "is empty"),
        ("http://[::1", "is no address"),
    ],
)
def test_a_broken_link_is_told_with_the_reason(link: str, why: str, site: Path) -> None:
    assert faults(site, link) == [why]


def test_a_page_below_the_root_counts_from_its_own_folder(site: Path) -> None:
    assert faults(site, "../../index.html", "index.html", "../../assets/page.css", name="studies__s__b_html") == []
    assert faults(site, "../index.html", name="studies__s__b_html") == ["leads to a file that is not there"]


def test_the_page_for_what_is_not_found_alone_may_start_at_the_host_s_root(site: Path) -> None:
    write(site, index_html=HOME)
    assert faults(site, "/repo/index.html", "/repo/", "/repo/assets/page.css", name="404_html") == []
    assert faults(site, "/repo/gone.html", "/index.html", name="404_html") == [
        "starts at the host's root, and the site may lie below that",
        "leads to a file that is not there",
    ]
    write(site, **{"404_html": ""})
    assert faults(site, "/repo/index.html") == ["starts at the host's root, and the site may lie below that"]


def test_whole_addresses_of_the_site_itself_must_lead_somewhere(site: Path) -> None:
    write(site, index_html=HOME)
    own = "https://ada.example.org/repo/"
    assert faults(site, f"{own}index.html", f"{own}studies/s/", own) == []
    assert faults(site, f"{own}gone.png") == ["leads to a file that is not there"]
    write(site, page_html=f'<meta property="og:image" content="{own}card.png">')
    assert [broken.link for broken in check_links(site)] == [f"{own}card.png"]


def test_everything_that_a_page_refers_to_is_followed(site: Path) -> None:
    write(
        site,
        page_html='<img srcset="a.png 1x, b,c.png 2x" src=d.png><video poster="e.png"></video><object data="f.pdf">'
        '<svg><use xlink:href="g.svg#x"/></svg><p style="background: url(h.png)"><style>p {background: url("i.png")}'
        '</style><meta http-equiv="refresh" content="0; url=j.html"><script src="k.js"></script><form action="l.html">',
        assets__more_css="@import 'm.css'; p {background: url( n.png )} /* url(no.png) */ a {b: url(../index.html)}",
    )
    assert {broken.link.split("#")[0] for broken in check_links(site)} == {
        *("a.png", "b,c.png", "d.png", "e.png", "f.pdf", "g.svg", "h.png", "i.png", "j.html", "k.js", "l.html"),
        *("m.css", "n.png"),
    }


def test_what_is_no_markup_is_passed_over(site: Path) -> None:
    write(
        site,
        page_html="<!-- <a href='gone'> --><script>x = '<a href=\"gone\">'</script><title><a href='gone'></title>"
        "<p title=\"<a href='gone'>\" data-href='gone'>a < b <b>c</b></p><!-- <a href='gone'>",
    )
    assert check_links(site) == ()


def test_links_elsewhere_are_listed_and_not_followed(site: Path) -> None:
    write(site, page_html='<a href="https://example.org/a?b&amp;c">x</a><a href="http://127.0.0.1:9/">y</a>')
    links = read_links(site)
    assert dict(links.external) == {"https://example.org/a?b&c": "page.html", "http://127.0.0.1:9/": "page.html"}
    assert links.lines() == ["2 links in 4 files, 0 of them broken"]


def test_a_base_element_is_broken_since_it_moves_every_link(site: Path) -> None:
    write(site, page_html='<base href="https://example.org/">')
    assert [broken.why for broken in check_links(site)] == ["moves every link of its page"]


def test_many_broken_links_are_told_shortly(site: Path) -> None:
    faults(site, *(f"gone-{number}.html" for number in range(30)))
    lines = read_links(site).lines()
    assert lines[0] == "30 links in 4 files, 30 of them broken"
    assert lines[1] == "page.html: `gone-0.html` leads to a file that is not there"
    assert lines[-1] == "and 10 more"


class Reference(HTMLParser):
    """Links and ids as the standard library's parser finds them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: set[str] = set()
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        found: dict[str, str] = {}
        for name, value in attrs:
            found.setdefault(name, value or "")
        self.links |= {found[name].strip() for name in ("href", "src") if name in found}
        self.ids |= {found["id"]} if "id" in found else set()


VALUES = st.text(st.sampled_from("ab/.#?&;=<> é"), min_size=1, max_size=8)
TAGS = st.builds(
    "<{0} {1}={2}{3}{2} {4}>".format,
    st.sampled_from(["a", "A", "img", "p", "section", "link"]),
    st.sampled_from(["href", "HREF", "src", "id", "class", "title", "data-href"]),
    st.sampled_from(["'", '"']),
    VALUES,
    st.sampled_from(["", "id=x", "hidden", "class='<a href=no>'", "/", 'href="second"', "\n  src = 'late'"]),
)
PIECES = st.one_of(TAGS, VALUES.map(lambda text: text.replace("<", "< ")), st.sampled_from(
    ["<!-- <a href='no'> -->", "<script src='s.js'>'<a href=\"no\">'</script>", "<style>a > b {}</style>", "&amp;", "</a>"]
))  # fmt: skip


@given(st.lists(PIECES, max_size=8).map("".join))
def test_a_page_is_read_as_a_parser_reads_it(html: str) -> None:
    reference = Reference()
    reference.feed(html)
    reference.close()
    page = page_of(html)
    assert (page.links, page.ids) == (reference.links, reference.ids)


def test_addresses_in_styles_are_found_in_every_notation() -> None:
    assert style_links('a{b:url(c.png)} d{e:URL(\'f g.png\'),url("h.png")} @import "i.css"; j{k:url()}') == {
        *("c.png", "f g.png", "h.png", "i.css")
    }
