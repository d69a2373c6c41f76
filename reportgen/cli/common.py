"""What the commands share: their options, the way they fail, and the way they stop."""

import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click
import platformdirs

from reportgen.console import Console
from reportgen.errors import InputError, ReportgenError, printed

if TYPE_CHECKING:
    from reportgen.site.project import Site
    from reportgen.sources import Given
    from reportgen.studies import Built

_SPECS = Path("specs")
FAILED, WRONG_INPUT, UNMET, CHANGED = 1, 2, 3, 10

SPECS = click.argument("specs", nargs=-1, metavar="[SPEC]...", type=click.Path(path_type=Path))
SPEC = click.argument("spec", metavar="SPEC", type=click.Path(dir_okay=False, path_type=Path))
CACHE = click.option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="REPORTGEN_CACHE",
    default=lambda: platformdirs.user_cache_path("reportgen"),
    show_default="the user's cache folder",
    help="Where models and scores are kept between runs (or set REPORTGEN_CACHE).",
)
LIMIT = click.option(
    "--limit", type=click.IntRange(min=2), metavar="N", help="Take the first N facts alone; the page says so."
)
OVERRIDES = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Set a key of the spec otherwise, as in tests.alpha=0.01, values as in YAML; the page says so. May be repeated.",
)
QUIET = click.option("--quiet", is_flag=True, help="Say nothing but errors.")
SITE = click.option(
    "--site",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("site"),
    show_default=True,
    help="The folder of the website project.",
)
ENGINE = click.option(
    "--engine",
    type=click.Choice(["auto", "quarto", "pandoc"]),
    default="auto",
    show_default=True,
    help="What renders the pages: Quarto where it is installed, else the embedded pandoc.",
)
SITE_URL = click.option(
    "--site-url", metavar="URL", help="Where the site is published, for its feed and links; else as in _quarto.yml."
)


@contextmanager
def stoppable(what_remains: str) -> Iterator[None]:
    """Where Ctrl-C strikes, in the imports of a command as in its work, say what remains and die of the interrupt."""
    try:
        yield
    except KeyboardInterrupt:
        _stop(f"Stopped. {what_remains}")


def given_specs(paths: Sequence[Path], cache: Path, overrides: Sequence[str] = ()) -> "Given":
    """The studies at some paths, or every spec in specs/, with what is set otherwise; a usage error where there is none."""
    from reportgen.sources import Given  # noqa: PLC0415

    if not paths and not any(_SPECS.glob("*.yml")):
        raise click.UsageError("there is no .yml file in specs/ here; name a SPEC")
    return Given.of(paths or (_SPECS,), cache, overrides)


def tell_site(built: "Built", site: "Site", console: Console) -> None:
    """Say where the site is, what went wrong and what is not as it should be; exit by the worst of it."""
    if (site.published / "index.html").is_file():
        console.say(f"The site is {site.published / 'index.html'}; look at it with `reportgen serve`.")
    tell_errors(built.errors)
    if amiss := list(_amiss(built, site)):
        click.echo("\n".join(amiss), err=True)
        sys.exit(UNMET)


def _amiss(built: "Built", site: "Site") -> Iterator[str]:
    """A line for each study whose findings are not those that its spec expects, or moved though no input did."""
    cards = site.cards()
    for card in (cards[outcome.study] for outcome in built.outcomes if outcome.study in cards):
        if not card.as_expected:
            yield f"{card.id}: expectations: {card.expectations}; its page says which are not"
        if card.alarm:
            yield f"{card.id}: alarm: {card.alarm}"


def tell_errors(errors: Sequence[Exception]) -> None:
    """Print each error and exit by the worst; return where there is none."""
    for error in errors:
        known = isinstance(error, ReportgenError)
        click.echo(f"error: {printed(str(error))}" if known else "".join(traceback.format_exception(error)), err=True)
    if errors:
        sys.exit(WRONG_INPUT if any(isinstance(error, InputError) for error in errors) else FAILED)


def fail(error: ReportgenError) -> None:
    """Print the error and exit by its kind."""
    tell_errors([error])


def _stop(message: str) -> NoReturn:
    """Say a last word and die of the interrupt itself, as shells and make expect of a program that was stopped.

    A mere exit code would not do: where the interrupt struck inside Python's own `exec`, as in the making of a
    dataclass, Python forgets the code and dies of the signal.
    """
    click.echo(message, err=True)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.raise_signal(signal.SIGINT)
    raise AssertionError("an interrupted process does not get here")
