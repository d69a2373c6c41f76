"""The page of a family of studies: what each found, side by side, and how alike their maps are.

It is made from what the studies have published (`family_member`), whichever of them was built just now. Effects are those of
each study's first contrast. Maps are compared within a model alone: heads of two models have nothing in common but their
names.
"""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from reportgen import numbers
from reportgen.report.document import Block, Document, Heading, Prose, Table
from reportgen.report.family_figures import found_figure, likeness_figure
from reportgen.report.family_member import FamilyMember
from reportgen.report.markup import Html, Md, md
from reportgen.report.tables import Column, Row, folded, table_html

MOST_HEADS = 30


def by_family(members: Sequence[FamilyMember]) -> dict[str, tuple[FamilyMember, ...]]:
    """The members of each family by its id, families and members in the order of their ids."""
    ordered = sorted(members, key=lambda member: (member.family.id, member.study))
    ids = dict.fromkeys(member.family.id for member in ordered)
    return {id_: tuple(member for member in ordered if member.family.id == id_) for id_ in ids}


def family_document(members: Sequence[FamilyMember], failing: Mapping[str, str]) -> Document:
    """The page of one family; `failing` says, by study, since when and why it fails, where it does."""
    first = members[0]
    return Document(
        title=first.family.title,
        question=first.question,
        description=_counted(members),
        authors=(),
        depth=1,
        blocks=(
            Prose(md("{counted} {largest}", counted=_counted(members), largest=_largest(members)), "lead"),
            *_failing(members, failing),
            found_figure(members),
            Heading(2, Md("The studies"), "studies"),
            _studies(members),
            *_by_value(members),
            *_models(members),
            Heading(2, Md("How to take this"), "limits"),
            Prose(
                Md(
                    "Each study holds its error rate over its own heads. Nothing here is corrected for looking at several "
                    "studies at once, so a study that stands out among many was chosen after the fact: what it says should "
                    "hold in most of the family, or be asked again of other facts. [The list of studies](../studies.html) "
                    "corrects over all that the site tests, where the studies' tests allow it."
                )
            ),
        ),
    )


def _counted(members: Sequence[FamilyMember]) -> str:
    counts = [len(member.contrast.found) for member in members]
    studies, finding = numbers.things(len(members), "study", "studies"), sum(count > 0 for count in counts)
    if not finding:
        return f"None of the {studies} finds a head." if len(members) > 1 else "The study finds no head."
    least, most = min(counts), max(counts)
    how_many = (
        numbers.things(most, "head") if least == most else f"{numbers.count(least)} to {numbers.things(most, 'head')}"
    )
    return (
        f"Of {studies}, {numbers.count(finding)} {'finds' if finding == 1 else 'find'} any head; they find {how_many}."
    )


def _largest(members: Sequence[FamilyMember]) -> str:
    tested = [(member, place) for member in members if (place := member.strongest) is not None]
    if not tested:
        return ""
    member, place = max(tested, key=lambda pair: abs(pair[0].effects[pair[1]]))
    head = member.contrast.head(place)
    return f"The largest effect is that of {head} in {member.name}: {_effect(member, place)} points."


def _effect(member: FamilyMember, place: int) -> str:
    """A head's effect in points with its interval: "26.1 [18.4, 33.9]"."""
    low, high = member.contrast.low[place], member.contrast.high[place]
    interval = "" if low is None or high is None else f" {numbers.points_interval(low, high)}"
    return f"{numbers.points(float(member.effects[place]))}{interval}"


def _failing(members: Sequence[FamilyMember], failing: Mapping[str, str]) -> Iterator[Block]:
    named = [member.name for member in members if failing.get(member.study)]
    if named:
        text = "What stands here of {named} is from an earlier run: {they} just now."
        they = "the study fails" if len(named) == 1 else "these studies fail"
        yield Prose(md(text, named="; ".join(named), they=they), "banner")


def _link(member: FamilyMember) -> Html:
    return Html('<a href="../studies/{}/index.html">{}</a>').format(member.study, member.name)


def _studies(members: Sequence[FamilyMember]) -> Table:
    """A row a study. What all have in common, the model or the one thing that varies, needs no column."""
    axes = tuple(dict.fromkeys(axis for member in members for axis in member.family.values))
    shown = axes if len(axes) > 1 else ()
    models = {member.identity for member in members}
    columns = (
        Column("Study"),
        *map(Column, shown),
        *([Column("Model")] if len(models) > 1 else []),
        Column("Rests on"),
        Column("Heads found", number=True),
        Column("Strongest head"),
        Column("Its effect, points", number=True),
    )
    caption = md(
        "What each study found in its first contrast{model}. Effects are in points of attention, with the interval that goes "
        "with the study's correction.",
        model="" if len(models) > 1 else f", all of {members[0].model}",
    )
    rows = [_study_row(member, shown, len(columns), named=len(models) > 1) for member in members]
    return Table("tbl-family", caption, table_html("The studies of the family", columns, rows))


def _study_row(member: FamilyMember, axes: Sequence[str], columns: int, *, named: bool) -> Row:
    place, found = member.strongest, len(member.contrast.found)
    cells = (
        _link(member),
        *(member.family.values.get(axis, "–") for axis in axes),
        *([member.model] if named else []),
        member.contrast.n,
        f"{numbers.count(found)} of {numbers.count(member.contrast.tested)}",
        "–" if place is None else member.contrast.head(place),
        "–" if place is None else _effect(member, place),
    )
    exact = {} if place is None else {columns - 1: float(member.effects[place])}
    return Row(cells, sorted_by={columns - 3: float(found), **exact})


def _by_value(members: Sequence[FamilyMember]) -> tuple[Block, ...]:
    """The studies that have one value in common, taken together; nothing where that is one study each."""
    axes = dict.fromkeys(axis for member in members for axis in member.family.values)
    if len(axes) < 2:
        return ()
    rows = []
    for axis in axes:
        for value in dict.fromkeys(member.family.values.get(axis, "–") for member in members):
            own = [member for member in members if member.family.values.get(axis, "–") == value]
            counts = [len(member.contrast.found) for member in own]
            spread = (min(counts), median(counts), max(counts))
            rows.append(Row((f"{axis}: {value}", numbers.count(len(own)), *(f"{count:g}" for count in spread))))
    columns = (
        Column("Studies with"),
        *(Column(title, number=True) for title in ("Studies", "Fewest heads", "Median", "Most heads")),
    )
    caption = Md("Heads found, by each value over all values of the others.")
    return Heading(2, Md("By what varies"), "by-value"), Table(
        "tbl-family-values", caption, table_html("Heads found by value", columns, rows)
    )


def _models(members: Sequence[FamilyMember]) -> Iterator[Block]:
    """Maps and heads compared, for each model that two studies ask."""
    groups: dict[tuple[str, int, int], list[FamilyMember]] = {}
    for member in members:
        groups.setdefault((member.identity, member.contrast.layers, member.contrast.heads), []).append(member)
    shared = [group for group in groups.values() if len(group) > 1]
    if shared:
        yield Heading(2, Md("How alike the maps are"), "likeness")
    for place, group in enumerate(shared, start=1):
        if len(groups) > 1:
            yield Heading(3, md("{model}", model=group[0].model), f"likeness-{place}")
        yield likeness_figure(group, place)
        yield from _heads(group, place)


def _heads(group: Sequence[FamilyMember], place: int) -> Iterator[Block]:
    """Which heads are found in how many of the studies that ask one model."""
    contrast = group[0].contrast
    found = {head for member in group for head in member.contrast.found}
    if not found:
        yield Prose(Md("None of them finds a head."))
        return
    times = {head: sum(head in member.contrast.found for member in group) for head in found}
    everywhere = sorted((head for head in found if times[head] == len(group)), key=contrast.place)
    shown = sorted(found, key=lambda head: (-times[head], contrast.place(head)))
    text = "{n} {are} found in every one of the {studies} studies, out of {any} found in any."
    yield Prose(
        md(
            text,
            n=numbers.things(len(everywhere), "head"),
            are="is" if len(everywhere) == 1 else "are",
            studies=len(group),
            any=numbers.things(len(found), "head"),
        )
    )
    columns = (
        Column("Head"),
        Column("Found in", number=True),
        Column("Least effect, points", number=True),
        Column("Most, points", number=True),
        Column("Which"),
    )
    rows = [_head_row(head, times[head], group) for head in shown[:MOST_HEADS]]
    label = "Heads by the number of studies that find them"
    summary = f"{label}: the first {MOST_HEADS} of {len(shown)}" if len(shown) > MOST_HEADS else label
    yield Table(
        f"tbl-family-heads-{place}",
        Md("Heads, and in how many studies of this model they are found."),
        folded(summary, table_html(label, columns, rows)),
    )


def _head_row(head: str, times: int, group: Sequence[FamilyMember]) -> Row:
    place = group[0].contrast.place(head)
    effects = [value for member in group if (value := member.contrast.effect[place]) is not None]
    which = "all" if times == len(group) else "; ".join(one.name for one in group if head in one.contrast.found)
    return Row((head, f"{times} of {len(group)}", numbers.points(min(effects)), numbers.points(max(effects)), which))
