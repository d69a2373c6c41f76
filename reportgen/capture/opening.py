"""The model of a study, opened when it is first needed and proven before anything is read from it.

Scores are read from plain transformers with shared prefixes (`shared`). Where an architecture does not allow that, or
does not prove itself so, TransformerLens's hooks read them (`hooks`), and the run says why. Architectures that
TransformerLens does not know either are read one statement at a time (`alone`). Whole patterns come from TransformerLens,
but for those.

Of a model that was asked elsewhere and left results there is nothing to open: what these do not hold is refused.

bfloat16 and float16 are too coarse to prove a way of reading by: two right ways differ in them as much as they do from
float32. So a model that runs in one of them has the way proven in float32 first, on the processor, and then itself as far
as it goes.
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
from reportgen.capture.tolerances import TOLERANCES
from reportgen.errors import StudyError
from reportgen.models.choice import chosen
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
    from reportgen.models.load import Terms

INTERVENTIONS = "interventions/"
NODES_PER_PASS = {"cpu": 512, "cuda": 16384, "mps": 4096}


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
    _unbridged: StudyError | None = field(default=None, init=False, repr=False)
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
        asked = (self.section.device, self.section.arithmetic)
        # What a commit's identity does not tell: which of its files are used.
        used = (self.source.weights, self.source.code)
        return content_key(self.source.identity, *asked, *used, versions, code)[:32]

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

        return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[self.section.arithmetic]

    @property
    def is_coarse(self) -> bool:
        """Whether it runs in an arithmetic that moves scores visibly, and is measured against float32."""
        return self.section.arithmetic != "float32"

    @property
    def terms(self) -> "Terms":
        """What the spec allows when the files are opened."""
        from reportgen.models.load import Terms  # noqa: PLC0415

        return Terms(self.source.weights, bool(self.source.code))

    @cached_property
    def parameters(self) -> int:
        """How many weights the model has, counted without loading them. Raises StudyError where it cannot be opened."""
        from reportgen.models.load import count_parameters  # noqa: PLC0415

        return count_parameters(self.folder, self.terms)

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
        return self.afresh("cpu", dtype)

    def afresh(self, device: str, dtype: "torch.dtype") -> Any:
        """Plain transformers as they come, apart from those that read: opened at every call. Raises what `plain` raises."""
        from reportgen.models.load import open_eager  # noqa: PLC0415

        return open_eager(self.folder, device, dtype, self.terms)

    def bridge(self, statements: Sequence[Statement], aggregation: Reduction) -> tuple[Any, Proof]:
        """TransformerLens's bridge, after its patterns have proven themselves against plain transformers.

        Raises NoAdapterError where TransformerLens does not know the architecture, and StudyError where the model cannot be
        opened or trusted.
        """
        if self._unbridged is not None:
            raise self._unbridged
        if self._bridge is None:
            from reportgen.capture.proof import prove_bridge  # noqa: PLC0415
            from reportgen.models.load import NoAdapterError, open_bridge  # noqa: PLC0415

            reference = self.plain(statements, aggregation).reference
            self._plain = None  # the bridge has its own weights, and a device may have no room for two
            self.progress.say("opening the model with TransformerLens")
            with self.progress.stage("open TransformerLens"):
                try:
                    bridge = open_bridge(self.folder, self.device, self.dtype, self.terms)
                except NoAdapterError as error:
                    self._unbridged = error
                    raise
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
            elif route.way == "alone":
                from reportgen.capture.alone import LoneReader  # noqa: PLC0415

                yield Reading(LoneReader(self.plain(statements, aggregation).model), route, proof)
            else:
                from reportgen.capture.hooks import reading_hooks  # noqa: PLC0415

                bridge, _ = self.bridge(statements, aggregation)
                yield Reading(stack.enter_context(reading_hooks(bridge)), route, proof)

    def _prove(self, statements: Sequence[Statement], aggregation: Reduction) -> tuple[Route, Proof]:
        tried = self._prove_shared(self.plain(statements, aggregation))
        if isinstance(tried, Proof):
            return Route("shared", self.plain(statements, aggregation).linears.kernel), tried
        self.progress.say(f"reading this model with TransformerLens's hooks, token by token: {tried}")
        from reportgen.models.load import NoAdapterError  # noqa: PLC0415

        try:
            _, proof = self.bridge(statements, aggregation)
        except NoAdapterError:
            return Route("alone", "plain", tried), self._prove_alone(self.plain(statements, aggregation))
        return Route("hooks", "plain", tried), proof

    def _prove_alone(self, plain: Plain) -> Proof:
        from reportgen.capture.alone import LoneReader  # noqa: PLC0415
        from reportgen.capture.proof import prove_reader  # noqa: PLC0415

        self.progress.say(
            "TransformerLens does not know this architecture: each statement is read alone, which is slow"
        )
        with self.progress.stage("prove"):
            return prove_reader(LoneReader(plain.model), plain.reference, 0)  # no pass to fill up with other statements

    def _prove_shared(self, plain: Plain) -> Proof | str:
        """How well the shared way proves itself, or why it does not serve. Raises StudyError where no other way would."""
        from reportgen.capture.looks import NotFiniteError  # noqa: PLC0415
        from reportgen.capture.proof import prove_reader  # noqa: PLC0415
        from reportgen.capture.shared import reading_shared  # noqa: PLC0415
        from reportgen.capture.thrift import within_memory  # noqa: PLC0415

        try:
            if self.is_coarse:
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

        self._require_float32()
        self.progress.say(f"opening the model {chosen(self.section, self.device)}, and proving the capture on a sample")
        with self.progress.stage("open"):
            model = self.afresh(self.device, self.dtype)
        with self.progress.stage("prove"):
            reference = self._refer(model, statements, aggregation)
        # Only now: the reference is what the model says with its linear layers as they come.
        with self.progress.stage("choose a kernel"):
            return Plain(model, quicken(model, rows=self.budget), reference)

    def _require_float32(self) -> None:
        """What a coarser arithmetic is measured against must be there before hours are spent on scores that may not be
        shown."""
        from reportgen.models.load import require_float32  # noqa: PLC0415
        from reportgen.models.memory import main_memory  # noqa: PLC0415

        if self.is_coarse:
            own = self.parameters * self.dtype.itemsize if not self.device.startswith("cuda") else 0
            require_float32(self.section.arithmetic, self.parameters, main_memory(), own)

    def _refer(self, model: Any, statements: Sequence[Statement], aggregation: Reduction) -> "Reference":
        """What the model says of a sample, and how near to that whoever reads it must come."""
        from reportgen.capture.proof import refer, sample_of  # noqa: PLC0415

        reference = refer(model, ask(sample_of(statements), aggregation))
        score, pattern = TOLERANCES[self.section.arithmetic]
        return replace(reference, score_tolerance=score, pattern_tolerance=pattern)
