"""The record of one run: the form in which it is kept, told field by field, with a version.

A record is one JSON file that is written once and never changed. It holds the findings, head by head, and everything
that they depend on, so that two records alone say what changed and why; only the facts stand beside it, one CSV file
for each version of them, under the hash that the record names. `docs/history-format.md` tells the form to whoever reads
it without this program.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

FORMAT: Literal["reportgen-run-1"] = "reportgen-run-1"
DIGITS = 6

Column = list[float | None]

_HEAD = re.compile(r"L([0-9]+)H([0-9]+)")


def rounded(value: float) -> float | None:
    """A number as a record holds it: to six significant digits, None where there is none."""
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None


def column(values: Iterable[float]) -> Column:
    """Numbers of all heads, layer by layer, as a record holds them."""
    return [rounded(value) for value in values]


def facts_digest(csv: bytes) -> str:
    """The hash under which the facts are kept: the first 16 hexadecimal digits of SHA-256.

    Line ends do not count, since git may turn them when it writes a file out.
    """
    return hashlib.sha256(csv.replace(b"\r\n", b"\n")).hexdigest()[:16]


def _is_moment(text: str) -> str:
    if datetime.fromisoformat(text).utcoffset() != timedelta(0):
        raise ValueError("a moment is in UTC")
    return text


Moment = Annotated[
    str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)$"), AfterValidator(_is_moment)
]


class _Record(BaseModel):
    """Part of a record: values of their own type, and whatever a later minor version may add is passed over."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)


class ModelInput(_Record):
    """The model as it was resolved: `identity` changes when the weights do."""

    name: str
    identity: str = Field(description="`commit:` and a commit of the hub, or `sha256:` and a hash of the files")
    origin: str = Field(description="where it came from, in words")


class Inputs(_Record):
    """Everything that a run's numbers depend on."""

    spec: dict[str, Any] = Field(description="the spec section by section, with every default filled in")
    facts: Annotated[
        str,
        Field(
            pattern=r"^[0-9a-f]{16}$",
            description="hash of the facts as they were used; their text is facts/<hash>.csv",
        ),
    ]
    model: ModelInput
    code: str = Field(description="hash of reportgen's own sources")
    versions: dict[str, str] = Field(description="package to version, reportgen's own included")
    processor: str = Field(description="that of the capture; where the tests ran on another, both")
    device: str
    dtype: str


class ContrastRecord(_Record):
    """What every head showed in one contrast, layer by layer, in shares of attention; null where it was not tested.

    `low` and `high` bound the simultaneous interval that goes with the headline correction; `adjusted` is its p-value.
    """

    id: str
    title: str
    n: str = Field(description="how much it rests on, in words: `170 pairs`")
    layers: int = Field(ge=1)
    heads: int = Field(ge=1, description="heads a layer")
    tested: int = Field(ge=0, description="how many heads could be tested")
    alpha: float
    smallest_effect: float = Field(description="a smaller effect is no finding")
    headline: str = Field(description="the correction that decides what is found")
    found: list[str] = Field(description="the recall heads by name, strongest first")
    effect: Column
    low: Column
    high: Column
    adjusted: Column

    def place(self, head: str) -> int:
        """Where in the columns the head L9H1 stands; raises ValueError where the model has no such head."""
        named = _HEAD.fullmatch(head)
        layer, number = (int(named[1]), int(named[2])) if named else (self.layers, self.heads)
        if layer >= self.layers or number >= self.heads:
            raise ValueError(f"there is no head {head} among {self.layers} layers of {self.heads} heads")
        return layer * self.heads + number

    def head(self, place: int) -> str:
        """The name of the head that stands at this place of the columns: L9H1."""
        return f"L{place // self.heads}H{place % self.heads}"

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if {len(self.effect), len(self.low), len(self.high), len(self.adjusted)} != {self.layers * self.heads}:
            raise ValueError("every column has one entry a head")
        for head in self.found:
            self.place(head)
        return self


class Verdict(_Record):
    """A condition that the spec states under `expect`, whether the findings meet it, and what they say instead."""

    text: str
    met: bool
    got: str


class Replicated(_Record):
    """A published figure beside the study's own, both as text with their intervals."""

    claim: str
    source: str
    url: str
    published: str
    ours: str
    passes: bool
    rule: str = Field(description="by which rule the two agree or not")


class RunRecord(_Record):
    """One run of one study.

    `finished` and `captured` are moments in UTC (ISO 8601): when the run ended, and when the last of its scores went
    through the model. A run that failed has its `error` and nothing after it.
    """

    format: Literal["reportgen-run-1"] = FORMAT
    study: str
    title: str
    finished: Moment
    outcome: Literal["finished", "failed"]
    error: str = ""
    captured: Moment | Literal[""] = ""
    inputs: Inputs | None = None
    finding: str = Field(default="", description="the first contrast's finding in a sentence")
    contrasts: tuple[ContrastRecord, ...] = ()
    expectations: tuple[Verdict, ...] = ()
    replications: tuple[Replicated, ...] = ()

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        if not self.failed and (self.inputs is None or not self.contrasts):
            raise ValueError("a run that finished has inputs and contrasts")
        return self

    @property
    def day(self) -> str:
        """The day on which it ended: 2026-11-24."""
        return self.finished[:10]

    @property
    def failed(self) -> bool:
        """Whether it found nothing, because it went wrong."""
        return self.outcome == "failed"

    @property
    def clock_was_wrong(self) -> bool:
        """Whether it claims to have ended before its scores went through the model: a clock went backwards."""
        return self.captured != "" and datetime.fromisoformat(self.captured) > datetime.fromisoformat(self.finished)

    def contrast(self, id_: str) -> ContrastRecord | None:
        """The contrast of that id, or None where the run has none."""
        return next((contrast for contrast in self.contrasts if contrast.id == id_), None)

    def to_bytes(self) -> bytes:
        """The record as its file holds it: JSON in UTF-8, a line a value, keys in order."""
        text = json.dumps(self.model_dump(mode="json"), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
        return text.encode() + b"\n"

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """The record in a file's content; raises pydantic's ValidationError where it is none."""
        return cls.model_validate_json(content)
