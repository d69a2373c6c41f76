"""The commands for whoever writes a spec: a first one, its schema for editors, and what each key means."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import click

from reportgen.cli.common import OVERRIDES, fail, stoppable
from reportgen.errors import InputError, Problem, ReportgenError, StudyError, shown

_WIDEST = 110
_IGNORED = "site/_site/\nsite/_qmd/\nsite/.build-*/\nsite/.lock/\n"
"""What a build makes and a repository of studies does not keep; the history of runs is kept."""


@click.command()
@click.argument("place", metavar="[FOLDER or SPEC]", default=".", type=click.Path(path_type=Path))
@click.option("--id", "study", metavar="ID", help="The study's id, which names its spec and its address.")
@click.option("--title", metavar="TEXT", help="The title of its page.")
@click.option("--model", metavar="MODEL", help="hub:NAME[@REVISION], folder:PATH, gguf:FILE or package:NAME[/FILE].")
@click.option(
    "--facts",
    metavar="FACTS",
    help="A table (CSV, JSON Lines, Parquet, Excel), `examples` for a few, or pack:NAME for a ready pack.",
)
@click.option("--subject", metavar="COLUMN", help="The file's column of subjects.")
@click.option("--object", "thing", metavar="COLUMN", help="The file's column of objects.")
@click.option(
    "--relation",
    metavar="COLUMN|NAME",
    help="The file's column of relations, or the name of the one that all facts are of.",
)
@click.option(
    "--template",
    "templates",
    multiple=True,
    metavar="[RELATION=]TEXT",
    help='How a relation is worded, such as "The capital of {subject} is {object}"; once for each relation.',
)
@click.option(
    "--false",
    "false",
    metavar="HOW",
    help="What is false: derangement, matched_derangement or, where the facts say it, given.",
)
@click.option("--yes", is_flag=True, help="Ask nothing; take the defaults for whatever no option says.")
@click.option("--force", is_flag=True, help="Replace a spec that is there.")
@stoppable("Nothing is written.")
def init(
    place: Path,
    study: str | None,
    title: str | None,
    model: str | None,
    facts: str | None,
    subject: str | None,
    thing: str | None,
    relation: str | None,
    templates: tuple[str, ...],
    false: str | None,
    yes: bool,
    force: bool,
) -> None:
    """Ask a few questions and write a spec that runs, with comments.

    In a FOLDER, the present one by default, the spec stands in specs/ under its id. Every question has an option; with
    --yes, or where no terminal is, nothing is asked.
    """
    from reportgen.cli.asking import Asker, somebody_is_there  # noqa: PLC0415
    from reportgen.cli.beginning import Flags, new_study  # noqa: PLC0415
    from reportgen.new_study import require_free, start, write  # noqa: PLC0415

    flags = Flags(study, title, model, facts, subject, thing, relation, templates, false)
    asker = Asker(interactive=somebody_is_there() and not yes)
    try:
        spec, folder = _places(place)
        if spec is not None:
            require_free(spec, force=force)
        new, path = new_study(flags, spec, folder, asker, force=force)
        schema = _schema_beside(path)
        started = start(new, path, schema)
        write(started, path, force=force)
        _furnish(path, schema)
    except ReportgenError as error:
        fail(error)
    click.echo(f"{path} is written: {started.statements} statements, true and false, such as “{started.example}”.")
    click.echo(f"Next: {_next(place, path)}")


@click.command()
@click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write it there; without this it is printed.",
)
def schema(to: Path | None) -> None:
    """Write the JSON Schema of specs, by which editors complete and check them as they are written.

    A spec names it in its first line: # yaml-language-server: $schema=schema.json
    """
    from reportgen.spec.schema import is_ours, modeline, schema_text  # noqa: PLC0415
    from reportgen.store import write_atomically  # noqa: PLC0415

    if to is None:
        click.echo(schema_text(), nl=False)
        return
    try:
        if to.exists() and not is_ours(to):
            raise StudyError(f"{to}: is there already, and is no schema of reportgen. Name another file, or remove it.")
        write_atomically(to, schema_text().encode())
    except ReportgenError as error:
        fail(error)
    click.echo(f"{to} is written. The first line of a spec beside it: {modeline(to.name)}")


@click.command()
@click.argument("key", required=False, metavar="[KEY or SPEC]")
@OVERRIDES
@stoppable("Nothing is changed.")
def explain(key: str | None, overrides: tuple[str, ...]) -> None:
    """Say what a KEY of specs means, such as tests.headline, or list the sections; of a SPEC, what will be used.

    A SPEC is printed whole, every default filled in and marked.
    """
    from reportgen.spec.explained import explain_key, explain_sections  # noqa: PLC0415

    width = min(shutil.get_terminal_size().columns, _WIDEST)
    try:
        if key is None:
            lines = list(explain_sections(width))
        elif key.partition("#")[0].endswith((".yml", ".yaml")) or Path(key).is_file():
            lines = _resolved(Path(key), overrides)
        else:
            lines = list(explain_key(key, width))
    except ReportgenError as error:
        fail(error)
    click.echo("\n".join(lines))


def _resolved(path: Path, overrides: Sequence[str]) -> list[str]:
    """The study of a spec, or every one of its family, a document each."""
    from reportgen.spec.load import load_specs  # noqa: PLC0415
    from reportgen.spec.resolved import resolved_lines  # noqa: PLC0415

    files = load_specs(path, overrides)
    if len(files) == 1:
        return list(resolved_lines(files[0].spec))
    return [line for file in files for line in ("---", f"# {path}#{file.cell}", *resolved_lines(file.spec))]


def _places(place: Path) -> tuple[Path | None, Path]:
    """The spec, where one is named, and the folder of specs. Raises InputError for a file that is no spec."""
    if place.suffix == ".yml":
        return place, place.parent
    if place.suffix == ".yaml" or place.is_file():
        remedy = (
            f"name it {shown(place.with_suffix('.yml').name)}"
            if place.suffix == ".yaml"
            else "name a folder, or a file.yml"
        )
        raise InputError(Problem(str(place), "a spec is a file that ends in .yml", remedy))
    return None, place if place.name == "specs" else place / "specs"


def _schema_beside(path: Path) -> str | None:
    """The schema that the spec can name: a file beside it that is ours to write, else none."""
    from reportgen.spec.schema import FILE, is_ours  # noqa: PLC0415

    beside = path.parent / FILE
    return FILE if is_ours(beside) or not beside.exists() else None


def _furnish(path: Path, schema: str | None) -> None:
    """What a spec goes with: the schema beside it, and in a new folder the list of what is not kept."""
    from reportgen.spec.schema import schema_text  # noqa: PLC0415
    from reportgen.store import write_atomically  # noqa: PLC0415

    if schema is not None:
        write_atomically(path.parent / schema, schema_text().encode())
    ignored = path.parent.parent / ".gitignore"
    alone = path.parent.name == "specs" and {entry.name for entry in path.parent.parent.iterdir()} <= {"specs", ".git"}
    if alone and not ignored.exists():
        write_atomically(ignored, _IGNORED.encode())


def _next(place: Path, path: Path) -> str:
    """The commands that follow, from the folder that holds specs/."""
    import shlex  # noqa: PLC0415

    home = path.parent.parent
    inside = path.parent.name == "specs" and place.suffix != ".yml" and home != Path()
    spec = shlex.quote(str(path.relative_to(home) if inside else path))
    to = f"cd {shlex.quote(str(home))} && " if inside else ""
    return f"{to}reportgen check {spec}, then reportgen build {spec}"
