"""Attention by role, against plain transformers with eager attention."""

from pathlib import Path

import numpy as np
import pytest

from reportgen.analyses.clustering import ROLES, _requests, role_shares, roles
from reportgen.capture.proof import reference_patterns
from reportgen.capture.run import capture
from reportgen.models import load
from reportgen.models.tokenizer import Tokenizer
from tests import small


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, smollm_tokenizer: Tokenizer) -> Path:
    return small.save_model(tmp_path_factory.mktemp("model") / "tiny", smollm_tokenizer)


def test_shares_by_role_are_those_of_eager_attention_and_sum_to_one(folder: Path, tmp_path: Path) -> None:
    statements = small.statements(folder)
    requests = [request for statement in statements for request in _requests(statement)]
    shares = role_shares(statements, capture(requests, small.proven(folder, tmp_path)).values)
    assert shares.shape == (len(statements), len(ROLES), small.LAYERS, small.HEADS)
    assert abs(shares.sum(axis=1) - 1).max() < 1e-4
    patterns = reference_patterns(load.open_eager(folder, "cpu"), statements)
    for own, statement, pattern in zip(shares, statements, patterns, strict=True):
        row = pattern.numpy()[:, :, statement.query]
        for role, places in enumerate(roles(statement)):
            assert own[role] == pytest.approx(row[:, :, list(places)].sum(axis=2), abs=1e-4)
    assert np.ptp(shares.mean(axis=0), axis=(1, 2)).max() > 0.05
