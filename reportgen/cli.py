"""The command line: one command a function. Commands, progress and exit codes, no logic.

Exit codes: 0 done, 1 a study failed, 2 a spec, its facts or the usage is wrong; stopped by Ctrl-C, the signal's own.
"""

import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click
import platformdirs

from reportgen import numbers, parameters
from reportgen.console import Console
from reportgen.errors import InputError, ReportgenError
from reportgen.profiled import Profiled

_SPECS = click.argument("specs", nargs=-1, metavar="[SPEC]...", type=click.Path(dir_okay=False, path_type=Path))
_CACHE = click.option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="REPORTGEN_CACHE",
    default=lambda: platformdirs.user_cache_path("reportgen"),
    show_default="the user's cache folder",
    help="Where models and scores are kept between runs (or set REPORTGEN_CACHE).",
)
_LIMIT = click.option(
    "--limit", type=click.IntRange(min=2), metavar="N", help="Take the first N facts alone; the page says so."
)
_QUIET = click.option("--quiet", is_flag=True, help="Say nothing but errors.")
_SITE = click.option(
    "--site",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("site"),
    show_default=True,
    help="The folder of the website project.",
)


_SPEC = click.argument("spec", metavar="SPEC", type=click.Path(dir_okay=False, path_type=Path))


@contextmanager
def _stoppable(what_remains: str) -> Iterator[None]:
    """Where Ctrl-C strikes, in the imports of a command as in its work, say what remains and die of the interrupt."""
    try:
        yield
    except KeyboardInterrupt:
        _stop(f"Stopped. {what_remains}")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="reportgen")
def main() -> None:
    """Reports about the attention heads of a language model, from YAML study specs.

    Without a SPEC a command takes every .yml file in specs/.
    """


@main.command()
@_SPECS
@_SITE
@_CACHE
@_LIMIT
@click.option(
    "--profile",
    is_flag=True,
    help="Say where the time of each study went, and leave a trace of it here; slows the capture down somewhat.",
)
@_QUIET
@_stoppable("The shards captured so far are kept; the same command goes on from there.")
def build(specs: tuple[Path, ...], folder: Path, cache: Path, limit: int | None, profile: bool, quiet: bool) -> None:
    """Run the studies and write their pages."""
    console = Console(quiet=quiet)
    progress = Profiled(console, Path.cwd()) if profile else console
    try:
        from reportgen.site.build import Site  # noqa: PLC0415
        from reportgen.studies import build_studies  # noqa: PLC0415

        site = Site.at(folder)
        built = build_studies(specs or _all_specs(), site, cache, whole=not specs, limit=limit, progress=progress)
    except ReportgenError as error:
        _fail(error)
    if (site.published / "index.html").is_file():
        console.say(f"The site is {site.published / 'index.html'}; look at it with `reportgen serve`.")
    _tell_errors(built.errors)


@main.command()
@_SPECS
@_CACHE
@_LIMIT
@_QUIET
@_stoppable("Not every spec was checked.")
def check(specs: tuple[Path, ...], cache: Path, limit: int | None, quiet: bool) -> None:
    """Validate specs, facts and statements; loads no weights."""
    from reportgen.spec.load import load_spec  # noqa: PLC0415
    from reportgen.study import plan_study  # noqa: PLC0415

    console = Console(quiet=quiet)
    errors: list[Exception] = []
    for path in specs or _all_specs():
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
    _tell_errors(errors)


@main.command()
@_SPEC
@_SITE
@_CACHE
@click.option("--again", is_flag=True, help="Replace the lock that is there; the page tells of both.")
@_QUIET
@_stoppable("A lock is written whole or not at all; run the same command again to see to it.")
def lock(spec: Path, folder: Path, cache: Path, again: bool, quiet: bool) -> None:
    """Write down what decides the hypotheses, before there are results; loads no weights."""
    from reportgen.lock_study import lock_study  # noqa: PLC0415
    from reportgen.locking import lock_path  # noqa: PLC0415
    from reportgen.site.build import Site  # noqa: PLC0415
    from reportgen.spec.load import load_spec  # noqa: PLC0415

    console = Console(quiet=quiet)
    try:
        locked = lock_study(load_spec(spec), Site(folder), cache, console, again=again)
    except ReportgenError as error:
        _fail(error)
    else:
        console.say(f"{locked.study} is locked: {lock_path(spec)}. Keep this file with the spec.")
        if locked.after_results:
            console.say("Results of this study exist already: the lock says so, and the page will.")


@main.command()
@_SPEC
@_CACHE
@click.option(
    "--pairs", type=parameters.sizes, required=True, metavar="N,N,…", help="Numbers of pairs, such as 50,100,500."
)
@click.option(
    "--sd", type=parameters.points, metavar="POINTS", help="Standard deviation of differences; no model is then run."
)
@click.option(
    "--effect", type=parameters.points, metavar="POINTS", help="Give the power at this effect, not the spec's smallest."
)
@_QUIET
@_stoppable("Scores captured so far are kept; the same command goes on from there.")
def power(spec: Path, cache: Path, pairs: tuple[int, ...], sd: float | None, effect: float | None, quiet: bool) -> None:
    """Say what more or fewer facts would show, from the study's own scores or a stated spread."""
    from reportgen.planning import plan_power  # noqa: PLC0415
    from reportgen.spec.load import load_spec  # noqa: PLC0415

    try:
        tables = plan_power(load_spec(spec), pairs, sd, effect, cache, Console(quiet=quiet))
    except ReportgenError as error:
        _fail(error)
    else:
        for table in tables:
            click.echo("\n".join(table.lines()))


@main.command()
@_SPEC
@_SITE
@_CACHE
@click.option(
    "--draws",
    type=click.IntRange(100, 100_000),
    default=2000,
    show_default=True,
    metavar="N",
    help="Data sets in which no head differs, 100 to 100,000.",
)
@_QUIET
@_stoppable("Scores captured so far are kept; the data sets are counted anew next time.")
def calibrate(spec: Path, folder: Path, cache: Path, draws: int, quiet: bool) -> None:
    """Prove on a study's own scores that its procedure holds its error rate; adds a page to the published study."""
    from reportgen.calibrating import calibrate_study  # noqa: PLC0415
    from reportgen.site.build import Site  # noqa: PLC0415
    from reportgen.spec.load import load_spec  # noqa: PLC0415

    console = Console(quiet=quiet)
    try:
        file, site = load_spec(spec), Site(folder)
        page = calibrate_study(file, site, draws, cache, console)
    except ReportgenError as error:
        _fail(error)
    else:
        if page is None:
            console.say(f"{file.spec.study.id}: calibrated already, on the same and on at least {draws:,} data sets")
            return
        console.say(page.document.description)
        console.say(f"The page is {site.published / 'studies' / file.spec.study.id / page.name}.html.")


@main.command()
@_SITE
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
def serve(folder: Path, port: int) -> None:
    """Show the built site at http://127.0.0.1:PORT until interrupted."""
    from reportgen.site.serve import serve_folder  # noqa: PLC0415

    try:
        serve_folder(folder / "_site", port, click.echo)
    except ReportgenError as error:
        _fail(error)


def _all_specs() -> tuple[Path, ...]:
    found = tuple(sorted(Path("specs").glob("*.yml")))
    if not found:
        raise click.UsageError("there is no .yml file in specs/ here; name a SPEC")
    return found


def _tell_errors(errors: Sequence[Exception]) -> None:
    """Print each error and exit by the worst; return where there is none."""
    for error in errors:
        known = isinstance(error, ReportgenError)
        click.echo(f"error: {error}" if known else "".join(traceback.format_exception(error)), err=True)
    if errors:
        sys.exit(2 if any(isinstance(error, InputError) for error in errors) else 1)


def _fail(error: ReportgenError) -> None:
    _tell_errors([error])


def _stop(message: str) -> NoReturn:
    """Say a last word and die of the interrupt itself, as shells and make expect of a program that was stopped.

    A mere exit code would not do: where the interrupt struck inside Python's own `exec`, as in the making of a
    dataclass, Python forgets the code and dies of the signal.
    """
    click.echo(message, err=True)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.raise_signal(signal.SIGINT)
    raise AssertionError("an interrupted process does not get here")


if __name__ == "__main__":
    main()
