"""What a study spec may say.

One class a section, one field a key; the names here are the names in the YAML, on the page and in the
paper. Every class refuses keys that it does not know, and no value is coerced: `id: no` is an error, not
the string "False". Values that are right one by one and wrong together raise a `MisfitError`, which says
which of them to look at.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from reportgen.errors import shown

QueryPosition = Literal["last", "subject_last", "object_last", "before_object"]
KeySpan = Literal["subject", "object", "first", "self", "previous", "relation"]
Aggregation = Literal["sum", "mean", "max"]
TestName = Literal["auto", "paired_t", "wilcoxon", "student", "welch", "mann_whitney", "permutation"]
Alternative = Literal["two-sided", "greater", "less"]
Correction = Literal[
    "none",
    "bonferroni",
    "sidak",
    "holm",
    "hommel",
    "benjamini_hochberg",
    "two_stage_benjamini_hochberg",
    "benjamini_yekutieli",
    "max_t",
    "max_t_step_down",
]
Family = Literal["contrast", "study"]
Association = Literal["pearson", "spearman"]
KnownFacts = Literal["all", "recalled"]
FalseObjects = Literal["given", "derangement", "matched_derangement"]
Value = str | int | float | bool
Values = Annotated[tuple[Value, ...], Field(min_length=1)]

Name = Annotated[str, Field(min_length=1)]
Slug = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,63}$",
        description="lower-case letters, digits and hyphens, 64 at most, not starting with a hyphen",
    ),
]
HeadName = Annotated[
    str, Field(pattern=r"^L[0-9]{1,3}H[0-9]{1,3}$", description="a head's name, layer and head counted from 0: `L9H1`")
]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description='a day in quotes: `"2026-11-24"`')]
Device = Annotated[
    str,
    Field(
        pattern=r"^(auto|cpu|mps|cuda(:[0-9]{1,3})?)$",
        description="the form `auto`, `cpu`, `mps`, `cuda` or `cuda:1`",
    ),
]


@dataclass(frozen=True)
class Misfit:
    """Values that are fine alone and wrong together; `at` leads from where the check stands to the value."""

    message: str
    at: tuple[str | int, ...] = ()


class MisfitError(ValueError):
    """All misfits that one check found: a plain ValueError could carry the first alone, without its place."""

    def __init__(self, *found: Misfit) -> None:
        super().__init__("; ".join(misfit.message for misfit in found))
        self.found = found


class _Section(BaseModel):
    """A section of the spec: unknown keys are errors and values never change their type or content."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    def _misfits(self) -> Iterable[Misfit]:
        return ()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if found := tuple(self._misfits()):
            raise MisfitError(*found)
        return self


class StudySection(_Section):
    """Who asks, and what."""

    id: Slug
    title: Name
    question: Name = "Do heads look at the subject differently when the statement is true?"
    authors: tuple[Name, ...] = ()
    abstract: str = ""
    tags: tuple[Name, ...] = ()


class ModelSection(_Section):
    """Which model, from exactly one of four places: a hub, a folder, a GGUF file, a registry package."""

    hub: Name | None = None
    folder: Name | None = None
    gguf: Name | None = None
    package: Name | None = None
    file: Name | None = None
    revision: Name | None = None
    prepend_bos: Literal["auto", "always", "never"] = "auto"
    device: Device = "auto"
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"

    @property
    def arithmetic(self) -> Literal["float32", "bfloat16"]:
        """The `dtype` with `auto` resolved: float32 on every device, since bfloat16 moves scores visibly."""
        return "bfloat16" if self.dtype == "bfloat16" else "float32"

    def _misfits(self) -> Iterable[Misfit]:
        places = [name for name in ("hub", "folder", "gguf", "package") if getattr(self, name) is not None]
        if len(places) != 1:
            named = " and ".join(f"`{name}`" for name in places) or "none"
            yield Misfit(
                f"a model comes from exactly one of `hub`, `folder`, `gguf`, `package`; got {named}",
                at=tuple(places[1:2]),
            )
        if (self.file is None) != (self.package is None):
            yield Misfit(
                "`package` and `file` (the GGUF file inside the package) belong together",
                at=("package",) if self.file is None else ("file",),
            )
        if self.revision is not None and self.hub is None:
            yield Misfit("`revision` names a commit on the hub and belongs to `hub` alone", at=("revision",))


def _names_both(template: str) -> str:
    slots = ("{subject}", "{object}")
    if strange := [slot for slot in re.findall(r"\{[^{}]*\}", template) if slot not in slots]:
        raise MisfitError(
            Misfit(f"a template knows the slots {{subject}} and {{object}} alone, not {shown(strange[0])}")
        )
    for slot in slots:
        if (times := template.count(slot)) != 1:
            raise MisfitError(Misfit(f"a template names {slot} exactly once; this one names it {times} times"))
    if re.search("[{}]", template.replace(slots[0], "").replace(slots[1], "")):
        raise MisfitError(Misfit("a template has braces around {subject} and {object} alone; here is one more"))
    return template


class RelationSection(_Section):
    """A relation's wording: one template that names `{subject}` and `{object}`, each once."""

    template: Annotated[Name, AfterValidator(_names_both)]


class FactSection(_Section):
    """One fact inline: `object` makes it true; `false_object` gives its twin."""

    subject: Name
    relation: Name
    object: Name
    false_object: Name | None = None


class FactsSection(_Section):
    """The facts: inline under `items` or in a CSV beside the spec, and how their false twins come about."""

    file: Name | None = None
    items: tuple[FactSection, ...] = ()
    relations: Annotated[dict[Name, RelationSection], Field(min_length=1)]
    false_objects: FalseObjects = "derangement"
    seed: Annotated[int, Field(ge=0)] = 0

    def _misfits(self) -> Iterable[Misfit]:
        if (self.file is not None) == bool(self.items):
            got = "both" if self.items else "neither"
            yield Misfit(
                f"facts stand either in a `file` or inline under `items`, exactly one of the two; got {got}",
                at=("items",) if self.items else (),
            )


class MeasureSection(_Section):
    """Where attention is read from, to which tokens, and how their shares become one number."""

    query_position: QueryPosition = "last"
    key_span: KeySpan = "subject"
    aggregation: Aggregation = "sum"


class StatementSet(_Section):
    """A named set of statements: those that have, for each column in `where`, one of the values listed."""

    name: Name
    where: Annotated[dict[Name, Value | Values], Field(min_length=1)]


class ContrastSection(_Section):
    """Two named sets of statements; the effect is the mean score in `a` minus the mean score in `b`."""

    id: Slug
    title: Name
    a: StatementSet
    b: StatementSet


class InteractionSection(_Section):
    """A difference of differences: what a paired `contrast` shows among `x` minus what it shows among `y`."""

    id: Slug
    title: Name
    contrast: Slug
    x: StatementSet
    y: StatementSet


class DoseSection(_Section):
    """How each head's score goes along with a `column` of numbers, over the statements that `where` lets pass."""

    id: Slug
    title: Name
    column: Name
    where: Annotated[dict[Name, Value | Values], Field(min_length=1)] = Field(default={"truth": True})
    method: Association = "spearman"


TRUTH = ContrastSection(
    id="truth",
    title="True against false",
    a=StatementSet(name="true", where={"truth": True}),
    b=StatementSet(name="false", where={"truth": False}),
)


def _each_once(choices: tuple[str, ...]) -> tuple[str, ...]:
    repeats = [index for index, name in enumerate(choices) if name in choices[:index]]
    if repeats:
        raise MisfitError(*(Misfit(f"`{choices[i]}` stands in this list twice", at=(i,)) for i in repeats))
    return choices


_Once = AfterValidator(_each_once)


class TestsSection(_Section):
    """How each head is tested, and what counts as a finding.

    `cluster` is a column whose values are the independent units; `resamples` counts the random arrangements behind
    max-T and permutation tests, whose smallest p-values a Pareto `tail` makes finer; `split` is the share of the
    units on which heads are chosen, to be tested on the rest.
    """

    __test__ = False

    test: TestName = "auto"
    alternative: Alternative = "two-sided"
    cluster: Name | None = None
    corrections: Annotated[tuple[Correction, ...], Field(min_length=1), _Once] = get_args(Correction)
    headline: Correction = "max_t"
    family: Family = "contrast"
    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.05
    smallest_effect: Annotated[float, Field(ge=0, lt=1)] = 0.01
    resamples: Annotated[int, Field(ge=99, le=1_000_000)] = 10_000
    tail: Literal["empirical", "pareto"] = "empirical"
    split: Annotated[float, Field(gt=0, lt=1)] | None = None
    seed: Annotated[int, Field(ge=0)] = 0

    def _misfits(self) -> Iterable[Misfit]:
        if self.headline not in self.corrections:
            listed = ", ".join(f"`{name}`" for name in self.corrections)
            yield Misfit(
                f"the headline correction `{self.headline}` is not among `corrections`: {listed}",
                at=("headline",) if "headline" in self.model_fields_set else ("corrections",),
            )


class ReportSection(_Section):
    """What the page shows beyond what it always shows.

    `examples` are the statements whose whole patterns a reader can look at: so many of them, chosen by a stated rule;
    or those with the subjects listed; or those that a filter lets pass.
    """

    top_heads: Annotated[int, Field(ge=1, le=50)] = 10
    examples: (
        Annotated[int, Field(ge=0, le=64)]
        | Annotated[tuple[Name, ...], Field(min_length=1, max_length=64)]
        | Annotated[dict[Name, Value | Values], Field(min_length=1)]
    ) = 12


class RobustnessSection(_Section):
    """The other choices that an analyst could have made: the first contrast is tested under each combination."""

    query_positions: Annotated[tuple[QueryPosition, ...], _Once] = ("last", "object_last")
    aggregations: Annotated[tuple[Aggregation, ...], _Once] = ("sum", "mean", "max")
    tests: Annotated[tuple[TestName, ...], _Once] = ("paired_t", "wilcoxon", "welch")
    corrections: Annotated[tuple[Correction, ...], _Once] = ("none", "holm", "benjamini_hochberg", "max_t")
    prepend_bos: Annotated[tuple[Literal["always", "never"], ...], _Once] = ("always", "never")
    facts: Annotated[tuple[KnownFacts, ...], _Once] = ("all", "recalled")


class CountSection(_Section):
    """How many: the `least` and the `most`, each included."""

    least: Annotated[int, Field(ge=0)] = 0
    most: Annotated[int, Field(ge=0)] | None = None

    def _misfits(self) -> Iterable[Misfit]:
        if self.most is not None and self.least > self.most:
            yield Misfit(f"`least` ({self.least}) is more than `most` ({self.most})", at=("least",))


class ExpectSection(_Section):
    """A condition on the findings of a `contrast` (by default the first), of exactly one of four kinds:

    - `heads: {least: 20, most: 60}`: so many heads are found;
    - `head` and `verdict`: the head differs, is negligible or is undecided;
    - `head`, `effect` and `within`: its effect is within so much of a value, both in shares of attention;
    - `head`, `run` and `within`: its effect is within so much of what the run of that day found.
    """

    contrast: Slug | None = None
    heads: CountSection | None = None
    head: HeadName | None = None
    verdict: Literal["differs", "negligible", "undecided"] | None = None
    effect: Annotated[float, Field(ge=-1, le=1)] | None = None
    run: Day | None = None
    within: Annotated[float, Field(ge=0, le=1)] | None = None

    def _misfits(self) -> Iterable[Misfit]:
        given = {
            name for name in ("heads", "head", "verdict", "effect", "run", "within") if getattr(self, name) is not None
        }
        if given not in _EXPECTATIONS:
            kinds = "; ".join(" and ".join(f"`{name}`" for name in sorted(kind)) for kind in _EXPECTATIONS)
            named = " and ".join(f"`{name}`" for name in sorted(given)) or "none of them"
            yield Misfit(f"an expectation is of one of four kinds, {kinds}; got {named}")


_EXPECTATIONS: tuple[set[str], ...] = (
    {"heads"},
    {"head", "verdict"},
    {"head", "effect", "within"},
    {"head", "run", "within"},
)


class ReplicationSection(_Section):
    """A published figure to compare the study's own with: the number of `heads` found, or the effect or the mean of a
    `head` in set A or B, in shares of attention.

    They agree where the published value lies in the study's interval, or within `tolerance` of the study's own.
    """

    claim: Name
    source: Name
    url: Name | None = None
    contrast: Slug | None = None
    quantity: Literal["heads", "effect", "mean_a", "mean_b"]
    head: HeadName | None = None
    value: float
    interval: Annotated[tuple[float, ...], Field(min_length=2, max_length=2)] | None = None
    tolerance: Annotated[float, Field(ge=0)] | None = None

    def _misfits(self) -> Iterable[Misfit]:
        if (self.quantity == "heads") == (self.head is not None):
            yield Misfit(
                "the number of `heads` is a figure of the whole contrast and takes no `head`"
                if self.head is not None
                else f"the {self.quantity} is a figure of one head: name it as `head`",
                at=("head",) if self.head is not None else ("quantity",),
            )
        if self.quantity != "effect" and self.tolerance is None:
            yield Misfit(f"the study gives no interval for `{self.quantity}`: state a `tolerance`", at=("quantity",))


def _ids_differ(contrasts: tuple[ContrastSection, ...]) -> tuple[ContrastSection, ...]:
    ids = [contrast.id for contrast in contrasts]
    if repeats := [index for index, name in enumerate(ids) if name in ids[:index]]:
        raise MisfitError(*(Misfit(f"another contrast has the id `{ids[i]}`", at=(i, "id")) for i in repeats))
    return contrasts


class StudySpec(_Section):
    """A whole study, as its author wrote it."""

    study: StudySection
    model: ModelSection
    facts: FactsSection
    measure: MeasureSection = MeasureSection()
    contrasts: Annotated[tuple[ContrastSection, ...], Field(min_length=1), AfterValidator(_ids_differ)] = (TRUTH,)
    interactions: tuple[InteractionSection, ...] = ()
    doses: tuple[DoseSection, ...] = ()
    tests: TestsSection = TestsSection()
    robustness: RobustnessSection = RobustnessSection()
    expect: tuple[ExpectSection, ...] = ()
    replicates: tuple[ReplicationSection, ...] = ()
    report: ReportSection = ReportSection()

    def _misfits(self) -> Iterable[Misfit]:
        taken = [contrast.id for contrast in self.contrasts]
        named = [(("interactions", index), section.id) for index, section in enumerate(self.interactions)]
        named += [(("doses", index), section.id) for index, section in enumerate(self.doses)]
        for at, name in named:
            if name in taken:
                yield Misfit(f"another contrast has the id `{name}`", at=(*at, "id"))
            taken.append(name)
        contrasts = [contrast.id for contrast in self.contrasts]
        for section in ("interactions", "expect", "replicates"):
            for index, entry in enumerate(getattr(self, section)):
                if entry.contrast is not None and entry.contrast not in contrasts:
                    listed = ", ".join(f"`{name}`" for name in contrasts)
                    yield Misfit(
                        f"no contrast has the id `{entry.contrast}`; there are {listed}",
                        at=(section, index, "contrast"),
                    )


class SpecFile(BaseModel):
    """A spec with the place that it was read from: relative paths in it start at `path.parent`."""

    model_config = ConfigDict(frozen=True)

    path: Path
    text: str
    spec: StudySpec
