"""What the tests of a disturbed capture begin with: a small model, and what it is asked."""

from pathlib import Path

import pytest

from reportgen.capture.request import Request, ask
from reportgen.models.tokenizer import Tokenizer
from tests import small


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory, smollm_tokenizer: Tokenizer) -> Path:
    return small.save_model(tmp_path_factory.mktemp("model") / "tiny", smollm_tokenizer)


@pytest.fixture(scope="module")
def requests(tiny: Path) -> tuple[Request, ...]:
    return ask(small.statements(tiny), "sum")
