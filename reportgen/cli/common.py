"""What the commands share: their options, the way they fail, and the way they stop."""

import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click
import platformdirs

from reportgen.errors import InputError, ReportgenError

FAILED, WRONG_INPUT, UNMET, CHANGED = 1, 2, 3, 10

SPECS = click.argument("specs", nargs=-1, metavar="[SPEC]...", type=click.Path(dir_okay=False, path_type=Path))
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


def all_specs() -> tuple[Path, ...]:
    """Every spec in specs/; a usage error where there is none."""
    found = tuple(sorted(Path("specs").glob("*.yml")))
    if not found:
        raise click.UsageError("there is no .yml file in specs/ here; name a SPEC")
    return found


def tell_errors(errors: Sequence[Exception]) -> None:
    """Print each error and exit by the worst; return where there is none."""
    for error in errors:
        known = isinstance(error, ReportgenError)
        click.echo(f"error: {error}" if known else "".join(traceback.format_exception(error)), err=True)
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
