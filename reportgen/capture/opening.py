"""The model of a study, opened when it is first needed and proven before anything is read from it.

Scores are read from plain transformers with shared prefixes (`shared`). Where an architecture does not allow that, or
does not prove itself so, TransformerLens's hooks read them (`hooks`), and the run says why. Whole patterns always come
from TransformerLens.

Of a model that was asked elsewhere and left results there is nothing to open: what these do not hold is refused.

bfloat16 is too coarse to prove a way of reading by: two right ways differ in it as much as it does from float32. So a
model that runs in bfloat16 has the way proven in float32 first, on the processor, and then itself as far as it goes.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from reportgen import provenance
from reportgen.capture.record import Proof, Route, Scores
from reportgen.capture.request import Reduction, Request, ask
from reportgen.errors import StudyError
from reportgen.models.convert import weights_folder
from reportgen.models.extra import require_models
from reportgen.models.source import ModelSource
from reportgen.progress import Progress
from reportgen.spec.model import ModelSection
from reportgen.statements import Statement
from reportgen.store import content_key

if TYPE_CHECKING:
    import torch

    from reportgen.capture.proof import Reference
    from reportgen.models.linears import Linears

INTERVENTIONS = "interventions/"
NODES_PER_PASS = {"cpu": 512, "cuda": 16384, "mps": 4096}

BFLOAT16_SCORE_TOLERANCE, BFLOAT16_PATTERN_TOLERANCE = 0.2, 0.25
"""Twice what right answers in bfloat16 were seen to be off by, in SmolLM2-135M: scores up to 0.11 from float32 over 1,038
statements, and up to 0.05 (single shares 0.06) from each other over 64, where products are summed in another order."""


class Reader(Protocol):
    """Answers requests: `shared.SharedReader` or `hooks.HookReader`."""

    def read_all(self, requests: Sequence[Request], budget: int, advance: Callable[[int], None]) -> Scores:
        """The scores [request, layer, head], from forward passes of at most `budget` tokens."""
        ...


@dataclass(frozen=True)
class Plain:
    """The model as plain transformers, how its linear layers multiply, and what it said of a sample beforehand."""

    model: Any
    linears: "Linears"
    reference: "Reference"


@dataclass(frozen=True)
class Reading:
    """A reader that has proven itself, and how it reads."""

    reader: Reader
    route: Route
    proof: Proof


@dataclass
class ProvenModel:
    """Opened when it is needed, and not at all where the store holds everything that is asked for.

    Plain transformers are given up when TransformerLens is opened, which a build does last or instead; whoever asks for
    them again opens them again. `sought` are the keys of what was looked for in each room of the store so far: all that
    the study needs of it.
    """

    source: ModelSource
    section: ModelSection
    cache: Path
    progress: Progress
    sought: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set), init=False, repr=False)
    _plain: Plain | None = field(default=None, init=False, repr=False)
    _bridge: tuple[Any, Proof] | None = field(default=None, init=False, repr=False)
    _route: tuple[Route, Proof] | None = field(default=None, init=False, repr=False)

    def shelf(self, room: str) -> str:
        """Where the store keeps what this model, device, code and these versions give, or those that gave its results.

        Rooms below `interventions/` depend on that code too; what is captured does not.
        """
        captured = self.source.captured
        if captured is not None:
            return f"{room}/{captured.model.shelf}"
        if not room.startswith(INTERVENTIONS):
            return f"{room}/{self.shelf_key}"
        return f"{room}/{content_key(self.shelf_key, provenance.code_version('interventions'))[:32]}"

    @cached_property
    def shelf_key(self) -> str:
        """The shelf's name in every room, for answers that are had here and now."""
        versions = provenance.versions(provenance.CAPTURE_PACKAGES)
        code = provenance.code_version("capture", "models/load.py", "models/linears.py")
        return content_key(self.source.identity, self.section.device, self.section.arithmetic, versions, code)[:32]

    def require(self, lacking: str) -> None:
        """Raise StudyError unless the model can be asked for what is `lacking` in the store, such as "scores of 16
        statements". Whoever asks the model calls this first, before anything imports torch."""
        captured = self.source.captured
        if captured is not None:
            raise StudyError(
                f"the results hold no {lacking}. They were {captured.captured_by}; or they are from other facts. "
                "Capture again."
            )
        require_models()

    @cached_property
    def device(self) -> str:
        """The device that the spec's `model.device` means here. Raises StudyError where it is not there."""
        from reportgen.models.load import pick_device  # noqa: PLC0415

        return pick_device(self.section.device)

    @cached_property
    def folder(self) -> Path:
        """Where the weights are; they are fetched or converted when this is first asked."""
        return weights_folder(self.source, self.cache, self.progress)

    @property
    def dtype(self) -> "torch.dtype":
        """What the weights and all arithmetic are in, but for what the model's own code says otherwise."""
        import torch  # noqa: PLC0415

        return torch.bfloat16 if self.section.arithmetic == "bfloat16" else torch.float32

    @property
    def budget(self) -> int:
        """How many tokens a forward pass takes: few on a CPU, where small passes stay in its caches."""
        return NODES_PER_PASS[self.device.partition(":")[0]]

    def plain(self, statements: Sequence[Statement], aggregation: Reduction) -> Plain:
        """Plain transformers with eager attention; a sample of the first statements that anyone asks about is its
        reference.

        Raises StudyError where the model cannot be opened.
        """
        if self._plain is None:
            self._plain = self._open(statements, aggregation)
        return self._plain

    def finer(self, dtype: "torch.dtype") -> Any:
        """Plain transformers in finer arithmetic, on the processor: opened at every call, and gone with its last user."""
        from reportgen.models.load import open_eager  # noqa: PLC0415

        return open_eager(self.folder, "cpu", dtype)

    def bridge(self, statements: Sequence[Statement], aggregation: Reduction) -> tuple[Any, Proof]:
        """TransformerLens's bridge, after its patterns have proven themselves against plain transformers.

        Raises StudyError where the model cannot be opened or trusted.
        """
        if self._bridge is None:
            from reportgen.capture.proof import prove_bridge  # noqa: PLC0415
            from reportgen.models.load import open_bridge  # noqa: PLC0415

            reference = self.plain(statements, aggregation).reference
            self._plain = None  # the bridge has its own weights, and a device may have no room for two
            self.progress.say("opening the model with TransformerLens")
            with self.progress.stage("open TransformerLens"):
                bridge = open_bridge(self.folder, self.device, self.dtype)
                self._bridge = bridge, prove_bridge(bridge, reference)
        return self._bridge

    @contextmanager
    def reading(self, statements: Sequence[Statement], aggregation: Reduction) -> Iterator[Reading]:
        """Within the context, a proven reader of scores. Raises StudyError where none can be trusted."""
        if self._route is None:
            self._route = self._prove(statements, aggregation)
        route, proof = self._route
        with ExitStack() as stack:
            if route.way == "shared":
                from reportgen.capture.shared import reading_shared  # noqa: PLC0415

                model = self.plain(statements, aggregation).model
                yield Reading(stack.enter_context(reading_shared(model)), route, proof)
            else:
                from reportgen.capture.hooks import reading_hooks  # noqa: PLC0415

                bridge, _ = self.bridge(statements, aggregation)
                yield Reading(stack.enter_context(reading_hooks(bridge)), route, proof)

    def _prove(self, statements: Sequence[Statement], aggregation: Reduction) -> tuple[Route, Proof]:
        tried = self._prove_shared(self.plain(statements, aggregation))
        if isinstance(tried, Proof):
            return Route("shared", self.plain(statements, aggregation).linears.kernel), tried
        self.progress.say(f"reading this model with TransformerLens's hooks, token by token: {tried}")
        _, proof = self.bridge(statements, aggregation)
        return Route("hooks", "plain", tried), proof

    def _prove_shared(self, plain: Plain) -> Proof | str:
        """How well the shared way proves itself, or why it does not serve. Raises StudyError where no other way would."""
        from reportgen.capture.looks import NotFiniteError  # noqa: PLC0415
        from reportgen.capture.proof import prove_reader  # noqa: PLC0415
        from reportgen.capture.shared import reading_shared  # noqa: PLC0415
        from reportgen.capture.thrift import within_memory  # noqa: PLC0415

        try:
            if self.section.arithmetic == "bfloat16":
                self._prove_in_float32(plain.reference.requests)
            with self.progress.stage("prove"), reading_shared(plain.model) as reader:
                return within_memory(partial(prove_reader, reader, plain.reference), self.budget)
        except StudyError as error:
            if isinstance(error, NotFiniteError):
                raise
            return str(error)
        except Exception as error:  # what an architecture that knows no such interface stumbles over
            return f"this architecture's code does not take shared tokens ({type(error).__name__}: {error})"

    def _prove_in_float32(self, requests: Sequence[Request]) -> None:
        import torch  # noqa: PLC0415

        from reportgen.capture.proof import prove_reader, refer  # noqa: PLC0415
        from reportgen.capture.shared import reading_shared  # noqa: PLC0415

        model = self.finer(torch.float32)
        reference = refer(model, requests)
        with reading_shared(model) as reader:
            prove_reader(reader, reference, NODES_PER_PASS["cpu"])

    def _open(self, statements: Sequence[Statement], aggregation: Reduction) -> Plain:
        from reportgen.models.linears import quicken  # noqa: PLC0415
        from reportgen.models.load import open_eager  # noqa: PLC0415

        self._require_float32()
        self.progress.say(f"opening the model on {self.device} and proving the capture on a sample")
        with self.progress.stage("open"):
            model = open_eager(self.folder, self.device, self.dtype)
        with self.progress.stage("prove"):
            reference = self._refer(model, statements, aggregation)
        # Only now: the reference is what the model says with its linear layers as they come.
        with self.progress.stage("choose a kernel"):
            return Plain(model, quicken(model, rows=self.budget), reference)

    def _require_float32(self) -> None:
        """What bfloat16 is measured against must be there before hours are spent on scores that may not be shown."""
        from reportgen.models.load import count_parameters, main_memory, require_float32  # noqa: PLC0415

        if self.section.arithmetic == "bfloat16":
            require_float32(count_parameters(self.folder), main_memory())

    def _refer(self, model: Any, statements: Sequence[Statement], aggregation: Reduction) -> "Reference":
        """What the model says of a sample, and how near to that whoever reads it must come."""
        from reportgen.capture.proof import refer, sample_of  # noqa: PLC0415

        reference = refer(model, ask(sample_of(statements), aggregation))
        if self.section.arithmetic == "float32":
            return reference
        return replace(
            reference,
            score_tolerance=BFLOAT16_SCORE_TOLERANCE,
            pattern_tolerance=BFLOAT16_PATTERN_TOLERANCE,
        )
