"""What stands around a page's own words: the site's name and navigation, its footer, and what other sites show of it.

Both engines fill the same template, `templates/pandoc/page.html`, from these values. They go to pandoc as metadata,
which it reads as Markdown: what is data is escaped, and only the footer is Markdown of the author's own.
"""

from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote, urlsplit

import yaml

from reportgen import provenance
from reportgen.report.markup import escape_md
from reportgen.site.settings import Link, SiteSettings

_NOT_FOUND = "404"


def framed(page: Path, front: dict[str, Any], settings: SiteSettings) -> dict[str, Any]:
    """The metadata of one page (its path in the project, what its front matter says) beyond what it says itself."""
    root = _root(page, settings)
    frame = {
        "root": _data(root),
        "site": _data(settings.title),
        "navigation": [_entry(link, page, root) for link in settings.navigation],
        "footer": settings.footer,
        "version": _data(provenance.own_version()),
        "icon": _data(root + (settings.favicon or "assets/icon.svg")),
        **_addresses(page, front, settings),
    }
    if page != Path("index.qmd"):
        frame["title-suffix"] = frame["site"]
    return {"root": frame["root"], "toc": len(page.parts) > 1, "frame": frame}


def front_matter(text: str) -> dict[str, Any]:
    """What a page says on its top; nothing where it has none, or it is no mapping."""
    top, found, _ = text.removeprefix("---\n").partition("\n---\n")
    read = yaml.safe_load(top) if found and text.startswith("---\n") else None
    return read if isinstance(read, dict) else {}


def _data(text: str) -> str:
    """Data as Markdown that shows it as it is, and as a plain string, which is all that YAML can write."""
    return str(escape_md(text))


def _root(page: Path, settings: SiteSettings) -> str:
    """The way up to the site's first page. The page for addresses that are not found is shown at any depth, so its
    way is that from the host, where that is known."""
    if page.stem == _NOT_FOUND and settings.path is not None:
        return settings.path
    return "../" * (len(page.parts) - 1)


def _entry(link: Link, page: Path, root: str) -> dict[str, Any]:
    own = not urlsplit(link.href).scheme
    target = PurePosixPath(link.href)
    entry: dict[str, Any] = {"text": _data(link.text), "href": _data(_href(link.href, root))}
    if own and target.with_suffix("") == PurePosixPath(page.with_suffix("").as_posix()):
        entry["current"] = "page"
    elif own and page.parts[0] in (target.stem, target.parent.as_posix()):
        entry["current"] = "true"
    return entry


def _href(href: str, root: str) -> str:
    if urlsplit(href).scheme or href.startswith(("/", "#")):
        return href
    file, hash_, heading = href.partition("#")
    return root + (file[:-4] + ".html" if file.endswith(".qmd") else file) + hash_ + heading


def _addresses(page: Path, front: dict[str, Any], settings: SiteSettings) -> dict[str, str]:
    """The page's own address and that of its picture, which must be whole, so only where the site's is known."""
    if settings.site_url is None or page.stem == _NOT_FOUND:
        return {}
    addresses = {"canonical": _whole(settings.site_url, page.with_suffix(".html").as_posix())}
    image = front.get("image")
    if isinstance(image, str) and image:
        addresses["image"] = (
            image if urlsplit(image).scheme else _whole(settings.site_url, (page.parent / image).as_posix())
        )
    elif settings.image:
        addresses["image"] = _whole(settings.site_url, settings.image)
    return {name: _data(address) for name, address in addresses.items()}


def _whole(site_url: str, path: str) -> str:
    """The address of a file of the site; a folder's index has the folder's own."""
    return f"{site_url}/{quote(path).removesuffix('index.html')}"
