"""A model that transformers does not know, from its folder to its page: its own code runs where the spec says so, and is told."""

import html
import re
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from safetensors.torch import load_file

from reportgen.models.tokenizer import Tokenizer
from tests.custom import HEADS, LAYERS, save_own
from tests.landmarks import SPEC
from tests.place import SMOLLM, Place

KEY = "trust_remote_code: true"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, smollm_weights: Path, smollm_tokenizer: Tokenizer) -> Place:
    """Specs beside the model's folder, whose code leaves a mark where it is run."""
    found = Place.begin(tmp_path_factory.mktemp("own"), smollm_weights)
    folder = save_own(found.folder / "specs" / "own", smollm_tokenizer)
    code = folder / "configuration_own.py"
    code.write_text(f"open({str(found.folder / 'mark')!r}, 'w').close()\n{code.read_text()}")
    return found


def spec(place: Place, model: str) -> str:
    (place.folder / "specs" / "landmarks.yml").write_text(SPEC.replace(SMOLLM, f"{{{model}}}"))
    return "specs/landmarks.yml"


def run(place: Place, *arguments: str) -> tuple[int, str]:
    done = place.run(*arguments, HF_HOME=str(place.folder / "hf"))
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def text(page: Path) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.read_text())).split())


def test_without_the_key_the_code_is_named_and_not_run(place: Place) -> None:
    for command in ("check", "build"):
        code, said = run(place, command, spec(place, "folder: own"))
        assert code == 1
        assert "Python code of its own (`configuration_own.py`, `modeling_own.py`)" in said
        assert (
            "`model.trust_remote_code: true` in the spec runs that code on this machine, with all your rights" in said
        )
    assert not (place.folder / "mark").exists()


def test_a_check_with_the_key_runs_none_of_it_either(place: Place) -> None:
    code, said = run(place, "check", spec(place, f"folder: own, {KEY}"))
    assert code == 0, said
    assert "note: The model runs Python code of its own" in said
    assert not (place.folder / "mark").exists()


def test_with_the_key_it_runs_and_the_page_says_so(place: Place) -> None:
    code, said = run(place, "build", spec(place, f"folder: own, {KEY}"))
    assert code == 0, said
    assert (place.folder / "mark").exists()
    assert "in float32 (auto: every device runs float32 unless the spec says otherwise)" in said
    page = text(place.page("landmarks"))
    assert f"{LAYERS * HEADS} attention heads" in page
    assert page.count("runs Python code of its own, which came with it (configuration_own.py, modeling_own.py)") >= 2
    assert "Its Python files are part of the model's identity." in page
    assert "out of plain transformers through its attention interface" in page
    assert "as TransformerLens does not know this architecture" in page


def test_code_whose_attention_goes_its_own_way_is_read_statement_by_statement(place: Place) -> None:
    """Older code knows no attention interface."""
    path, code = spec(place, f"folder: own, {KEY}"), place.folder / "specs" / "own" / "modeling_own.py"
    before, scores = code.read_text(), shown_scores(place)
    interface = "            attend = ALL_ATTENTION_FUNCTIONS.get_interface(self.config._attn_implementation, attend)\n"
    assert interface in before
    code.write_text(before.replace(interface, "            raise ValueError\n"))
    done, said = run(place, "build", path)
    code.write_text(before)
    assert done == 0, said
    assert "TransformerLens does not know this architecture: each statement is read alone" in said
    assert "out of plain transformers with eager attention, each statement alone" in text(place.page("landmarks"))
    np.testing.assert_allclose(shown_scores(place), scores, rtol=0, atol=1e-5)


def shown_scores(place: Place) -> np.ndarray:
    """The scores that the page offers, [statement, layer, head]."""
    with xr.open_dataset(place.page("landmarks").parent / "scores.nc") as data:
        return data["score"].to_numpy()


def test_results_are_rendered_without_the_code_and_say_the_same(place: Place) -> None:
    path = spec(place, f"folder: own, {KEY}")
    code, said = run(place, "capture", path, "--to", "results")
    assert code == 0, said
    (place.folder / "mark").unlink()
    code, said = run(place, "render", "results/landmarks", "--site", "elsewhere")
    assert code == 0, said
    page = text(place.folder / "elsewhere" / "_site" / "studies" / "landmarks" / "index.html")
    assert "runs Python code of its own, which came with it (configuration_own.py, modeling_own.py)" in page
    assert "as TransformerLens does not know this architecture" in page
    assert not (place.folder / "mark").exists()


def test_pickles_need_a_key_of_their_own_and_are_told(place: Place) -> None:
    folder = place.folder / "specs" / "own"
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    code, said = run(place, "check", spec(place, f"folder: own, {KEY}"))
    assert code == 1
    assert "only `model.weights: pytorch` reads" in said
    code, said = run(place, "build", spec(place, f"folder: own, {KEY}, weights: pytorch"))
    assert code == 0, said
    page = text(place.page("landmarks"))
    assert "The weights were read from pickles (model.weights: pytorch)" in page.replace("`", "")
    assert "runs Python code of its own" in page
