"""What entropy and dynamics ask of a model is what plain transformers give, and takes no forward pass beyond the study's own."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy import stats

from reportgen.analyses import dynamics, entropy
from reportgen.analyses.analysis import Needs
from reportgen.analyses.positions import Positions
from reportgen.capture.run import capture
from reportgen.capture.tree import leaves
from reportgen.models import load
from reportgen.report.results import Plan
from reportgen.spec.experiments import DynamicsSection, EntropySection
from reportgen.statements import Statement, StatementSet
from tests import planted, small

Values = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def made(small_model: Path) -> tuple[Statement, ...]:
    return small.statements(small_model)


@pytest.fixture(scope="module")
def patterns(small_model: Path, made: tuple[Statement, ...]) -> list[Values]:
    """Every statement's whole pattern, [layer, head, query, key], one by one."""
    model = load.open_eager(small_model, "cpu")
    with torch.no_grad():
        outputs = [model(torch.tensor([one.tokens.ids]), output_attentions=True) for one in made]
    return [np.stack([layer[0].double().numpy() for layer in output.attentions]) for output in outputs]


def planned(made: tuple[Statement, ...]) -> Plan:
    """The plan of a study of these statements."""
    others = planted.statements(8)
    return replace(planted.results(others, planted.values(others, {})).plan, statements=StatementSet(made, ()))


def captured(needs: Needs, folder: Path, cache: Path, made: tuple[Statement, ...]) -> Values:
    asked = [request.tokens for request in needs.requests]
    assert {leaf.tokens for leaf in leaves(asked)} <= {one.tokens.ids[: one.query + 1] for one in made}
    return capture(needs.requests, small.proven(folder, cache)).values.astype(np.float64)


def test_the_spread_is_the_entropy_of_each_row(
    small_model: Path, made: tuple[Statement, ...], patterns: list[Values], tmp_path: Path
) -> None:
    values = captured(entropy.needs(planned(made), EntropySection()), small_model, tmp_path, made)
    for first, scores in ((0, values[: len(made)]), (1, values[len(made) :])):
        rows = [pattern[:, :, one.query, first : one.query + 1] for one, pattern in zip(made, patterns, strict=True)]
        expected = [stats.entropy(row, axis=-1) / np.log(row.shape[-1]) for row in rows]
        assert np.std(expected) > 0.05
        np.testing.assert_allclose(scores, np.stack(expected), atol=1e-5)


def test_attention_to_the_subject_is_read_from_every_position(
    small_model: Path, made: tuple[Statement, ...], patterns: list[Values], tmp_path: Path
) -> None:
    values = captured(dynamics.needs(planned(made), DynamicsSection()), small_model, tmp_path, made)
    positions = Positions.of(made)
    for offset in range(-3, 8):
        for place, row in enumerate(positions.rows("subject", offset)):
            query = made[place].subject[-1] + offset
            inside = made[place].subject[0] <= query <= made[place].query
            assert (row >= 0) == inside
            if inside:
                expected = patterns[place][:, :, query, list(made[place].subject)].sum(axis=-1)
                np.testing.assert_allclose(values[row], expected, atol=1e-5)
