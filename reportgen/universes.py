"""The multiverse of a study: every combination of the choices that an analyst could reasonably have made.

1. The study's own choices stand first; `spec.robustness` lists the others. All combinations are taken.
2. The facts are placed anew for every query position and with and without a beginning-of-sequence token. A reading
   that the facts do not allow, or that is another one over again, is left out.
3. Each relation alone is taken under every correction, else with the study's own choices: in all combinations, the
   relations of a study with many would outnumber everything else.
4. A universe is one choice in each dimension; not to correct is one of them, for comparison. What cannot be carried
   out, or would rest on fewer than `FEWEST_PAIRS` pairs or units in a set, is left out and counted under its reason;
   the study's own universe never is.

Nothing here needs a model's weights, so what must be read is known before any model runs. After Steegen, Tuerlinckx,
Gelman & Vanpaemel (2016), https://doi.org/10.1177/1745691616658637, and Simonsohn, Simmons & Nelson (2020),
https://doi.org/10.1038/s41562-020-0912-z.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal, TypeVar, get_args

import numpy as np

from reportgen.contrasts import (
    FEWEST_PAIRS,
    ClusterDesignError,
    EmptySetError,
    Labels,
    Rows,
    TooFewStatementsError,
    arrange,
    choose,
)
from reportgen.errors import InputError, StudyError, shown
from reportgen.facts.fact import FactSet
from reportgen.models.tokenizer import Tokenizer
from reportgen.spec.model import (
    Aggregation,
    Correction,
    KnownFacts,
    QueryPosition,
    StudySpec,
    TestName,
)
from reportgen.statements import Reading, Statement, place_readings, read_facts, restart

RECALLED = "recalled"
_TOO_FEW = f"fewer than {FEWEST_PAIRS} pairs, or independent units in a set, are left to compare"

_NO_TOKEN = "the tokenizer has no beginning-of-sequence token"
_TEMPLATE_BEGINS = "the chat template says which token comes first"

_T = TypeVar("_T")

PrependBos = Literal["always", "never"]
Dimension = Literal["query_position", "prepend_bos", "aggregation", "facts", "relation", "test", "correction"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)


@dataclass(frozen=True)
class Measure:
    """What a model must be asked for: where attention is read from, in which tokens, and how it becomes one number."""

    query_position: QueryPosition
    prepend_bos: PrependBos
    aggregation: Aggregation


@dataclass(frozen=True)
class Choice:
    """One value of one dimension; that of the relation is None where all relations are taken together."""

    dimension: Dimension
    value: str | None


@dataclass(frozen=True)
class Analysis:
    """A universe before its correction: one test of all heads serves every correction."""

    query_position: QueryPosition
    prepend_bos: PrependBos
    aggregation: Aggregation
    facts: KnownFacts
    relation: str | None
    test: TestName

    @property
    def measure(self) -> Measure:
        """What it needs of the model."""
        return Measure(self.query_position, self.prepend_bos, self.aggregation)

    def rows(self, labels: Labels) -> Rows:
        """The statements that it is about, both twins of a pair or neither."""
        kept = np.ones(len(labels["truth"]), dtype=bool)
        if self.relation is not None:
            kept &= labels["relation"] == self.relation
        if self.facts == "recalled":
            recalled = choose(labels, {"truth": True, RECALLED: True})
            kept &= np.isin(labels["pair"], labels["pair"][recalled])
        return np.flatnonzero(kept)


@dataclass(frozen=True)
class Universe:
    """One choice in each dimension. `analysis.test` is never `auto`."""

    analysis: Analysis
    correction: Correction

    @property
    def corrected(self) -> bool:
        """Whether it corrects for testing many heads; without that heads are found where none differs."""
        return self.correction != "none"

    @property
    def choices(self) -> tuple[Choice, ...]:
        """Its choices in the order of `DIMENSIONS`."""
        return tuple(Choice(dimension, self._value(dimension)) for dimension in DIMENSIONS)

    def _value(self, dimension: Dimension) -> str | None:
        value: str | None = self.correction if dimension == "correction" else getattr(self.analysis, dimension)
        return value


@dataclass(frozen=True)
class LeftOut:
    """So many universes cannot be, and why."""

    reason: str
    universes: int


@dataclass(frozen=True)
class Measures:
    """The statements of every measure that the facts allow, the study's own first; of the others, why not."""

    own: Measure
    statements: Mapping[Measure, tuple[Statement, ...]]
    impossible: Mapping[Measure, str]


@dataclass(frozen=True)
class Multiverse:
    """Every universe that can be, the study's own among them."""

    own: Universe
    universes: tuple[Universe, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def analyses(self) -> dict[Analysis, tuple[Correction, ...]]:
        """Which corrections each test of all heads must serve."""
        corrections: dict[Analysis, tuple[Correction, ...]] = {}
        for universe in self.universes:
            corrections[universe.analysis] = (*corrections.get(universe.analysis, ()), universe.correction)
        return corrections


def measures(facts: FactSet, tokenizer: Tokenizer, spec: StudySpec, own: Sequence[Statement]) -> Measures:
    """The facts as every measure of the multiverse reads them; `own` are the study's statements."""
    bos: PrependBos = "never" if tokenizer.bos is None else "always"
    first, other = Measure(spec.measure.query_position, bos, spec.measure.aggregation), spec.robustness
    statements: dict[Measure, tuple[Statement, ...]] = {first: tuple(own)}
    impossible: dict[Measure, str] = {}
    readings = read_facts(facts, tokenizer, own)
    for prepend_bos in _with(bos, other.prepend_bos):
        begun = readings if prepend_bos == bos else _restart(readings, replace(tokenizer, prepend_bos=prepend_bos))
        for position in _with(first.query_position, other.query_positions):
            mine = (position, prepend_bos) == (first.query_position, bos)
            read, why = (tuple(own), "") if mine else _place(begun, tokenizer, spec, position, statements)
            for aggregation in _with(first.aggregation, other.aggregations):
                measure = Measure(position, prepend_bos, aggregation)
                if reason := why or _one_token(read, aggregation, first.aggregation):
                    impossible[measure] = reason
                else:
                    statements[measure] = read
    return Measures(first, statements, impossible)


def own_universe(spec: StudySpec, measure: Measure, test: TestName) -> Universe:
    """What the study itself chose; `test` is the one that it was carried out with."""
    analysis = Analysis(measure.query_position, measure.prepend_bos, measure.aggregation, "all", None, test)
    return Universe(analysis, spec.tests.headline)


def multiverse(
    spec: StudySpec,
    own: Universe,
    labels: Mapping[Measure, Labels],
    impossible: Mapping[Measure, str],
) -> Multiverse:
    """Every universe of the study's first contrast.

    `labels` holds the columns [statement] of each measure that can be read, with a column `recalled` where it was
    measured whether the model recalls the facts; `impossible` says of the other measures why they cannot be.
    """
    corrections = _with(own.correction, spec.robustness.corrections)
    kept: list[Universe] = []
    reasons: Counter[str] = Counter()
    for analysis in _analyses(spec, own, labels[own.analysis.measure]):
        reason = impossible.get(analysis.measure) or _why_not(analysis, labels[analysis.measure], spec)
        if reason and analysis != own.analysis:
            reasons[reason] += len(corrections)
        else:
            kept += [Universe(analysis, correction) for correction in corrections]
    return Multiverse(own, tuple(kept), tuple(LeftOut(reason, n) for reason, n in reasons.most_common()))


def _analyses(spec: StudySpec, own: Universe, labels: Labels) -> list[Analysis]:
    """Every combination of what was chosen and what could have been, possible or not, the study's own first."""
    mine, other = own.analysis, spec.robustness
    tests = [mine.test if test == "auto" else test for test in other.tests]
    relations = list(dict.fromkeys(labels["relation"].tolist()))
    combined = product(
        _with(mine.query_position, other.query_positions),
        _with(mine.prepend_bos, other.prepend_bos),
        _with(mine.aggregation, other.aggregations),
        _with(mine.facts, other.facts),
        (None,),
        _with(mine.test, tests),
    )
    alone = [replace(mine, relation=relation) for relation in relations if len(relations) > 1]
    return [*(Analysis(*choices) for choices in combined), *alone]


def _with(own: _T, others: Sequence[_T]) -> tuple[_T, ...]:
    """The study's own choice, then the others."""
    return tuple(dict.fromkeys((own, *others)))


def _restart(readings: Sequence[Reading], tokenizer: Tokenizer) -> tuple[Reading, ...]:
    """The readings with the other choice of a first token; none where the tokenizer has no such token, or a chat template
    says which token comes first."""
    if tokenizer.opening is not None:
        return ()
    try:
        return tuple(restart(reading, tokenizer) for reading in readings)
    except StudyError:
        return ()


def _place(
    readings: Sequence[Reading],
    tokenizer: Tokenizer,
    spec: StudySpec,
    position: QueryPosition,
    earlier: Mapping[Measure, tuple[Statement, ...]],
) -> tuple[tuple[Statement, ...], str]:
    """The statements read from that position, or why they show nothing that the earlier ones do not."""
    if not readings:
        return (), (_NO_TOKEN if tokenizer.opening is None else _TEMPLATE_BEGINS)
    measure = spec.measure.model_copy(update={"query_position": position})
    try:
        read = place_readings(readings, measure, tokenizer.context).statements
    except InputError as error:
        return (), error.problems[0].message
    # Counted twice, the same reading would weigh double.
    twice = next((known.query_position for known, statements in earlier.items() if _alike(statements, read)), None)
    return read, f"in every statement it is the same token as the query position {shown(twice)}" if twice else ""


def _alike(one: Sequence[Statement], other: Sequence[Statement]) -> bool:
    """Whether a model must answer both alike."""
    return len(one) == len(other) and all(_seen(a) == _seen(b) for a, b in zip(one, other, strict=True))


def _seen(statement: Statement) -> tuple[tuple[int, ...], int, tuple[int, ...]]:
    return statement.tokens.ids, statement.query, statement.keys


def _one_token(read: Sequence[Statement], aggregation: Aggregation, own: Aggregation) -> str:
    if aggregation == own or any(len(statement.keys) > 1 for statement in read):
        return ""
    return "every key span is a single token, so that sum, mean and maximum are the same"


def _why_not(analysis: Analysis, labels: Labels, spec: StudySpec) -> str:
    """Why an analysis cannot be carried out; empty where it can."""
    if analysis.facts == "recalled" and RECALLED not in labels:
        return "it was not measured which facts the model recalls"
    rows, tests = analysis.rows(labels), spec.tests.model_copy(update={"test": analysis.test})
    try:
        arrangement = arrange({name: column[rows] for name, column in labels.items()}, spec.contrasts[0], tests)
    except EmptySetError:
        return "one of the two sets is left without any statement"
    except ClusterDesignError:
        return "the clusters do not allow the test"
    except TooFewStatementsError:
        return _TOO_FEW
    units = min(len(np.unique(arrangement.unit_a)), len(np.unique(arrangement.unit_b)))
    return "" if units >= FEWEST_PAIRS else _TOO_FEW
