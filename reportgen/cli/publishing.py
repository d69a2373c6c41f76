"""The commands about a site that has been built: showing and publishing it, and what this machine has for it."""

from pathlib import Path

import click

from reportgen.cli.common import SITE, fail
from reportgen.errors import ReportgenError


@click.command()
@SITE
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
def serve(folder: Path, port: int) -> None:
    """Show the built site at http://127.0.0.1:PORT until interrupted."""
    from reportgen.site.serve import serve_folder  # noqa: PLC0415

    try:
        serve_folder(folder / "_site", port, click.echo)
    except ReportgenError as error:
        fail(error)
