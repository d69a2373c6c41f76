"""The model of a study, opened when it is first needed and proven before anything is read from it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reportgen import provenance
from reportgen.capture.record import Proof
from reportgen.models.convert import weights_folder
from reportgen.models.source import ModelSource
from reportgen.progress import Progress
from reportgen.spec.model import Aggregation, ModelSection
from reportgen.statements import Statement
from reportgen.store import content_key


@dataclass
class ProvenModel:
    """Opens at most once in a build, and not at all where the store holds everything that is asked for."""

    source: ModelSource
    section: ModelSection
    cache: Path
    progress: Progress
    _opened: tuple[Any, Proof] | None = field(default=None, init=False, repr=False)

    def shelf(self, room: str) -> str:
        """Where the store keeps what this model, device, code and these versions give."""
        versions = provenance.versions(provenance.CAPTURE_PACKAGES)
        code = provenance.code_version("capture", "models/load.py")
        key = content_key(self.source.identity, self.section.device, self.section.dtype, versions, code)
        return f"{room}/{key[:32]}"

    def opened(self, statements: Sequence[Statement], aggregation: Aggregation) -> tuple[Any, Proof]:
        """The bridge, after it has proven itself on a sample of the first statements that anyone asks about.

        Raises StudyError where the model cannot be opened or trusted.
        """
        if self._opened is None:
            self._opened = self._open(statements, aggregation)
        return self._opened

    def _open(self, statements: Sequence[Statement], aggregation: Aggregation) -> tuple[Any, Proof]:
        from reportgen.capture.proof import prove, reference_patterns, sample_of  # noqa: PLC0415
        from reportgen.models.load import open_bridge, open_eager, pick_device  # noqa: PLC0415

        folder = weights_folder(self.source, self.cache, self.progress)
        device = pick_device(self.section.device)
        self.progress.say(f"opening the model on {device} and proving the capture on a sample")
        sample = sample_of(statements)
        reference = reference_patterns(open_eager(folder, device), sample)
        bridge = open_bridge(folder, device)
        return bridge, prove(bridge, sample, reference, aggregation)
