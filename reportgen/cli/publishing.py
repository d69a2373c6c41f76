"""The commands about a site that has been built: showing and publishing it, and what this machine has for it."""

from pathlib import Path
from typing import Literal

import click

from reportgen.cli.common import CACHE, ENGINE, QUIET, SITE, SITE_URL, fail, stoppable
from reportgen.console import Console
from reportgen.errors import ReportgenError

Engine = Literal["auto", "quarto", "pandoc"]


@click.command()
@SITE
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@click.option(
    "--under",
    default="/",
    show_default=True,
    metavar="PATH",
    help="The path of the host to show it at, such as /repo/ for a project site on GitHub Pages.",
)
def serve(folder: Path, port: int, under: str) -> None:
    """Show the built site at http://127.0.0.1:PORT until interrupted."""
    from reportgen.site.serve import serve_folder  # noqa: PLC0415

    try:
        serve_folder(folder / "_site", port, click.echo, under)
    except ReportgenError as error:
        fail(error)


@click.command()
@SITE
@ENGINE
@SITE_URL
@click.option(
    "--remote",
    default="origin",
    show_default=True,
    metavar="NAME",
    help="Where to publish: a remote of this repository, an address or a path.",
)
@click.option(
    "--branch", default="gh-pages", show_default=True, metavar="NAME", help="The branch that holds the published site."
)
@click.option("--squash", is_flag=True, help="Leave one commit on the branch, and none of before.")
@click.option(
    "--anyway",
    is_flag=True,
    help="Publish in spite of a failing study, a broken link, uncommitted specs or pages built by another version.",
)
@click.option("--message", default="", metavar="TEXT", help="What the commit says.")
@QUIET
@stoppable("The remote holds the site of before or the new one, whole; run the same command again.")
def publish(
    folder: Path,
    engine: Engine,
    site_url: str | None,
    remote: str,
    branch: str,
    squash: bool,
    anyway: bool,
    message: str,
    quiet: bool,
) -> None:
    """Put the built site on a branch of a git repository, from where GitHub Pages serves it."""
    from reportgen.site.project import Site  # noqa: PLC0415
    from reportgen.site.publish import publish as publish_site  # noqa: PLC0415
    from reportgen.site.readiness import BuiltSite  # noqa: PLC0415

    try:
        site = Site.at(folder, engine, site_url)
        site.cards()  # undoes a swap that died half-way
        built = BuiltSite(site.published, site.key, (Path("specs"), *site.authored))
        done = publish_site(
            built,
            remote,
            branch,
            history="squashed" if squash else "kept",
            anyway=anyway,
            message=message,
            progress=Console(quiet=quiet),
        )
    except ReportgenError as error:
        fail(error)
    else:
        click.echo(str(done))


@click.command()
@SITE
@CACHE
def doctor(folder: Path, cache: Path) -> None:
    """Say what there is on this machine: versions, engines, devices, models, the site."""
    from reportgen.doctor import examine  # noqa: PLC0415

    for line in examine(cache, folder).lines():
        click.echo(line)
