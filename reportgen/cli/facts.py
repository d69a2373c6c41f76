"""The commands about facts: the ready packs, what a set of facts is like, and facts made into other facts."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from reportgen import numbers, parameters
from reportgen.cli.common import CACHE, QUIET, fail
from reportgen.console import Console
from reportgen.errors import ReportgenError, printed
from reportgen.spec.layouts import FactsFormat

if TYPE_CHECKING:
    from reportgen.models.tokenizer import Tokenizer
    from reportgen.notices import Notice
    from reportgen.preparing.named import Named

_SHOWN_FACTS, _SHOWN_ITEMS = 8, 10

_TARGET = click.argument("target", metavar="SPEC|FILE|PACK")
_FORMAT = click.option(
    "--format",
    "layout",
    type=click.Choice(get_args(FactsFormat)),
    default="auto",
    show_default=True,
    help="How a FILE is laid out; auto goes by its ending.",
)
_COLUMNS = click.option(
    "--column",
    "columns",
    multiple=True,
    type=parameters.renaming,
    metavar="NAME=COLUMN",
    help="What a FILE calls a column of ours: subject=country. Can be given several times.",
)
_MODEL = click.option(
    "--model",
    metavar="MODEL",
    help="hub:NAME[@REVISION], folder:PATH, gguf:FILE or package:NAME[/FILE]; of a SPEC its own.",
)
_TO = click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="OUT",
    help="A .csv, .tsv, .jsonl or .parquet.",
)
_FORCE = click.option("--force", is_flag=True, help="Replace OUT where it is there already.")


@click.group()
def facts() -> None:
    """Ready facts, and what facts are like before a model reads them."""


@facts.command("list")
def list_packs() -> None:
    """Name the packs of facts that come with reportgen."""
    from reportgen.catalogue import find_pack, pack_names  # noqa: PLC0415
    from reportgen.facts.read import read_facts  # noqa: PLC0415
    from reportgen.preparing.drawn import Picture  # noqa: PLC0415
    from reportgen.preparing.named import asked_rows, name_facts  # noqa: PLC0415

    rows = []
    for name in pack_names():
        pack, named = find_pack(name, name), name_facts(name)
        asked = asked_rows(named, read_facts(named.section, named.path).rows)
        rows.append((name, numbers.count(len(asked)), ", ".join(pack.templates), pack.title, pack.terms))
    Picture.of_terminal().table("", ("pack", "facts", "relations", "what", "licence"), rows)
    click.echo("A spec takes one by `facts: {pack: NAME}`; `reportgen facts show NAME` says more.")


@facts.command("show")
@click.argument("name", metavar="PACK")
def show_pack(name: str) -> None:
    """Show a pack: where it is from, its wordings and its first facts."""
    from reportgen.catalogue import find_pack  # noqa: PLC0415
    from reportgen.facts.read import read_facts  # noqa: PLC0415
    from reportgen.preparing.drawn import Picture  # noqa: PLC0415
    from reportgen.preparing.named import asked_rows, name_facts  # noqa: PLC0415

    picture = Picture.of_terminal()
    try:
        pack = find_pack(name, "PACK")
        named = name_facts(name)
        rows = asked_rows(named, read_facts(named.section, named.path).rows)
    except ReportgenError as error:
        fail(error)
    picture.lines(pack.about)
    for relation, templates in pack.templates.items():
        own = [row for row in rows if row.relation == relation]
        picture.table("", (relation,), [(template,) for template in templates])
        columns = ("subject", "object", *own[0].columns)
        picture.table(
            f"{relation}: the first of {numbers.things(len(own), 'fact')}",
            columns,
            [(row.subject, row.object, *row.columns.values()) for row in own[:_SHOWN_FACTS]],
        )
    if pack.only:
        chosen = ", ".join(f"{column}: {value}" for column, value in pack.only.items())
        click.echo(f"A study asks of those with {chosen}, unless its `facts.only` says otherwise.")


@facts.command("describe")
@_TARGET
@_FORMAT
@_COLUMNS
@_MODEL
@CACHE
@QUIET
def describe_facts(
    target: str, layout: FactsFormat, columns: Sequence[tuple[str, str]], model: str | None, cache: Path, quiet: bool
) -> None:
    """Count and draw what facts are like: balance, lengths, tokens, doubts; loads no weights.

    Facts that stand twice, or are true and false at once, are listed as errors.
    """
    from reportgen.facts.load import load_facts  # noqa: PLC0415
    from reportgen.preparing.described import describe  # noqa: PLC0415
    from reportgen.preparing.drawn import Picture  # noqa: PLC0415
    from reportgen.preparing.named import matched, name_facts  # noqa: PLC0415

    picture = Picture.of_terminal()
    try:
        named = name_facts(target, layout, dict(columns))
        tokenizer = _tokenizer(named, model, cache, Console(quiet=quiet))
        if tokenizer is not None:
            named = matched(named)
        found = load_facts(named.section, named.path, tokenizer.count if tokenizer is not None else len)
    except ReportgenError as error:
        fail(error)
    picture.lines(found.source.splitlines())
    for table in describe(found, tokenizer):
        picture.described(table)
    click.echo("No fact stands twice, and none is true and false at once.")
    if tokenizer is None:
        click.echo("With --model MODEL tokens are counted too.")
    _tell(found.notices)


@facts.command("convert")
@click.argument("file", metavar="FILE")
@_TO
@_FORMAT
@_COLUMNS
@_FORCE
def convert_facts(file: str, to: Path, layout: FactsFormat, columns: Sequence[tuple[str, str]], force: bool) -> None:
    """Write facts of any format, or of a pack, in our columns; prints the lines of a spec that go with them."""
    from reportgen.facts.packs import asked_of  # noqa: PLC0415
    from reportgen.facts.read import read_facts  # noqa: PLC0415
    from reportgen.preparing.named import name_facts, require_suffix  # noqa: PLC0415
    from reportgen.preparing.written import ENDINGS, spec_lines, write_facts  # noqa: PLC0415

    try:
        require_suffix(to, ENDINGS)
        named = name_facts(file, layout, dict(columns))
        read = read_facts(named.section, named.path)
        write_facts(read.rows, named.header(read.source), to, force=force)
        only = asked_of(named.section, named.path)
    except ReportgenError as error:
        fail(error)
    _tell(read.notices)
    _tell_of_header(named.header(read.source), to)
    click.echo(f"{to}: {numbers.things(len(read.rows), 'fact')}", err=True)
    click.echo("\n".join(spec_lines(named.unworded(read.rows), to, only)))


@facts.command("balance")
@_TARGET
@_TO
@click.option(
    "--per-relation",
    type=parameters.number_or_least,
    metavar="N|least",
    help="So many facts of each relation; `least` takes as many as the smallest has.",
)
@click.option(
    "--per-object", type=click.IntRange(min=1), metavar="N", help="So many facts of each object of a relation."
)
@click.option("--same-tokens", is_flag=True, help="Objects of one number of tokens in each relation; needs a model.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Which facts are drawn.")
@_FORMAT
@_COLUMNS
@_MODEL
@CACHE
@_FORCE
@QUIET
def balance_facts(
    target: str,
    to: Path,
    per_relation: int | None,
    per_object: int | None,
    same_tokens: bool,
    seed: int,
    layout: FactsFormat,
    columns: Sequence[tuple[str, str]],
    model: str | None,
    cache: Path,
    force: bool,
    quiet: bool,
) -> None:
    """Write a subset of facts that is balanced as asked; says what was left out and why."""
    from reportgen.facts.packs import asked_of  # noqa: PLC0415
    from reportgen.facts.read import read_facts  # noqa: PLC0415
    from reportgen.preparing.balanced import Wanted, balance, with_known  # noqa: PLC0415
    from reportgen.preparing.named import asked_rows, name_facts, require_suffix  # noqa: PLC0415
    from reportgen.preparing.written import ENDINGS, spec_lines, write_facts  # noqa: PLC0415

    if per_relation is None and per_object is None and not same_tokens:
        raise click.UsageError("say what to balance: --per-relation, --per-object or --same-tokens")
    try:
        require_suffix(to, ENDINGS)
        named = name_facts(target, layout, dict(columns))
        tokenizer = _tokenizer(named, model, cache, Console(quiet=quiet)) if same_tokens else None
        if same_tokens and tokenizer is None:
            raise click.UsageError("--same-tokens counts tokens: say of which --model")
        read = read_facts(named.section, named.path)
        asked = asked_rows(named, read.rows)
        found = balance(asked, Wanted(per_relation, per_object, tokenizer.count if tokenizer else None, seed))
        rows = with_known(found.rows, asked, read.rows)
        write_facts(rows, named.header(read.source), to, force=force)
    except ReportgenError as error:
        fail(error)
    _tell((*read.notices, *found.notices))
    _tell_of_header(named.header(read.source), to)
    click.echo(f"{to}: {numbers.things(len(found.rows), 'fact')} of {numbers.count(len(asked))}", err=True)
    click.echo("\n".join(spec_lines(named.unworded(rows), to, asked_of(named.section, named.path))))


def _tokenizer(named: "Named", model: str | None, cache: Path, console: Console) -> "Tokenizer | None":
    """The tokenizer of the model that the command line names, else of the spec's own; None where there is neither."""
    from reportgen.models.chat import tokenizer_of  # noqa: PLC0415
    from reportgen.models.convert import tokenizer_folder  # noqa: PLC0415
    from reportgen.models.named import model_named  # noqa: PLC0415
    from reportgen.models.source import find_model  # noqa: PLC0415

    section = named.model if model is None else model_named(model, Path())
    if section is None:
        return None
    beside = named.path.parent if model is None else Path()
    return tokenizer_of(section, tokenizer_folder(find_model(section, beside, cache), cache, console))


def _tell_of_header(header: str, to: Path) -> None:
    """What a file of JSON has no place for."""
    if header and to.suffix.lower() == ".jsonl":
        click.echo("JSON Lines have no place for what the source says of itself; keep it elsewhere:", err=True)
        click.echo("\n".join(f"    {line}" for line in header.splitlines()), err=True)


def _tell(notices: "Sequence[Notice]") -> None:
    """Each notice and its first items, on the error stream."""
    for notice in notices:
        click.echo(f"{notice.kind}: {notice.message}", err=True)
        for item in notice.first_items(_SHOWN_ITEMS):
            click.echo(f"    {printed(item)}", err=True)
