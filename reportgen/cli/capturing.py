"""The commands that part a study in two: the model is asked here, the pages are written there."""

from datetime import timedelta
from pathlib import Path
from typing import Literal

import click

from reportgen import numbers, parameters
from reportgen.cli.common import (
    CACHE,
    ENGINE,
    OVERRIDES,
    QUIET,
    SITE,
    SITE_URL,
    SPECS,
    fail,
    given_specs,
    stoppable,
    tell_errors,
    tell_site,
)
from reportgen.console import Console
from reportgen.errors import ReportgenError

RESULTS = Path("results")


@click.command()
@SPECS
@click.option(
    "--to",
    type=click.Path(file_okay=False, path_type=Path),
    default=RESULTS,
    show_default=True,
    metavar="FOLDER",
    help="Where each study leaves a folder of its name.",
)
@click.option(
    "--max-age",
    type=parameters.age,
    metavar="AGE",
    help="Ask the model anew where the cache holds older scores: 12h, 6d, 4w; 0d in any case.",
)
@OVERRIDES
@CACHE
@QUIET
@stoppable("The shards captured so far are kept; results are left whole or not at all.")
def capture(
    specs: tuple[Path, ...],
    to: Path,
    max_age: timedelta | None,
    overrides: tuple[str, ...],
    cache: Path,
    quiet: bool,
) -> None:
    """Run the studies and leave results folders, from which pages are rendered without a model."""
    from reportgen.capturing import capture_study  # noqa: PLC0415

    console = Console(quiet=quiet)
    errors: list[Exception] = []
    try:
        sources = given_specs(specs, cache, overrides).sources
    except ReportgenError as error:
        fail(error)
    for source in sources:
        try:
            packed = capture_study(source, to, console, max_age)
        except Exception as error:  # whatever went wrong in this study, the others go on
            errors.append(error)
        else:
            files = numbers.things(len(packed.manifest.files), "file")
            console.say(f"{packed.folder}: {files}, {packed.size / 1e6:.1f} MB")
    tell_errors(errors)


@click.command()
@click.argument("results", nargs=-1, metavar="[RESULTS]...", type=click.Path(file_okay=False, path_type=Path))
@SITE
@SITE_URL
@ENGINE
@QUIET
@stoppable("The site is as it was.")
def render(
    results: tuple[Path, ...],
    folder: Path,
    site_url: str | None,
    engine: Literal["auto", "quarto", "pandoc"],
    quiet: bool,
) -> None:
    """Write the pages of results folders, without RESULTS of all in results/; needs no model and no torch."""
    from reportgen.site.project import Site  # noqa: PLC0415
    from reportgen.sources import Given  # noqa: PLC0415
    from reportgen.studies import Builder  # noqa: PLC0415

    console = Console(quiet=quiet)
    try:
        site = Site.at(folder, engine, site_url)
        if not results and not RESULTS.is_dir():
            raise click.UsageError("there is no folder results/ here; name the RESULTS")
        built = Builder(site, console).build(Given.results(results or (RESULTS,)))
    except ReportgenError as error:
        fail(error)
    tell_site(built, site, console)
