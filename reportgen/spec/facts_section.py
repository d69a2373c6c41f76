"""What the model is asked about: where the facts come from, how they are worded, and what is false."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from reportgen.spec.layouts import FactsFormat as FactsFormat
from reportgen.spec.section import Misfit, Name, Section, Value, Values, repeated
from reportgen.spec.template import checked

FalseObjects = Literal["given", "derangement", "matched_derangement", "matched_log_probability", "nearest"]

TemplateText = Annotated[Name, AfterValidator(checked)]


class RelationSection(Section):
    """A relation's wording: one `template`, or several `templates` that say the same in different words.

    `{subject}` and `{object}` stand in each exactly once; `{article}` or any other column of the facts may stand there
    too. A column whose name begins with `subject_` or `object_`, such as `{subject_genitive}`, is another form of that name
    and stands in its place. With `{{ subject }}` in double braces a template is Jinja, of which conditions and the filters
    capitalize, lower, title, trim and upper are known.
    """

    template: Annotated[
        TemplateText | None,
        Field(description="The wording, where there is one.", examples=["The capital of {subject} is {object}"]),
    ] = None
    templates: Annotated[
        tuple[TemplateText, ...],
        Field(
            description="Several wordings. Every fact is read in each of them; statements of one fact then count as one "
            "observation (`tests.cluster` is `fact` unless the spec says otherwise), and the column `template` holds the "
            "number of each statement's wording, from 1."
        ),
    ] = ()

    @property
    def wordings(self) -> tuple[str, ...]:
        """The one template, or all of several."""
        return self.templates if self.template is None else (self.template,)

    def _misfits(self) -> Iterable[Misfit]:
        if (self.template is None) == (not self.templates):
            got = "both" if self.templates else "neither"
            yield Misfit(f"a relation has either a `template` or several `templates`; got {got}")
        if repeats := repeated(self.templates):
            yield Misfit("this template stands in the list twice", at=("templates", repeats[0]))


class FactSection(Section):
    """One fact inline: `object` makes it true; `false_object` gives its twin."""

    subject: Annotated[Name, Field(description="What the statement is about; it fills `{subject}`.")]
    relation: Annotated[Name, Field(description="One of the names under `facts.relations`.")]
    object: Annotated[Name, Field(description="What is true of the subject; it fills `{object}`.")]
    false_object: Annotated[
        Name | None,
        Field(description="What is false of the subject; it makes the twin where `false_objects` is `given`."),
    ] = None


class ColumnsSection(Section):
    """Which column of the file holds what, where it is not called so. Columns that are not named here keep their names."""

    subject: Annotated[Name | None, Field(description="The column with the subjects.")] = None
    relation: Annotated[
        Name | None,
        Field(description="The column with the relations. Without one, all facts are of the one relation in the spec."),
    ] = None
    object: Annotated[Name | None, Field(description="The column with the true objects.")] = None
    false_object: Annotated[Name | None, Field(description="The column with objects that are false.")] = None
    truth: Annotated[
        Name | None, Field(description="The column that says whether a fact is true: true or false, 1 or 0.")
    ] = None
    pair: Annotated[Name | None, Field(description="The column that joins a true and a false row.")] = None
    statement: Annotated[
        Name | None,
        Field(
            description="A column with whole statements. Subject and object are found in them by `statements`, or are the "
            "words of the columns named as `subject` and `object` where these stand in the statement exactly once."
        ),
    ] = None


class DatasetSection(Section):
    """A data set on the Hugging Face hub, read by the library `datasets` (the extra `datasets` of reportgen)."""

    name: Annotated[Name, Field(description="Its name on the hub.", examples=["NeelNanda/counterfact-tracing"])]
    config: Annotated[Name | None, Field(description="Which of its configurations, where it has several.")] = None
    split: Annotated[Name, Field(description="Which of its splits.")] = "train"
    revision: Annotated[
        Name | None, Field(description="Which commit. Without it the newest is taken; the page names it either way.")
    ] = None


class FactsSection(Section):
    """The facts: inline, in a file beside the spec, in a ready pack or a data set of the hub; how they are worded, and how
    their false twins come about."""

    file: Annotated[
        Name | None,
        Field(
            description="A table in UTF-8 with the columns `subject`, `relation` and `object`, as CSV, JSON Lines, Parquet or "
            "Excel, or a file of one of the data sets under `format`; `false_object`, `truth` (true or false) and `pair` "
            "are known as well, and every other column can choose statements. Lines that start with # at the top of a CSV "
            "say where the facts come from and stand on the page. A relative path starts at the spec's own folder."
        ),
    ] = None
    items: Annotated[tuple[FactSection, ...], Field(description="The facts themselves, where they are few.")] = ()
    pack: Annotated[
        Name | None,
        Field(
            description="Facts that come with reportgen, wordings included: `reportgen facts list` names them.",
            examples=["currencies"],
        ),
    ] = None
    dataset: Annotated[DatasetSection | None, Field(description="A data set of the Hugging Face hub.")] = None
    format: Annotated[
        FactsFormat,
        Field(
            description="How the `file` or `dataset` is laid out. `auto` goes by the file's ending: `.csv` or `.tsv`, `.jsonl`, "
            "`.parquet`, `.xlsx`. The others are the files of data sets as they are distributed, whose wordings come "
            "along: CounterFact and known_1000 of ROME, `lre` relations, ParaRel, Geometry of Truth, PopQA."
        ),
    ] = "auto"
    columns: Annotated[ColumnsSection, Field(description="What the file's columns are called.")] = ColumnsSection()
    statements: Annotated[
        tuple[TemplateText, ...],
        Field(
            description="Templates by which subject and object are found in whole statements; a statement is read by the "
            "first that it matches. Those that match none are listed on the page.",
            examples=[["The city of {subject} is in {object}."]],
        ),
    ] = ()
    only: Annotated[
        dict[Name, Value | Values],
        Field(
            description="Columns, each with a value or a list of values: the facts that the study is about, of all that the "
            "source holds. What else the source says is still known to be true.",
            examples=[{"relation": "capital"}],
        ),
    ] = Field(default={})
    relations: Annotated[
        dict[Name, RelationSection],
        Field(
            description="Every relation that a fact names, with its wording. A pack or a data set brings its own wordings; "
            "what stands here takes their place."
        ),
    ] = Field(default={})
    false_objects: Annotated[
        FalseObjects,
        Field(
            description="How each true fact gets its false twin. `derangement` hands the objects of a relation round, so that "
            "true and false statements hold each equally often; `matched_derangement` does so among objects with the same "
            "number of tokens as far as there are any, so that twins end at the same position. Two ask the model first how "
            "likely it finds each object after each subject: `matched_log_probability` hands them round so that a false "
            "object is as likely as the true one, as nearly as can be; `nearest` so that the false objects are the "
            "likeliest, which makes them the hardest to tell from true ones. `given` takes the false objects that you write."
        ),
    ] = "derangement"
    seed: Annotated[int, Field(ge=0, description="Another seed hands the objects round differently.")] = 0

    @property
    def asks_model(self) -> bool:
        """Whether false objects go by what the model finds likely."""
        return self.false_objects in ("matched_log_probability", "nearest")

    @property
    def brings_wordings(self) -> bool:
        """Whether the facts come with templates of their own."""
        return self.pack is not None or self.format not in ("auto", "csv", "json_lines", "parquet", "excel")

    def _misfits(self) -> Iterable[Misfit]:
        places = [name for name in ("file", "items", "pack", "dataset") if getattr(self, name)]
        if len(places) != 1:
            named = " and ".join(f"`{name}`" for name in places) or "none of them"
            yield Misfit(
                "facts stand in exactly one of a `file`, inline under `items`, in a `pack` or in a `dataset`; "
                f"got {named}",
                at=tuple(places[1:2]),
            )
        elif not self.relations and not self.brings_wordings and self.columns.statement is None:
            yield Misfit("name every relation of the facts with its wording under `relations`", at=("relations",))
