"""Other models than the study's own, asked about the study's facts: checkpoints of its training, or models of other makers.

1. Each is found and opened by itself, reads the facts by its own tokenizer, and has its scores captured under its own
   identity, so that what was read of it once stays.
2. What it said is also put on the shelf of the study's model, by what was asked and by the section that named it. A page is
   then made from a results folder, too, where no other model is to be had.
"""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np

from reportgen.analyses.analysis import Passes, Study
from reportgen.capture.knowing import know
from reportgen.capture.opening import ProvenModel
from reportgen.capture.record import Scores
from reportgen.capture.request import Request
from reportgen.capture.run import capture
from reportgen.capture.tree import leaves
from reportgen.errors import StudyError
from reportgen.knowledge import FactKnowledge
from reportgen.models.chat import tokenizer_of
from reportgen.models.convert import tokenizer_folder
from reportgen.models.source import find_model
from reportgen.report.results import Plan
from reportgen.spec.model import ModelSection
from reportgen.statements import Statement, place_readings, read_facts
from reportgen.store import Store, content_key

ROOM = "other_models"

Wanted = Callable[[Sequence[Statement]], Sequence[Request]]
Check = Callable[[Sequence[Statement]], None]


@dataclass(frozen=True)
class Answer:
    """What a model said: its scores [request, layer, head], the ids of the statements that have a place in it, in order, and why
    other pairs have none; what it knows of the facts, where that was asked."""

    name: str
    origin: str
    statements: tuple[str, ...]
    unplaced: tuple[str, ...]
    scores: Scores
    known: tuple[FactKnowledge, ...]

    def to_bytes(self) -> bytes:
        """The answer as one NumPy archive."""
        record = {
            "name": self.name,
            "origin": self.origin,
            "statements": self.statements,
            "unplaced": self.unplaced,
            "known": [asdict(fact) for fact in self.known],
        }
        packed = io.BytesIO()
        np.savez_compressed(packed, scores=self.scores, record=np.array(json.dumps(record)))
        return packed.getvalue()

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """The answer that `to_bytes` packed."""
        with np.load(io.BytesIO(payload), allow_pickle=False) as packed:
            record = json.loads(str(packed["record"]))
            known = tuple(FactKnowledge(**fact) for fact in record.pop("known"))
            statements, unplaced = (tuple(record[name]) for name in ("statements", "unplaced"))
            return cls(record["name"], record["origin"], statements, unplaced, packed["scores"], known)


@dataclass(frozen=True)
class Question:
    """What every model is asked: the requests that are `wanted` of the statements as it reads them, named by `what`, and
    whether it `knows` the facts. `check` may refuse the statements as it reads them."""

    what: str
    wanted: Wanted
    knows: bool
    check: Check = lambda _: None


def consult(study: Study, section: ModelSection, question: Question) -> Answer:
    """What one model says. Raises StudyError where it is not found, cannot be opened or trusted, or `check` refuses; and
    InputError where no fact has a place in it."""
    plan, model = study.plan, study.model
    key = _key(plan, section, question)
    model.sought[ROOM].add(key)
    store, shelf = Store(model.cache), model.shelf(ROOM)
    kept = store.get(shelf, key)
    if model.source.captured is not None:
        if kept is None:
            model.require("answers of another model")
        assert kept is not None, "what results lack is refused"
        return Answer.from_bytes(kept)
    answer = _asked(plan, section, question, model)
    payload = answer.to_bytes()
    if payload != kept:
        store.put(shelf, key, payload)
    return answer


def _key(plan: Plan, section: ModelSection, question: Question) -> str:
    """What the answer depends on, but for the model itself, which may be elsewhere when a page is made."""
    facts = [(one.id, one.text) for one in plan.statements.statements]
    return content_key(section.model_dump(), question.what, question.knows, plan.file.spec.measure.model_dump(), facts)


def _asked(plan: Plan, section: ModelSection, question: Question, own: ProvenModel) -> Answer:
    cache, progress, measure = own.cache, own.progress, plan.file.spec.measure
    source = find_model(section, plan.file.path.parent, cache)
    tokenizer = tokenizer_of(section, tokenizer_folder(source, cache, progress))
    placed = place_readings(read_facts(plan.facts, tokenizer), measure, tokenizer.context)
    question.check(placed.statements)
    model = ProvenModel(source, section, cache, progress)
    scores = capture(question.wanted(placed.statements), model).values
    known = know(placed.statements, plan.facts, tokenizer, model, measure).facts if question.knows else ()
    names = tuple(one.id for one in placed.statements)
    return Answer(source.name, source.origin, names, tuple(placed.unplaced.values()), scores, known)


def passes(plan: Plan, question: Question, models: int) -> Passes:
    """What asking so many models costs, as far as the study's own tokenizer can tell: each statement once, and each fact once
    where it is asked whether they are known."""
    statements = plan.statements.statements
    found = leaves([request.tokens for request in question.wanted(statements)])
    facts = [one for one in statements if one.fact.truth] if question.knows else []
    tokens = sum(len(leaf.tokens) for leaf in found) + sum(one.object[0] for one in facts)
    return Passes(forward=models * (len(found) + len(facts)), tokens=models * tokens)


def require_folders(plan: Plan, sections: Sequence[ModelSection]) -> None:
    """Raise StudyError where models are named by a folder or a file that is not there; nothing is asked of the network.

    Results hold what models said, and need none of them.
    """
    if plan.source.captured is not None:
        return
    places = [plan.file.path.parent / place for section in sections if (place := section.folder or section.gguf)]
    if lacking := [place for place in places if not place.exists()]:
        more = f", nor {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise StudyError(f"there is no {_as_written(lacking[0], plan)}{more}{_remedy(lacking[0])}")


def _as_written(place: Path, plan: Plan) -> str:
    return (
        f"`{place.relative_to(plan.file.path.parent)}`" if place.is_relative_to(plan.file.path.parent) else f"`{place}`"
    )


def _remedy(place: Path) -> str:
    """What else lies there, by names that are alike."""
    stem = place.name.rstrip("0123456789")
    near = sorted(path.name for path in place.parent.glob(f"{stem}*")) if place.parent.is_dir() and stem else []
    return f"; beside it there are {', '.join(near[:5])}{' and more' if len(near) > 5 else ''}" if near else ""
