"""Attribution: do the heads that look at the subject move the answer?

1. For some pairs, drawn at random, the model is asked for the answer where the twins' objects first differ. Of every head:
   its direct contribution, through what it reads from the subject there, to the logit difference of the true token over
   the false one (Chughtai et al. 2024, https://arxiv.org/abs/2402.07321), and how that difference changes when its
   attention from there to the subject alone is taken away.
2. At the study's own query position: how far the next token's distribution moves when the very attention that the study
   measures is taken away from one head, in true minus false statements.
3. In windows of layers: what blocking all heads' attention to the subject does to the true token's log-probability, beside
   blocking as many other tokens (Geva et al. 2023).
4. Each of these is tested over the pairs as the study's own contrasts are, against nothing. They are set beside the effect
   on attention, head by head, and beside the same effect weighted by what values write (Kobayashi et al. 2020).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from reportgen.analyses.analysis import Needs, Passes, Study
from reportgen.analyses.attribution_asked import AskedOf, choose_asked
from reportgen.capture.record import Scores
from reportgen.capture.request import ask
from reportgen.inference import HeadTests, test_heads
from reportgen.interventions.attribution import AnswerEffects, Divergences, attribute
from reportgen.models.shape import Shape, shape_of
from reportgen.report.results import Plan
from reportgen.scores import label_scores
from reportgen.spec.experiments import AttributionSection
from reportgen.spec.model import TRUTH, TestsSection
from reportgen.statements import Statement
from reportgen.stats.agreement import Agreement, Measured, agree

Values = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Windows:
    """What blocking does to the true token's log-probability, by window of so many layers (`width`), [window, 1]: all heads'
    attention to the subject, and to as many other tokens in those of the pairs that have them (None for fewer than two)."""

    width: int
    subject: HeadTests
    others: HeadTests | None


@dataclass(frozen=True)
class Attribution:
    """What heads do to the answer, in nats: `direct` contributions, changes by a `cut` edge, divergences where the study's
    own look is taken away (`diverging`: true minus false). Beside them the effect on attention, true minus false, as it is
    (`looking`) and weighted by what values write (`weighted`), and how the first goes together with `direct` and `cut`.

    The `difference` is the mean logit difference as it is.
    """

    asked: AskedOf
    looking: HeadTests
    weighted: HeadTests
    direct: HeadTests
    cut: HeadTests
    diverging: HeadTests
    windows: Windows
    with_direct: Agreement
    with_cut: Agreement
    difference: float


def needs(plan: Plan, section: AttributionSection) -> Needs:
    """A contribution-weighted score for each statement, and the passes over the pairs that are asked about.

    Raises StudyError where no pair can be asked about.
    """
    statements = plan.statements.statements
    asked = choose_asked(statements, section, plan.file.spec.tests.seed)
    requests = ask(statements, plan.file.spec.measure.aggregation, weight="contribution")
    return Needs(requests, _passes(asked, shape_of(plan.tokenizer.folder)))


def _passes(asked: AskedOf, shape: Shape | None) -> Passes:
    """Each sequence once; and its last token once more for each thing that is cut, as far as the model's shape is known."""
    rows = 0
    if shape is not None:
        heads = shape.layers * shape.heads
        rows += heads * len(asked.looks)
        for answer in asked.answers:
            windows = max(1, shape.layers - answer.window + 1)
            rows += heads + windows * (2 if answer.others else 1)
    lengths = [len(one.tokens) for one in asked.answers] + [len(one.tokens) for one in asked.looks]
    return Passes(forward=len(lengths) + rows, tokens=sum(lengths) + rows)


def find(study: Study, section: AttributionSection, scores: Scores) -> Attribution:
    """The effects, from the store or the model, and what they show."""
    asked = choose_asked(study.statements, section, study.spec.tests.seed)
    effects, divergences = attribute(
        asked.answers, asked.looks, study.model, study.statements, study.spec.measure.aggregation
    )
    return conclude(study, section, asked, scores, effects, divergences)


def conclude(
    study: Study,
    section: AttributionSection,
    asked: AskedOf,
    scores: Scores,
    effects: Sequence[AnswerEffects],
    divergences: Sequence[Divergences],
) -> Attribution:
    """What effects on the answers, and divergences of the looks, show over pairs."""
    tests = _settings(study.spec.tests, 0.0)
    of_logits = _settings(study.spec.tests, section.smallest_effect)
    looking = _looking(study)
    direct, cut = (np.stack([getattr(effect, name) for effect in effects]) for name in ("direct", "cut"))
    attention = _attention(study, asked)
    seed, level = study.spec.tests.seed, 1 - study.spec.tests.alpha
    return Attribution(
        asked=asked,
        looking=looking,
        weighted=test_heads(study.label(scores), TRUTH, tests),
        direct=_against_nothing(direct, asked.statements, study, of_logits),
        cut=_against_nothing(cut, asked.statements, study, of_logits),
        diverging=test_heads(
            _labelled(np.stack([each.values for each in divergences]), asked.statements, study), TRUTH, tests
        ),
        windows=_windows(effects, asked, study, tests),
        with_direct=agree([Measured(attention, _rows(direct))], level, seed),
        with_cut=agree([Measured(attention, _rows(cut))], level, seed),
        difference=float(np.mean([effect.difference for effect in effects])),
    )


def _settings(tests: TestsSection, smallest_effect: float) -> TestsSection:
    """Pairs against nothing, whatever tests the scores; the study's own smallest effect of interest is one of attention."""
    return tests.model_copy(update={"test": "paired_t", "alternative": "two-sided", "smallest_effect": smallest_effect})


def _looking(study: Study) -> HeadTests:
    """The effect on attention, true minus false: the first contrast, or another where that compares something else."""
    contrast = study.tests.contrast
    if (contrast.a.where, contrast.b.where) == (TRUTH.a.where, TRUTH.b.where) and study.tests.design == "paired":
        return study.tests
    return test_heads(study.scores, TRUTH, study.spec.tests.model_copy(update={"test": "paired_t"}))


def _attention(study: Study, asked: AskedOf) -> npt.NDArray[np.float64]:
    """The pairs' own differences in attention, true minus false, [pair, head of any layer]."""
    place = {statement.id: row for row, statement in enumerate(study.statements)}
    values = study.scores.to_numpy().astype(np.float64)
    true, false = ([place[pair[side].id] for pair in asked.pairs] for side in (0, 1))
    return _rows(values[true] - values[false])


def _rows(values: Values) -> npt.NDArray[np.float64]:
    return values.reshape(len(values), -1).astype(np.float64)


def _against_nothing(values: Values, statements: Sequence[Statement], study: Study, tests: TestsSection) -> HeadTests:
    """One value a pair, [pair, layer, head], tested against nothing: the false twin's is 0. `statements` are the pairs',
    true and false in turn."""
    both = np.zeros((2 * len(values), *values.shape[1:]), dtype=values.dtype)
    both[::2] = values
    return test_heads(_labelled(both, statements, study), TRUTH, tests)


def _labelled(values: Values, statements: Sequence[Statement], study: Study) -> xr.DataArray:
    return label_scores(values, statements, study.knowledge.columns(statements))


def _windows(effects: Sequence[AnswerEffects], asked: AskedOf, study: Study, tests: TestsSection) -> Windows:
    subject = np.stack([effect.windows for effect in effects])[:, :, np.newaxis]
    others = np.stack([effect.control for effect in effects])[:, :, np.newaxis]
    there = np.flatnonzero(np.isfinite(others).all(axis=(1, 2)))
    chosen = [statement for place in there for statement in asked.pairs[place]]
    layers = effects[0].direct.shape[0]
    return Windows(
        width=min(asked.answers[0].window, layers),
        subject=_against_nothing(subject, asked.statements, study, tests),
        others=_against_nothing(others[there], chosen, study, tests) if len(there) > 1 else None,
    )
