"""The commands that run studies and write their pages."""

import os
import sys
from collections.abc import Iterator
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
    QUIET,
    SITE,
    SITE_URL,
    SPECS,
    UNMET,
    all_specs,
    fail,
    stoppable,
    tell_errors,
)
from reportgen.console import Console
from reportgen.errors import ReportgenError
from reportgen.profiled import Profiled

if TYPE_CHECKING:
    from reportgen.site.project import Site
    from reportgen.studies import Built


@click.command()
@SPECS
@SITE
@SITE_URL
@ENGINE
@CACHE
@LIMIT
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
    profile: bool,
    quiet: bool,
) -> None:
    """Run the studies and write their pages."""
    console = Console(quiet=quiet)
    progress = Profiled(console, Path.cwd()) if profile else console
    try:
        from reportgen.site.project import Site  # noqa: PLC0415
        from reportgen.studies import Builder  # noqa: PLC0415

        site = Site.at(folder, engine, site_url)
        built = Builder(site, cache, progress, limit).build(specs or all_specs(), whole=not specs)
    except ReportgenError as error:
        fail(error)
    _tell(built, site, console)


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

        site = Site.at(folder, engine, site_url)
        builder = Builder(site, cache, console, max_age=None if if_changed else max_age)
        done = regenerating.regenerate(builder, specs or all_specs(), whole=not specs)
        done.tell([file for file in (summary, _named("GITHUB_STEP_SUMMARY")) if file], _named("GITHUB_OUTPUT"))
    except ReportgenError as error:
        fail(error)
    click.echo(done.summary)
    _tell(done.built, site, console)
    if done.status == "changed":
        sys.exit(CHANGED)


@click.command()
@SPECS
@CACHE
@LIMIT
@QUIET
@stoppable("Not every spec was checked.")
def check(specs: tuple[Path, ...], cache: Path, limit: int | None, quiet: bool) -> None:
    """Validate specs, facts and statements; loads no weights."""
    from reportgen.spec.load import load_spec  # noqa: PLC0415
    from reportgen.study import plan_study  # noqa: PLC0415

    console = Console(quiet=quiet)
    errors: list[Exception] = []
    for path in specs or all_specs():
        try:
            plan = plan_study(load_spec(path), cache, limit, console)
        except ReportgenError as error:
            errors.append(error)
            continue
        statements = plan.statements.statements
        tokens = sum(len(statement.tokens.ids) for statement in statements)
        console.say(f"{path}: {numbers.things(len(statements), 'statement')}, {numbers.things(tokens, 'token')}")
        for notice in plan.notices:
            console.say(f"  {notice.kind}: {notice.message}")
            for item in notice.items[:5]:
                console.say(f"    {item}")
            if len(notice.items) > 5:
                console.say(f"    and {len(notice.items) - 5} more")
    tell_errors(errors)


def _named(variable: str) -> Path | None:
    """The file that a variable of the environment names."""
    return Path(os.environ[variable]) if os.environ.get(variable) else None


def _tell(built: "Built", site: "Site", console: Console) -> None:
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
