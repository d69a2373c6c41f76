"""What `_quarto.yml` says that the embedded engine, the feed and the site map need too.

The file is a Quarto website project's own, so most of it is Quarto's business: keys that are not read here are left
alone. Those that are read have Quarto's meaning, and a value of the wrong type is an error with its place.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

import yaml
from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, Strict, ValidationError

from reportgen.errors import StudyError

_Text = Annotated[str, Strict()]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Item(_Part):
    """An entry of the navigation bar; one that is written as a path alone is a link to that page."""

    text: _Text = ""
    href: _Text = Field("", validation_alias=AliasChoices("href", "file", "url"))
    label: _Text = Field("", alias="aria-label")
    menu: tuple["_ItemOrPath", ...] = ()


def _item(given: object) -> object:
    return {"href": given} if isinstance(given, str) else given


_ItemOrPath = Annotated[_Item, BeforeValidator(_item)]


class _Bar(_Part):
    left: tuple[_ItemOrPath, ...] = ()
    right: tuple[_ItemOrPath, ...] = ()


class _Footer(_Part):
    left: _Text | tuple[_ItemOrPath, ...] = ""
    center: _Text | tuple[_ItemOrPath, ...] = ""
    right: _Text | tuple[_ItemOrPath, ...] = ""


class _Website(_Part):
    title: _Text = ""
    description: _Text = ""
    site_url: _Text | None = Field(None, alias="site-url")
    image: _Text = ""
    favicon: _Text = ""
    navbar: _Bar | bool = False
    page_footer: _Footer | _Text = Field("", alias="page-footer")


class _Project(_Part):
    website: _Website = _Website.model_validate({})


@dataclass(frozen=True)
class Link:
    """An entry of the site's navigation: its words, and a page of the project (`studies.qmd`) or an address."""

    text: str
    href: str


@dataclass(frozen=True)
class SiteSettings:
    """The site as a whole, as every page shows it.

    `site_url` is where it is published, without a slash at its end; None where that is not said. `footer` is Markdown.
    `image` and `favicon` are files of the project, or empty.
    """

    title: str
    description: str = ""
    site_url: str | None = None
    navigation: tuple[Link, ...] = ()
    footer: str = ""
    image: str = ""
    favicon: str = ""

    @classmethod
    def read(cls, file: Path) -> Self:
        """What the file says; raises StudyError with the file and the key where it cannot be used."""
        website = _parsed(file).website
        bar = website.navbar if isinstance(website.navbar, _Bar) else _Bar.model_validate({})
        read = cls(
            title=website.title or "Attention heads",
            description=website.description,
            navigation=tuple(_links((*bar.left, *bar.right))),
            footer=_footer(website.page_footer),
            image=website.image,
            favicon=website.favicon,
        )
        return read if website.site_url is None else replace(read, site_url=_address(website.site_url, str(file)))

    def with_url(self, url: str) -> Self:
        """The same site, published elsewhere; raises StudyError where that is no web address."""
        return replace(self, site_url=_address(url, "--site-url"))

    @property
    def path(self) -> str | None:
        """The part of the site's address below its host, "/" or "/repo/"; None where the address is not known."""
        return None if self.site_url is None else urlsplit(self.site_url).path + "/"


def _parsed(file: Path) -> _Project:
    try:
        data: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
        return _Project.model_validate({} if data is None else data)
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{file}: cannot be read ({error}).") from error
    except yaml.YAMLError as error:
        raise StudyError(f"{file}: this is not YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        raise StudyError("\n".join(f"{file}: {line}" for line in _told(error))) from error


def _told(error: ValidationError) -> Iterator[str]:
    """One line for each place where something is wrong; a place with several alternatives is told once."""
    places: dict[str, str] = {}
    for detail in error.errors(include_url=False):
        steps = [str(step) for step in detail["loc"] if not _is_type(step)]
        message = detail["msg"].removeprefix("Input ")
        places.setdefault(".".join(steps) or "the file", message[0].lower() + message[1:])
    yield from (f"`{place}` {message}" for place, message in places.items())


def _is_type(step: object) -> bool:
    """Whether a step of pydantic's path is the name of an alternative, and no key of the file."""
    return isinstance(step, str) and (step.startswith("_") or step in ("bool", "str") or "[" in step)


def _links(items: Sequence[_Item]) -> Iterator[Link]:
    """The entries in order; those of a menu follow where the menu stands."""
    for item in items:
        if item.href:
            yield Link(item.text or item.label or _name(item.href), item.href)
        yield from _links(item.menu)


def _name(href: str) -> str:
    return PurePosixPath(href).stem.replace("-", " ").capitalize()


def _footer(footer: _Footer | str) -> str:
    """All that the footer says, as one line of Markdown."""
    if isinstance(footer, str):
        return footer
    regions = (footer.left, footer.center, footer.right)
    return " · ".join(filter(None, map(_region, regions)))


def _region(region: str | tuple[_Item, ...]) -> str:
    return region if isinstance(region, str) else " · ".join(f"[{link.text}]({link.href})" for link in _links(region))


def _address(url: str, where: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise StudyError(f"{where}: the site's address is `{url}`; it must begin with https:// and name a host.")
    return url.rstrip("/")
