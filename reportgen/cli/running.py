"""The commands that run studies and write their pages."""

from pathlib import Path

import click

from reportgen import numbers
from reportgen.cli.common import CACHE, LIMIT, QUIET, SITE, SPECS, all_specs, fail, stoppable, tell_errors
from reportgen.console import Console
from reportgen.errors import ReportgenError
from reportgen.profiled import Profiled


@click.command()
@SPECS
@SITE
@CACHE
@LIMIT
@click.option(
    "--profile",
    is_flag=True,
    help="Say where the time of each study went, and leave a trace of it here; slows the capture down somewhat.",
)
@QUIET
@stoppable("The shards captured so far are kept; the same command goes on from there.")
def build(specs: tuple[Path, ...], folder: Path, cache: Path, limit: int | None, profile: bool, quiet: bool) -> None:
    """Run the studies and write their pages."""
    console = Console(quiet=quiet)
    progress = Profiled(console, Path.cwd()) if profile else console
    try:
        from reportgen.site.build import Site  # noqa: PLC0415
        from reportgen.studies import build_studies  # noqa: PLC0415

        site = Site.at(folder)
        built = build_studies(specs or all_specs(), site, cache, whole=not specs, limit=limit, progress=progress)
    except ReportgenError as error:
        fail(error)
    if (site.published / "index.html").is_file():
        console.say(f"The site is {site.published / 'index.html'}; look at it with `reportgen serve`.")
    tell_errors(built.errors)


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
