"""The commands about a study's design: its lock, its power, the proof of its procedure."""

from pathlib import Path

import click

from reportgen import parameters
from reportgen.cli.common import CACHE, OVERRIDES, QUIET, SITE, SPEC, fail, stoppable
from reportgen.console import Console
from reportgen.errors import ReportgenError


@click.command()
@SPEC
@SITE
@CACHE
@click.option("--again", is_flag=True, help="Replace the lock that is there; the page tells of both.")
@QUIET
@stoppable("A lock is written whole or not at all; run the same command again to see to it.")
def lock(spec: Path, folder: Path, cache: Path, again: bool, quiet: bool) -> None:
    """Write down what decides the hypotheses, before there are results; of a family, of each study. Loads no weights."""
    from reportgen.lock_study import lock_study  # noqa: PLC0415
    from reportgen.locking import lock_path  # noqa: PLC0415
    from reportgen.site.project import Site  # noqa: PLC0415
    from reportgen.spec.load import load_specs  # noqa: PLC0415

    console = Console(quiet=quiet)
    try:
        for file in load_specs(spec):
            locked = lock_study(file, Site(folder), cache, console, again=again)
            console.say(f"{locked.study} is locked: {lock_path(file.path, file.cell)}. Keep this file with the spec.")
            if locked.after_results:
                console.say("Results of this study exist already: the lock says so, and the page will.")
    except ReportgenError as error:
        fail(error)


@click.command()
@SPEC
@CACHE
@click.option(
    "--pairs", type=parameters.sizes, required=True, metavar="N,N,…", help="Numbers of pairs, such as 50,100,500."
)
@click.option(
    "--sd", type=parameters.points, metavar="POINTS", help="Standard deviation of differences; no model is then run."
)
@click.option(
    "--effect", type=parameters.points, metavar="POINTS", help="Give the power at this effect, not the spec's smallest."
)
@OVERRIDES
@QUIET
@stoppable("Scores captured so far are kept; the same command goes on from there.")
def power(
    spec: Path,
    cache: Path,
    pairs: tuple[int, ...],
    sd: float | None,
    effect: float | None,
    overrides: tuple[str, ...],
    quiet: bool,
) -> None:
    """Say what more or fewer facts would show, from the study's own scores or a stated spread."""
    from reportgen.planning import plan_power  # noqa: PLC0415
    from reportgen.spec.load import load_spec  # noqa: PLC0415

    try:
        tables = plan_power(load_spec(spec, overrides), pairs, sd, effect, cache, Console(quiet=quiet))
    except ReportgenError as error:
        fail(error)
    else:
        for table in tables:
            click.echo("\n".join(table.lines()))


@click.command()
@SPEC
@SITE
@CACHE
@click.option(
    "--draws",
    type=click.IntRange(100, 100_000),
    default=2000,
    show_default=True,
    metavar="N",
    help="Data sets in which no head differs, 100 to 100,000.",
)
@OVERRIDES
@QUIET
@stoppable("Scores captured so far are kept; the data sets are counted anew next time.")
def calibrate(spec: Path, folder: Path, cache: Path, draws: int, overrides: tuple[str, ...], quiet: bool) -> None:
    """Prove on a study's own scores that its procedure holds its error rate; adds a page to the published study."""
    from reportgen.calibrating import calibrate_study  # noqa: PLC0415
    from reportgen.site.project import Site  # noqa: PLC0415
    from reportgen.spec.load import load_spec  # noqa: PLC0415

    console = Console(quiet=quiet)
    try:
        file, site = load_spec(spec, overrides), Site(folder)
        page = calibrate_study(file, site, draws, cache, console)
    except ReportgenError as error:
        fail(error)
    else:
        if page is None:
            console.say(f"{file.spec.study.id}: calibrated already, on the same and on at least {draws:,} data sets")
            return
        console.say(page.document.description)
        console.say(f"The page is {site.published / 'studies' / file.spec.study.id / page.name}.html.")
