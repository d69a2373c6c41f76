"""What a study spec may say.

One class a section, one field a key; the names here are the names in the YAML, on the page and in the
paper. Every class refuses keys that it does not know, and no value is coerced: `id: no` is an error, not
the string "False". Values that are right one by one and wrong together raise a `MisfitError`, which says
which of them to look at.

The site's spec reference is made from these classes: from their docstrings, and from the description of each field.
A type that a pattern decides brings a description of its form, which error messages quote; a field that has such a
type alone says what it is for in its `title`.
"""

import math
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from reportgen.errors import shown
from reportgen.spec.experiments import ExperimentsSection
from reportgen.spec.facts_section import FactSection as FactSection
from reportgen.spec.facts_section import FactsSection as FactsSection
from reportgen.spec.facts_section import FalseObjects as FalseObjects
from reportgen.spec.facts_section import RelationSection as RelationSection
from reportgen.spec.model_section import ModelSection as ModelSection
from reportgen.spec.section import Misfit, MisfitError, Name, Once, Section, repeated
from reportgen.spec.section import Value as Value
from reportgen.spec.section import Values as Values
from reportgen.spec.wording import listed

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

_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}
)
"""Windows makes no file or folder of these names, whatever their ending."""


def _is_no_device(text: str) -> str:
    if text in _DEVICES:
        raise MisfitError(
            Misfit(f"Windows keeps the name {shown(text)} for itself, and ids name files: choose another")
        )
    return text


Slug = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,63}$",
        description="lower-case letters, digits and hyphens, 64 at most, not starting with a hyphen",
    ),
    AfterValidator(_is_no_device),
]
HeadName = Annotated[
    str,
    Field(pattern=r"^L[0-9]{1,3}H[0-9]{1,3}$", description="the form `L9H1`: layer and head, both counted from 0"),
]
Address = Annotated[
    str, Field(pattern=r"^https?://[^\s]+$", description="the form `https://example.org/paper`, without spaces")
]


def _is_a_day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise MisfitError(Misfit(f"the calendar has no day {shown(text)}")) from error
    return text


Day = Annotated[
    str,
    Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description="the form `2026-11-24`, in quotes"),
    AfterValidator(_is_a_day),
]


class FamilySection(Section):
    """The family of studies that a study is one of, whose page compares them. A spec with a `matrix` says this of each of its
    studies by itself; studies with specs of their own can be one family by saying so."""

    id: Annotated[Slug, Field(title="Names the family: its page is `families/<id>.html`.")]
    title: Annotated[Name, Field(description="The title of the family's page.")]
    values: Annotated[
        dict[Name, Name],
        Field(
            min_length=1,
            description="What tells this study from the others: by what is varied, the name that this study has there.",
        ),
    ]


class StudySection(Section):
    """Who asks, and what."""

    id: Annotated[Slug, Field(title="Names the study in addresses, files and commands: its page is `studies/<id>/`.")]
    title: Annotated[Name, Field(description="The title of the page.")]
    question: Annotated[Name, Field(description="What the study asks, as a question; it stands under the title.")] = (
        "Do heads look at the subject differently when the statement is true?"
    )
    authors: Annotated[
        tuple[Name, ...], Field(description="Who wrote the study, by name, in the order of the page.")
    ] = ()
    abstract: Annotated[
        str, Field(description="A few sentences on what is done; they open the section on the facts.")
    ] = ""
    tags: Annotated[tuple[Name, ...], Field(description="Words by which a reader can filter the list of studies.")] = ()
    family: Annotated[
        FamilySection | None,
        Field(description="The family of studies that are set side by side, of which this is one."),
    ] = None


class MeasureSection(Section):
    """Where attention is read from, to which tokens, and how their shares become one number."""

    query_position: Annotated[
        QueryPosition,
        Field(
            description="The token whose attention is read: the `last` of the statement, the last of the subject or of the "
            "object, or the token before the object. At a position before the object a statement and its twin are the "
            "same tokens, and reportgen refuses such a comparison."
        ),
    ] = "last"
    key_span: Annotated[
        KeySpan,
        Field(
            description="The tokens that are looked at: the `subject`, the `object`, the `first` token, the query position "
            "itself (`self`), the token `previous` to it, or the words of the template (`relation`) up to it."
        ),
    ] = "subject"
    aggregation: Annotated[
        Aggregation,
        Field(
            description="How the attention to several tokens becomes one score: their `sum`, their `mean`, or the `max`, that "
            "of the token that gets most."
        ),
    ] = "sum"


class StatementSet(Section):
    """A named set of statements: those that have, for each column in `where`, one of the values listed."""

    name: Annotated[Name, Field(description="What the page calls the set.")]
    where: Annotated[
        dict[Name, Value | Values],
        Field(
            min_length=1,
            description="Columns, each with a value or a list of values. Columns are `truth`, `subject`, `relation`, "
            "`object`, `pair`, those of the facts' file, and five that are measured on the model: `recalled`, `rank`, "
            "`logprob_true`, `logprob_false` and `margin`.",
        ),
    ]


class ContrastSection(Section):
    """Two named sets of statements; the effect is the mean score in `a` minus the mean score in `b`."""

    id: Annotated[Slug, Field(title="Names the contrast in links, files and other sections of the spec.")]
    title: Annotated[Name, Field(description="The heading of its part of the page.")]
    a: Annotated[StatementSet, Field(description="The first set. A positive effect means more attention here.")]
    b: Annotated[StatementSet, Field(description="The second set. No statement may be in both.")]


class InteractionSection(Section):
    """A difference of differences: what a paired `contrast` shows among `x` minus what it shows among `y`."""

    id: Annotated[Slug, Field(title="Names the interaction; no contrast may have the same id.")]
    title: Annotated[Name, Field(description="The heading of its part of the page.")]
    contrast: Annotated[Slug, Field(title="The id of the contrast of pairs whose differences are compared.")]
    x: Annotated[StatementSet, Field(description="Pairs whose statement in set A is in this set.")]
    y: Annotated[StatementSet, Field(description="The pairs that they are compared with.")]


class DoseSection(Section):
    """How each head's score goes along with a `column` of numbers, over the statements that `where` lets pass."""

    id: Annotated[Slug, Field(title="Names the dose; no contrast may have the same id.")]
    title: Annotated[Name, Field(description="The heading of its part of the page.")]
    column: Annotated[
        Name,
        Field(description="A column of numbers: one of the facts' file, or one that is measured, such as `margin`."),
    ]
    where: Annotated[
        dict[Name, Value | Values],
        Field(min_length=1, description="Which statements count, as in a set of statements."),
    ] = Field(default={"truth": True})
    method: Annotated[
        Association,
        Field(description="The correlation: of ranks (`spearman`) or of the numbers as they are (`pearson`)."),
    ] = "spearman"


TRUTH = ContrastSection(
    id="truth",
    title="True against false",
    a=StatementSet(name="true", where={"truth": True}),
    b=StatementSet(name="false", where={"truth": False}),
)


class TestsSection(Section):
    """How each head is tested, and what counts as a finding."""

    __test__ = False

    test: Annotated[
        TestName,
        Field(
            description="The test of each head. `auto` takes the paired t-test where every statement has its partner in the "
            "other set, else Welch's. `paired_t` and `wilcoxon` compare pairs, `student`, `welch` and `mann_whitney` two "
            "independent sets; `permutation` does either."
        ),
    ] = "auto"
    alternative: Annotated[
        Alternative,
        Field(description="Which differences count: both ways, or only more (`greater`) or `less` attention in set A."),
    ] = "two-sided"
    cluster: Annotated[
        Name | None,
        Field(
            description="A column whose values are the independent units, such as `subject` where several statements are "
            "about one. Each cluster then counts once, with the mean of its statements."
        ),
    ] = None
    corrections: Annotated[
        tuple[Correction, ...],
        Field(min_length=1, description="The corrections that the page shows side by side."),
        Once,
    ] = get_args(Correction)
    headline: Annotated[
        Correction, Field(description="The correction that decides which heads are found; one of `corrections`.")
    ] = "max_t"
    family: Annotated[
        Family,
        Field(
            description="What is corrected for together: the heads of each `contrast` by itself, or those of all contrasts of "
            "the `study`."
        ),
    ] = "contrast"
    alpha: Annotated[float, Field(gt=0, lt=1, description="The error rate that the headline correction holds.")] = 0.05
    smallest_effect: Annotated[
        float,
        Field(
            ge=0,
            lt=1,
            description="The smallest effect of interest, as a share of attention: 0.01 is 1 point. A head is found only "
            "where its estimated effect is at least as large, and is negligible where its effect is shown to be smaller.",
        ),
    ] = 0.01
    resamples: Annotated[
        int,
        Field(
            ge=99,
            le=1_000_000,
            description="How many random arrangements max-T and permutation tests draw. Where there are no more "
            "arrangements than that, all are listed.",
        ),
    ] = 10_000
    tail: Annotated[
        Literal["empirical", "pareto"],
        Field(
            description="How the smallest resampled p-values come about: counted (`empirical`, never below 1 in resamples "
            "+ 1), or carried on by a generalized Pareto distribution where one fits (`pareto`)."
        ),
    ] = "empirical"
    split: Annotated[
        Annotated[float, Field(gt=0, lt=1)] | None,
        Field(
            description="The share of the units on which heads are chosen; those heads alone are then tested on the rest, "
            "beside the test on all."
        ),
    ] = None
    seed: Annotated[
        int,
        Field(ge=0, description="The seed of everything random in the statistics: the same seed, the same numbers."),
    ] = 0

    def _misfits(self) -> Iterable[Misfit]:
        if self.headline not in self.corrections:
            listed = ", ".join(f"`{name}`" for name in self.corrections)
            yield Misfit(
                f"the headline correction `{self.headline}` is not among `corrections`: {listed}",
                at=("headline",) if "headline" in self.model_fields_set else ("corrections",),
            )


class ReportSection(Section):
    """What the page shows beyond what it always shows."""

    top_heads: Annotated[
        int, Field(ge=1, le=50, description="How many of the strongest heads the page compares in detail.")
    ] = 10
    examples: Annotated[
        Annotated[int, Field(ge=0, le=64)]
        | Annotated[tuple[Name, ...], Field(min_length=1, max_length=64)]
        | Annotated[dict[Name, Value | Values], Field(min_length=1)],
        Field(
            description="The statements whose whole patterns a reader can look at: a number of them, chosen by a stated rule; "
            "a list of subjects; or columns with values, as in a set of statements. Sixty-four at most."
        ),
    ] = 12


class RobustnessSection(Section):
    """The other choices that an analyst could have made: the first contrast is tested under each combination."""

    query_positions: Annotated[
        tuple[QueryPosition, ...], Once, Field(description="Other positions from which attention could be read.")
    ] = ("last", "object_last")
    aggregations: Annotated[
        tuple[Aggregation, ...], Once, Field(description="Other ways to make one score of several tokens.")
    ] = ("sum", "mean", "max")
    tests: Annotated[tuple[TestName, ...], Once, Field(description="Other tests of each head.")] = (
        "paired_t",
        "wilcoxon",
        "welch",
    )
    corrections: Annotated[
        tuple[Correction, ...],
        Once,
        Field(
            description="Other corrections. `none` is shown for comparison and does not count as a reasonable choice."
        ),
    ] = ("none", "holm", "benjamini_hochberg", "max_t")
    prepend_bos: Annotated[
        tuple[Literal["always", "never"], ...],
        Once,
        Field(description="With and without a beginning-of-sequence token, where the model has one."),
    ] = ("always", "never")
    facts: Annotated[
        tuple[KnownFacts, ...], Once, Field(description="All facts, or only those that the model recalls.")
    ] = ("all", "recalled")


class CountSection(Section):
    """How many: the `least` and the `most`, each included."""

    least: Annotated[int, Field(ge=0, description="No fewer than this.")] = 0
    most: Annotated[
        Annotated[int, Field(ge=0)] | None, Field(description="No more than this; without it there is no upper bound.")
    ] = None

    def _misfits(self) -> Iterable[Misfit]:
        if self.most is not None and self.least > self.most:
            yield Misfit(f"`least` ({self.least}) is more than `most` ({self.most})", at=("least",))


class ExpectSection(Section):
    """A condition on the findings of a `contrast` (by default the first), of exactly one of four kinds:

    - `heads: {least: 20, most: 60}`: so many heads are found;
    - `head` and `verdict`: the head differs, is negligible or is undecided;
    - `head`, `effect` and `within`: its effect is within so much of a value, both in shares of attention;
    - `head`, `run` and `within`: its effect is within so much of what the run of that day found.
    """

    contrast: Annotated[
        Slug | None, Field(description="The id of the contrast that it is about; without it the first one.")
    ] = None
    heads: Annotated[CountSection | None, Field(description="How many heads are to be found.")] = None
    head: Annotated[
        HeadName | None, Field(description="The head that it is about, as `L9H1`: layer and head from 0.")
    ] = None
    verdict: Annotated[
        Literal["differs", "negligible", "undecided"] | None, Field(description="What is to be said of the head.")
    ] = None
    effect: Annotated[
        Annotated[float, Field(ge=-1, le=1)] | None,
        Field(description="What the head's effect is to be near, as a share of attention: 0.12 is 12 points."),
    ] = None
    run: Annotated[
        Day | None, Field(description="The day of an earlier run whose effect the head's is to be near, in quotes.")
    ] = None
    within: Annotated[
        Annotated[float, Field(ge=0, le=1)] | None,
        Field(description="How near: the largest difference that is allowed, as a share of attention."),
    ] = None

    def _misfits(self) -> Iterable[Misfit]:
        names = ("heads", "head", "verdict", "effect", "run", "within")
        given = tuple(name for name in names if getattr(self, name) is not None)
        if given not in _EXPECTATIONS:
            kinds = "; ".join(_all_named(kind) for kind in _EXPECTATIONS)
            got = _all_named(given) if given else "none of these keys"
            yield Misfit(f"an expectation is of one of four kinds, {kinds}; got {got}")


_EXPECTATIONS = (("heads",), ("head", "verdict"), ("head", "effect", "within"), ("head", "run", "within"))


def _all_named(keys: tuple[str, ...]) -> str:
    """`head`, `run` and `within`."""
    *most, last = (f"`{key}`" for key in keys)
    return f"{', '.join(most)} and {last}" if most else last


class ReplicationSection(Section):
    """A published figure to compare the study's own with: the number of `heads` found, or the effect or the mean of a
    `head` in set A or B, in shares of attention.

    They agree where they are within `tolerance` of each other, if the spec states one; else where the published value
    lies in the study's interval for all heads.
    """

    claim: Annotated[Name, Field(description="What was published, in a sentence.")]
    source: Annotated[Name, Field(description="Where: authors, year, and the table or figure.")]
    url: Annotated[Address | None, Field(description="The address of the source.")] = None
    contrast: Annotated[
        Slug | None, Field(description="The id of the contrast that it is compared with; without it the first one.")
    ] = None
    quantity: Annotated[
        Literal["heads", "effect", "mean_a", "mean_b"],
        Field(
            description="Which figure of the study: the number of `heads` found, or a head's `effect` or mean score in set A "
            "or B."
        ),
    ]
    head: Annotated[HeadName | None, Field(description="The head whose figure it is; not for the number of heads.")] = (
        None
    )
    value: Annotated[float, Field(description="The published figure; effects and means as shares of attention.")]
    interval: Annotated[
        Annotated[tuple[float, ...], Field(min_length=2, max_length=2)] | None,
        Field(description="The published interval, low and high, where there is one; it is shown."),
    ] = None
    tolerance: Annotated[
        Annotated[float, Field(ge=0)] | None,
        Field(
            description="How far the study's figure may be from the published one. Needed where the study gives no interval "
            "for the figure, which is everywhere but for an `effect`."
        ),
    ] = None

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
        if self.interval is not None and self.interval[0] > self.interval[1]:
            yield Misfit("the lower end of an `interval` comes first", at=("interval",))
        least, most, what = _RANGES[self.quantity]
        for name, value in (("value", self.value), *(("interval", end) for end in self.interval or ())):
            if not least <= value <= most:
                yield Misfit(f"{what}; got {value:g}", at=(name,))


_SHARES = "is a share of attention, from {} to 1, so that 13.9 points are 0.139"
_RANGES = {
    "heads": (0.0, math.inf, "a number of heads is 0 at least"),
    "effect": (-1.0, 1.0, "an effect " + _SHARES.format(-1)),
    "mean_a": (0.0, 1.0, "a mean " + _SHARES.format(0)),
    "mean_b": (0.0, 1.0, "a mean " + _SHARES.format(0)),
}


def _ids_differ(contrasts: tuple[ContrastSection, ...]) -> tuple[ContrastSection, ...]:
    ids = [contrast.id for contrast in contrasts]
    if repeats := repeated(ids):
        raise MisfitError(*(Misfit(f"another contrast has the id `{ids[i]}`", at=(i, "id")) for i in repeats))
    return contrasts


_OF_EVERY_CHECKPOINT = ("weights", "trust_remote_code", "prepend_bos", "chat", "device", "dtype")
"""What the study's model says of how it is read, and every checkpoint of it is read in the same way."""


class StudySpec(Section):
    """A whole study, as its author wrote it."""

    study: Annotated[StudySection, Field(description="Who asks, and what.")]
    model: Annotated[ModelSection, Field(description="Which model is asked, and how it runs.")]
    facts: Annotated[FactsSection, Field(description="What it is asked about.")]
    measure: Annotated[MeasureSection, Field(description="What is read of each statement.")] = MeasureSection()
    contrasts: Annotated[
        tuple[ContrastSection, ...],
        Field(
            min_length=1,
            description="Which statements are compared; without this section true ones with false ones. The first contrast "
            "gives the study its headline, its card and its robustness page.",
        ),
        AfterValidator(_ids_differ),
    ] = (TRUTH,)
    interactions: Annotated[
        tuple[InteractionSection, ...], Field(description="Whether a contrast differs between two kinds of facts.")
    ] = ()
    doses: Annotated[tuple[DoseSection, ...], Field(description="Whether scores go along with a number.")] = ()
    tests: Annotated[TestsSection, Field(description="How heads are tested, and what counts as a finding.")] = (
        TestsSection()
    )
    robustness: Annotated[
        RobustnessSection, Field(description="The other reasonable choices that the robustness page goes through.")
    ] = RobustnessSection()
    experiments: Annotated[
        ExperimentsSection,
        Field(description="Further questions about the same heads, each with its own part of the experiments page."),
    ] = ExperimentsSection()
    expect: Annotated[
        tuple[ExpectSection, ...],
        Field(description="What the findings are to be; the page, the badge and the exit code say whether they are."),
    ] = ()
    replicates: Annotated[
        tuple[ReplicationSection, ...], Field(description="Published figures that the study's own are compared with.")
    ] = ()
    report: Annotated[ReportSection, Field(description="How much the page shows.")] = ReportSection()

    @property
    def checkpoint_models(self) -> tuple[ModelSection, ...]:
        """The checkpoints that an experiment asks, in the order of their steps: the study's own model at other places."""
        section = self.experiments.checkpoints
        if section is None:
            return ()
        own = {name: getattr(self.model, name) for name in _OF_EVERY_CHECKPOINT}
        return tuple(
            ModelSection(folder=one.folder, **own)
            if one.folder is not None
            else ModelSection(hub=self.model.hub, revision=one.revision, **own)
            for one in section.checkpoints
        )

    @property
    def other_models(self) -> tuple[ModelSection, ...]:
        """All models beside the study's own that its experiments ask."""
        across = self.experiments.across_models
        return (*self.checkpoint_models, *(across.models if across is not None else ()))

    def _misfits(self) -> Iterable[Misfit]:
        taken = [contrast.id for contrast in self.contrasts]
        named = [(("interactions", index), section.id) for index, section in enumerate(self.interactions)]
        named += [(("doses", index), section.id) for index, section in enumerate(self.doses)]
        for at, name in named:
            if name in taken:
                yield Misfit(f"another contrast has the id `{name}`", at=(*at, "id"))
            taken.append(name)
        checkpoints = self.experiments.checkpoints
        if self.model.hub is None and checkpoints is not None and (checkpoints.revision or checkpoints.revisions):
            yield Misfit(
                "checkpoints that are revisions lie where `model.hub` says, and the study's model is from elsewhere: "
                "name `folders`, or a `folder` with `{step}` in it",
                at=("experiments", "checkpoints"),
            )
        contrasts = [contrast.id for contrast in self.contrasts]
        for section in ("interactions", "expect", "replicates"):
            for index, entry in enumerate(getattr(self, section)):
                if entry.contrast is not None and entry.contrast not in contrasts:
                    yield Misfit(
                        f"no contrast has the id `{entry.contrast}`; there are {listed(contrasts)}",
                        at=(section, index, "contrast"),
                    )


class SpecFile(BaseModel):
    """A spec with the place that it was read from: relative paths in it start at `path.parent`.

    `text` is the whole study as YAML: the file's own text, or, where the study came about from several texts, what they say
    together. `cell` is the study's name in the family that the file describes, if it does; `overrides` are what the command
    line said otherwise.
    """

    model_config = ConfigDict(frozen=True)

    path: Path
    text: str
    spec: StudySpec
    cell: str = ""
    overrides: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What the study is called by on the command line, in the folder of its file: `capitals.yml`, `family.yml#small-sum`."""
        return f"{self.path.name}#{self.cell}" if self.cell else self.path.name
