"""What holds for every command: arguments that are text, a stream that takes any text, and names that a file can have."""

import errno
import io
import sys
from typing import Any

import click

from reportgen.cli.common import fail
from reportgen.errors import InputError, Problem, shown


class Commands(click.Group):
    """The commands of reportgen. A class, since click asks a group about arguments before any command sees them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse bytes that are no text: they could stand in no page, and in no file of ours."""
        if odd := [arg for arg in args if _is_no_text(arg)]:
            raise click.UsageError(
                f"{shown(odd[0])} is no text in UTF-8; where it is a file's name, rename the file", ctx
            )
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        # What the stream cannot write, as in a pipe on Windows, stands there as an escape.
        if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            return super().invoke(ctx)
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            fail(InputError(Problem(shown(str(error.filename)), "no file can have so long a name")))


def _is_no_text(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)
