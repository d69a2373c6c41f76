"""What a spec may ask beyond its contrasts: one class an experiment, each with its own part of the experiments page."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from reportgen.errors import shown
from reportgen.spec.other_models import AcrossModelsSection, CheckpointsSection
from reportgen.spec.section import Misfit, MisfitError, Name, Once, Section, repeated
from reportgen.spec.slots import Slots

Separator = Literal["newline", "space"]


class ObjectAttentionSection(Section):
    """Attention to the object beside that to the subject, and from the object to the subject, in the study's first
    contrast. It has no settings: write `object_attention: {}`."""


class MultiHopSection(Section):
    """Chains of facts: the answer at a chain's end follows from two facts that share their middle, as in "The city of Paris is
    the capital of France. As France is in Europe, Paris is in Europe". Head by head and pair by pair of heads it is asked
    how attention leads from the last position by way of the middle to the start, in true chains and in shuffled ones, in
    which the middle's last mention and the end are those of another fact.

    Attention is read from the token before the template's last slot, which is the answer."""

    template: Annotated[
        Name,
        Field(
            description="The chain's wording. Its slots are `{subject}`, `{object}`, columns of the facts' file, and names of "
            "relations, which stand for what is true of the same subject there. A slot may stand several times; the last one "
            "is the answer.",
            examples=[
                "The city of {object} is the capital of {subject}. As {subject} is in {continent}, {object} is in {continent}"
            ],
        ),
    ]
    relation: Annotated[
        Name | None,
        Field(description="The relation whose true facts begin the chains; needed where the study has several."),
    ] = None
    start: Annotated[Name, Field(description="The slot that chains start from.")] = "object"
    middle: Annotated[
        Name,
        Field(
            description="The slot that links both facts. It stands twice or more before the answer: its last mention there is "
            "the link, which shuffled chains break."
        ),
    ] = "subject"
    end: Annotated[
        Name | None, Field(description="The slot that chains lead to; it is the template's last slot in any case.")
    ] = None
    facts: Annotated[
        int, Field(ge=8, le=2000, description="How many facts become chains at most; of more, some are drawn.")
    ] = 200
    examples: Annotated[
        int,
        Field(
            ge=0,
            le=500,
            description="How many of the chains have their whole patterns read, for attention rollout and flow; 0 for none.",
        ),
    ] = 24
    paths: Annotated[int, Field(ge=1, le=20, description="How many of the paths are drawn.")] = 12
    seed: Annotated[int, Field(ge=0, description="Another seed hands other second facts to the shuffled chains.")] = 0

    @property
    def answer(self) -> str:
        """The slot whose last mention is the answer."""
        return self.end or Slots.of(self.template).names[-1]

    def _misfits(self) -> Iterator[Misfit]:
        try:
            names = Slots.of(self.template).names
        except ValueError as error:
            yield Misfit(f"the template cannot be read: {error}", at=("template",))
            return
        roles = {"start": self.start, "middle": self.middle, "end": self.end or (names[-1] if names else "")}
        absent = [role for role, name in roles.items() if name not in names]
        for role in absent:
            yield Misfit(f"the template has no slot `{{{roles[role]}}}`, which is the chain's {role}", at=("template",))
        if len({*roles.values()}) < len(roles):
            yield Misfit("start, middle and end are three different slots", at=("template",))
        elif not absent:
            yield from self._out_of_order(names, roles["end"])

    def _out_of_order(self, names: tuple[str, ...], end: str) -> Iterator[Misfit]:
        if names[-1] != end:
            yield Misfit(f"the template's last slot is the answer, `{{{end}}}`", at=("template",))
        if names.count(self.middle) < 2:
            yield Misfit(
                f"the chain's middle, `{{{self.middle}}}`, stands twice or more: with the start, and with the end",
                at=("template",),
            )
        elif self.start not in names[: _last(names, self.middle)]:
            yield Misfit(
                f"the chain's start, `{{{self.start}}}`, stands before the last mention of its middle", at=("template",)
            )


def _last(names: tuple[str, ...], name: str) -> int:
    return len(names) - 1 - names[::-1].index(name)


Ablation = Literal["mean", "zero", "resample"]


class KnockoutSection(Section):
    """The strongest recall heads knocked out, few and many at once, beside random sets of heads: how likely the model still
    finds the true object. Heads are chosen on one half of the pairs and knocked out on pairs of the other.

    A head that is knocked out puts out, at every position, its `mean` over the relation's statements at tokens of the same
    role, nothing (`zero`), or what it puts out for another pair of the same shape (`resample`)."""

    facts: Annotated[
        int,
        Field(ge=8, description="On how many pairs, drawn from the half that chose no head, heads are knocked out."),
    ] = 20
    sizes: Annotated[
        tuple[Annotated[int, Field(ge=1)], ...],
        Field(min_length=1, description="How many heads are knocked out at once; no more than the model has."),
    ] = (1, 2, 5, 10, 20)
    controls: Annotated[
        int,
        Field(
            ge=50,
            le=1000,
            description="How many random sets of each kind, of every size: in the same layers, and with like attention to the "
            "study's key span.",
        ),
    ] = 50
    ablations: Annotated[
        tuple[Ablation, ...],
        Once,
        Field(min_length=1, description="What stands in for a head. The first one answers; single heads get it alone."),
    ] = ("mean",)
    seed: Annotated[int, Field(ge=0, description="Another seed draws other halves, pairs and control sets.")] = 0

    def _misfits(self) -> Iterator[Misfit]:
        for place, size in enumerate(self.sizes):
            if place and size <= self.sizes[place - 1]:
                yield Misfit(f"sizes rise, and {size} comes after {self.sizes[place - 1]}", at=("sizes", place))


class EntropySection(Section):
    """How evenly each head spreads its attention over the tokens that the query position can look at, whether recall heads
    are more focused than the other heads of their layers, and whether true and false statements differ in it. It has no
    settings: write `entropy: {}`."""


class RelationsSection(Section):
    """The study's first contrast in each of its relations by itself: which heads are found there, how far relations share
    them, and at which heads the effect differs between relations. It needs two relations of eight pairs each, and has no
    settings: write `relations: {}`."""


class ParaphrasesSection(Section):
    """The study's first contrast in each wording by itself, where relations have several `templates`: which heads are found
    there, at which heads the wording matters, and what is to be expected of one more. It needs two wordings of eight pairs
    each, and has no settings: write `paraphrases: {}`."""


def _misleads(template: str) -> str:
    known = ("subject", "object", "other")
    try:
        names = Slots.of(template).names
    except ValueError as error:
        raise MisfitError(Misfit(f"the template cannot be read: {error}")) from error
    if strange := [name for name in names if name not in known]:
        slots = ", ".join(f"{{{name}}}" for name in known)
        raise MisfitError(Misfit(f"a misleading template knows the slots {slots} alone, not {shown(strange[0])}"))
    if "other" not in names:
        raise MisfitError(Misfit("a misleading template names {other}, the wrong answer"))
    return template


class GradientSection(Section):
    """How much each head's look at the subject, from right before the object, adds to the object's log-probability, by
    gradients and by gradients integrated along the attention weights; set beside what taking that look away does."""

    facts: Annotated[
        int, Field(ge=2, le=2000, description="How many pairs are asked about at most; of more, some are drawn.")
    ] = 40
    steps: Annotated[
        int,
        Field(
            ge=2,
            le=100,
            description="At how many points between no attention and the whole the gradient is taken. The page says how far "
            "what heads are given is from adding up; more points bring it nearer.",
        ),
    ] = 12
    checked: Annotated[
        int,
        Field(
            ge=2,
            le=500,
            description="In how many of these pairs every head's look is taken away, one at a time, to see whether gradients "
            "tell the truth.",
        ),
    ] = 8
    smallest_effect: Annotated[
        float,
        Field(
            ge=0,
            lt=10,
            description="The smallest effect of interest on the object's log-probability, in nats: a head is found only where it "
            "adds or takes as much on average. 0.05 is 5 % of a probability, about.",
        ),
    ] = 0.05


class FewShotSection(Section):
    """The study's first contrast read after examples: true facts of the same relation, drawn by seed for each pair, the same
    for both of its statements, never about its subject and never with either of its objects in them. A slope over the numbers
    of examples says at which heads the effect changes."""

    shots: Annotated[
        tuple[Annotated[int, Field(ge=0, le=64)], ...],
        Field(min_length=2, description="How many examples come first; each number is a reading of its own."),
    ] = (0, 1, 2, 4)
    separator: Annotated[
        Separator,
        Field(
            description="What stands between sentences: the end of a line (`newline`), or a full stop and a `space`."
        ),
    ] = "newline"
    seed: Annotated[int, Field(ge=0, description="Another seed draws other examples.")] = 0

    def _misfits(self) -> Iterator[Misfit]:
        for place in repeated(self.shots):
            yield Misfit(f"{self.shots[place]} stands in this list twice", at=("shots", place))


class AdversarialSection(Section):
    """True statements read after a sentence that names a wrong answer, and after one of as many tokens that names none: how
    attention to the subject shifts, which statements flip the model's answer, and which heads tell beforehand."""

    templates: Annotated[
        tuple[Annotated[Name, AfterValidator(_misleads)], ...],
        Field(
            min_length=1,
            description="The misleading sentences. `{other}` is the false object of the pair, `{subject}` and `{object}` are "
            "the statement's own; `{other}` stands in each of them.",
        ),
    ] = (
        "Many people think that the answer is {other}, but they are wrong.",
        "I have read that for {subject} the answer is {other}.",
    )
    neutral: Annotated[
        tuple[Name, ...],
        Field(
            min_length=1,
            description="What may stand for `{other}` in the neutral twin of a sentence: the first of these that makes both "
            "equally long in tokens. A pair for which none does is left out.",
        ),
    ] = (
        "unknown",
        "not known",
        "not yet known",
        "not yet known here",
        "not yet known to us",
        "not yet known to us here",
        "not yet known to any of us",
        "not yet known to any of us here",
        "not yet known to any of us here today",
        "not yet known to any of us here and now",
    )
    separator: Annotated[
        Separator,
        Field(description="What stands before the statement: the end of a line (`newline`), or a `space`."),
    ] = "space"
    folds: Annotated[
        int,
        Field(ge=2, le=20, description="Into how many parts facts are split, each predicted from the others."),
    ] = 5


class DynamicsSection(Section):
    """How attention to the subject unfolds over a statement: from which position after it on each head looks back at it, and
    from which on true and false statements differ."""

    of_most: Annotated[
        float,
        Field(
            gt=0,
            le=1,
            description="A head locks on at the first position after the subject from which it gives the subject this share of "
            "the most that it gives it from any of them.",
        ),
    ] = 0.5
    least_attention: Annotated[
        float,
        Field(
            ge=0,
            lt=1,
            description="The share of attention that a head must give the subject from some position after it to lock on at all.",
        ),
    ] = 0.05


class ClusteringSection(Section):
    """Heads grouped by what they do, and where among the groups the study's recall heads are."""

    by: Annotated[
        Literal["roles", "scores"],
        Field(
            description="What describes a head: `roles`, how it spreads its attention over the first token, the previous one, "
            "itself, subject, object, the relation's words and the rest; or `scores`, in which statements it gives the study's "
            "key span more and in which less."
        ),
    ] = "roles"
    most: Annotated[
        int, Field(ge=2, le=20, description="The largest number of clusters among which the best is taken.")
    ] = 10
    draws: Annotated[
        int,
        Field(
            ge=20,
            le=2000,
            description="How often heads are grouped again: with columns permuted, and with facts drawn again.",
        ),
    ] = 200


class AttributionSection(Section):
    """What heads do to the answer through what they read from the subject: each one's direct contribution to the logit
    difference of the true over the false object, and what becomes of it when its attention to the subject is taken away, or
    all heads' in a window of layers."""

    facts: Annotated[
        int, Field(ge=2, description="How many pairs are asked about, drawn at random; each takes a pass of many rows.")
    ] = 40
    smallest_effect: Annotated[
        float,
        Field(
            ge=0,
            description="The smallest mean contribution or change of interest, in logits: a head is found only where its own is "
            "at least as large.",
        ),
    ] = 0.05
    window: Annotated[
        int,
        Field(
            ge=1,
            description="In how many layers one after the other attention to the subject is taken away from all heads; no "
            "more than the model has.",
        ),
    ] = 5


class ExperimentsSection(Section):
    """The experiments that the study makes; one that is not named here is not made. Write `{}` behind its name where
    it needs no settings of its own."""

    checkpoints: Annotated[
        CheckpointsSection | None,
        Field(description="When in training these heads appear, and when the knowledge does."),
    ] = None
    across_models: Annotated[
        AcrossModelsSection | None,
        Field(description="Whether other models have such heads, and at the same depth."),
    ] = None
    object_attention: Annotated[
        ObjectAttentionSection | None,
        Field(description="Whether heads look at the object differently too, and the object at the subject."),
    ] = None
    multi_hop: Annotated[
        MultiHopSection | None,
        Field(description="Through which pairs of heads chains of two facts lead from their start to their end."),
    ] = None
    knockout: Annotated[
        KnockoutSection | None,
        Field(description="Whether the model still finds the objects without these heads."),
    ] = None
    entropy: Annotated[
        EntropySection | None,
        Field(description="Whether recall heads spread their attention less than the other heads of their layers."),
    ] = None
    relations: Annotated[
        RelationsSection | None,
        Field(description="Whether all relations use the same heads."),
    ] = None
    paraphrases: Annotated[
        ParaphrasesSection | None,
        Field(description="Whether the same heads are found in every wording of the facts."),
    ] = None
    gradient: Annotated[
        GradientSection | None,
        Field(description="On which heads' looks at the subject the answer hangs, by gradients."),
    ] = None
    few_shot: Annotated[
        FewShotSection | None,
        Field(description="Whether the same heads look at the subject differently after examples."),
    ] = None
    adversarial: Annotated[
        AdversarialSection | None,
        Field(description="What a sentence with a wrong answer does to attention and to the model's answer."),
    ] = None
    dynamics: Annotated[
        DynamicsSection | None,
        Field(
            description="From which position on each head looks at the subject, and from where true and false differ."
        ),
    ] = None
    clustering: Annotated[
        ClusteringSection | None,
        Field(description="Whether there are kinds of heads, and which of them the heads found are."),
    ] = None
    attribution: Annotated[
        AttributionSection | None,
        Field(description="Whether the heads that look at the subject move the answer."),
    ] = None
