"""The commands that run studies and write their pages."""

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from reportgen import numbers, parameters
from reportgen.cli.common import (
    CACHE,
    CHANGED,
    ENGINE,
    LIMIT,
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
from reportgen.profiled import Profiled

if TYPE_CHECKING:
    from reportgen.report.results import Plan
    from reportgen.site.project import Site
    from reportgen.sources import Source


@click.command()
@SPECS
@SITE
@SITE_URL
@ENGINE
@CACHE
@LIMIT
@OVERRIDES
@click.option(
    "--profile",
    is_flag=True,
    help="Say where the time of each study went, and leave a trace of it here; slows the capture down somewhat.",
)
@QUIET
@stoppable("The shards captured so far are kept; the same command goes on from there.")
def build(
    specs: tuple[Path, ...],
    folder: Path,
    site_url: str | None,
    engine: Literal["auto", "quarto", "pandoc"],
    cache: Path,
    limit: int | None,
    overrides: tuple[str, ...],
    profile: bool,
    quiet: bool,
) -> None:
    """Run the studies and write their pages."""
    console = Console(quiet=quiet)
    progress = Profiled(console, Path.cwd()) if profile else console
    try:
        from reportgen.site.project import Site  # noqa: PLC0415
        from reportgen.studies import Builder  # noqa: PLC0415

        given = given_specs(specs, cache, overrides)
        site = Site.at(folder, engine, site_url)
        built = Builder(site, progress, limit).build(given)
    except ReportgenError as error:
        fail(error)
    tell_site(built, site, console)


@click.command()
@SPECS
@SITE
@SITE_URL
@ENGINE
@CACHE
@click.option(
    "--max-age",
    type=parameters.age,
    default="6d",
    show_default=True,
    metavar="AGE",
    help="Capture a study anew when its last run is older: 12h, 6d, 4w. A run a week later comes a little early, so say 6d.",
)
@click.option("--if-changed", is_flag=True, help="Build only what changed; a study's age does not count.")
@click.option(
    "--summary",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Add the summary to this file too, as Markdown (GitHub's own file of a step gets it in any case).",
)
@QUIET
@stoppable("The shards captured so far are kept, and the site is as it was.")
def regenerate(
    specs: tuple[Path, ...],
    folder: Path,
    site_url: str | None,
    engine: Literal["auto", "quarto", "pandoc"],
    cache: Path,
    max_age: timedelta,
    if_changed: bool,
    summary: Path | None,
    quiet: bool,
) -> None:
    """Build what changed, capture anew what is old, and say what is different from last time.

    Exits with 0 where nothing changed and with 10 where something did.
    """
    console = Console(quiet=quiet)
    try:
        from reportgen import regenerating  # noqa: PLC0415
        from reportgen.site.project import Site  # noqa: PLC0415
        from reportgen.studies import Builder  # noqa: PLC0415

        given = given_specs(specs, cache)
        site = Site.at(folder, engine, site_url)
        builder = Builder(site, console, max_age=None if if_changed else max_age)
        done = regenerating.regenerate(builder, given)
        done.tell([file for file in (summary, _named("GITHUB_STEP_SUMMARY")) if file], _named("GITHUB_OUTPUT"))
    except ReportgenError as error:
        fail(error)
    click.echo(done.summary)
    tell_site(done.built, site, console)
    if done.status == "changed":
        sys.exit(CHANGED)


@click.command()
@SPECS
@SITE
@SITE_URL
@ENGINE
@CACHE
@LIMIT
@OVERRIDES
@QUIET
@stoppable("Not every spec was checked.")
def check(
    specs: tuple[Path, ...],
    folder: Path,
    site_url: str | None,
    engine: Literal["auto", "quarto", "pandoc"],
    cache: Path,
    limit: int | None,
    overrides: tuple[str, ...],
    quiet: bool,
) -> None:
    """Validate specs, facts and statements, and say what a build would do; loads no weights."""
    from reportgen.site.project import Site  # noqa: PLC0415
    from reportgen.study import preview_study  # noqa: PLC0415

    console = Console(quiet=quiet)
    site = Site(folder, engine, site_url)
    try:
        sources = given_specs(specs, cache, overrides).sources
    except ReportgenError as error:
        fail(error)
    errors: list[Exception] = []
    for source in sources:
        try:
            plan = preview_study(source.load(), source.store, limit, console)
            _tell_plan(source, plan, site, limit, console)
        except ReportgenError as error:
            errors.append(error)
    tell_errors(errors)


def _tell_plan(source: "Source", plan: "Plan", site: "Site", limit: int | None, console: Console) -> None:
    """What the study is, what a build would do for it and why, and what is doubtful about it."""
    from reportgen.planned_page import plan_page  # noqa: PLC0415
    from reportgen.planned_work import plan_work  # noqa: PLC0415

    statements = plan.statements.statements
    tokens = sum(len(statement.tokens.ids) for statement in statements)
    console.say(f"{source.name}: {numbers.things(len(statements), 'statement')}, {numbers.things(tokens, 'token')}")
    work = plan_work(plan, source.store, console)
    console.tell((*work.rows(), *plan_page(plan, source.store, site, limit).rows()))
    for notice in plan.notices:
        console.say(f"  {notice.kind}: {notice.message}")
        for item in notice.first_items(5):
            console.say(f"    {item}")


def _named(variable: str) -> Path | None:
    """The file that a variable of the environment names."""
    return Path(os.environ[variable]) if os.environ.get(variable) else None
