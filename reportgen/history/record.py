"""The record of one run: the form in which it is kept, told field by field, with a version.

A record is one JSON file that is written once and never changed. It holds the findings, head by head, and everything
that they depend on, so that two records alone say what changed and why; only the facts stand beside it, one CSV file
for each version of them, under the hash that the record names.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

FORMAT: Literal["reportgen-run-1"] = "reportgen-run-1"

Column = list[float | None]


class _Record(BaseModel):
    """Part of a record: values of their own type, and whatever a later minor version may add is passed over."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class ModelInput(_Record):
    """The model as it was resolved: `identity` changes when the weights do."""

    name: str
    identity: str
    origin: str


class Inputs(_Record):
    """Everything that a run's numbers depend on."""

    spec: dict[str, Any] = Field(description="the spec section by section, with every default filled in")
    facts: str = Field(description="hash of the facts as they were used; their text is facts/<hash>.csv")
    model: ModelInput
    code: str = Field(description="hash of reportgen's own sources")
    versions: dict[str, str] = Field(description="package to version, reportgen's own included")
    processor: str
    device: str
    dtype: str


class ContrastRecord(_Record):
    """What every head showed in one contrast, layer by layer, in shares of attention; null where it was not tested.

    `low` and `high` bound the simultaneous interval that goes with the headline correction; `adjusted` is its p-value.
    """

    id: str
    title: str
    n: str
    layers: int
    heads: int = Field(description="heads a layer")
    tested: int
    alpha: float
    smallest_effect: float
    headline: str
    found: list[str] = Field(description="the recall heads by name, strongest first")
    effect: Column
    low: Column
    high: Column
    adjusted: Column

    def place(self, head: str) -> int:
        """Where in the columns the head L9H1 stands; raises ValueError where the model has no such head."""
        layer, _, number = head.removeprefix("L").partition("H")
        if not (layer.isdigit() and number.isdigit() and int(layer) < self.layers and int(number) < self.heads):
            raise ValueError(f"there is no head {head} among {self.layers} layers of {self.heads} heads")
        return int(layer) * self.heads + int(number)


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
    finished: str
    outcome: Literal["finished", "failed"]
    error: str = ""
    captured: str = ""
    inputs: Inputs | None = None
    finding: str = ""
    contrasts: tuple[ContrastRecord, ...] = ()
    expectations: tuple[Verdict, ...] = ()
    replications: tuple[Replicated, ...] = ()

    @property
    def day(self) -> str:
        """The day on which it ended: 2026-11-24."""
        return self.finished[:10]

    @property
    def failed(self) -> bool:
        """Whether it found nothing, because it went wrong."""
        return self.outcome == "failed"
