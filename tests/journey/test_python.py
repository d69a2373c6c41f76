"""A study in Python, as in a notebook: the words of the YAML, the numbers of the page, and the figures."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import platformdirs
import pytest
import xarray as xr

import reportgen as rg
from reportgen.errors import InputError
from tests import landmarks
from tests.place import Place


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, landmarks_cache: Path) -> Place:
    made = Place.knowing(tmp_path_factory.mktemp("python"), landmarks_cache)
    (made.folder / "specs" / "landmarks.yml").write_text(landmarks.SPEC)
    return made


@pytest.fixture(scope="module")
def study(place: Place) -> rg.Study:
    return rg.load(place.folder / "specs" / "landmarks.yml", cache=place.cache, quiet=True)


def test_scores_are_labelled_by_statement_layer_and_head(study: rg.Study) -> None:
    scores = study.capture()
    assert isinstance(scores, xr.DataArray)
    assert scores.dims == ("statement", "layer", "head")
    assert scores.shape == (16, 30, 9)
    rome = scores.sel(statement=(scores.subject == "Colosseum") & (scores.truth))
    assert rome.object.item() == "Rome"
    assert ((scores >= 0) & (scores <= 1)).all()
    assert "share of attention" in scores._repr_html_()


def test_it_tells_itself_in_a_notebook(study: rg.Study) -> None:
    assert "Landmarks and their cities" in study._repr_html_()
    assert "16" in study._repr_html_()
    assert len(study.facts) == len(study.statements) == 16
    assert study.spec.tests.headline == "max_t"
    tested = study.test()
    assert "of 270 found" in repr(tested)
    assert f"<th style='text-align:left'>{tested.finding.strongest[0].name}</th>" in tested._repr_html_()


def test_its_numbers_are_those_of_the_page(study: rg.Study, place: Place) -> None:
    outcome = study.build(place.folder / "site")
    assert outcome.study == "landmarks"
    rows = list(csv.DictReader(io.StringIO((place.page("landmarks").parent / "heads-truth.csv").read_text())))
    table = study.test("truth").table()
    assert [float(row["effect"]) for row in rows] == pytest.approx(table.effect.tolist(), rel=1e-6)
    assert [float(row["adjusted_max_t"]) for row in rows] == pytest.approx(table.adjusted.tolist(), rel=1e-6)
    assert table.index[11] == "L1H2"


@pytest.mark.parametrize("name", ["heatmap", "attention", "top_heads"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_figures_stand_alone(study: rg.Study, name: str, scheme: str) -> None:
    figure = getattr(study.figures, name)(scheme=scheme)
    assert "var(" not in figure.to_json()
    if name == "heatmap":
        effect = study.test().heads.effect.to_numpy() * 100
        assert np.array(figure.data[0].z, dtype=float) == pytest.approx(effect, abs=0.01)


def test_keys_can_be_set_otherwise(place: Place) -> None:
    path = place.folder / "specs" / "landmarks.yml"
    strict = rg.load(path, cache=place.cache, overrides={"tests.alpha": 0.001, "study.title": "Strict"}, quiet=True)
    assert (strict.spec.tests.alpha, strict.spec.study.title) == (0.001, "Strict")
    assert strict.test().finding.tests.alpha == 0.001
    with pytest.raises(InputError, match=r"tests\.alpha"):
        rg.load(path, cache=place.cache, overrides={"tests.alpha": 7})


def test_it_keeps_what_it_read_where_the_command_line_does(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    path = place.folder / "specs" / "landmarks.yml"
    monkeypatch.setenv("REPORTGEN_CACHE", str(place.cache))
    assert rg.load(path, quiet=True).cache == place.cache
    monkeypatch.delenv("REPORTGEN_CACHE")
    assert rg.load(path, quiet=True).cache == platformdirs.user_cache_path("reportgen")


def test_a_family_is_loaded_study_by_study(place: Place) -> None:
    family = place.folder / "family.yml"
    family.write_text(f"{landmarks.SPEC}\nmatrix:\n  measure.aggregation: [sum, max]\n")
    both = rg.load_all(family, cache=place.cache, quiet=True)
    assert [one.spec.measure.aggregation for one in both] == ["sum", "max"]
    with pytest.raises(InputError, match="family of 2 studies"):
        rg.load(family, cache=place.cache)


def test_names_that_are_not_there_are_named(study: rg.Study) -> None:
    with pytest.raises(KeyError, match="no contrast has the id `turth`; there are `truth`"):
        study.test("turth")
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        rg.lode  # type: ignore[attr-defined]  # noqa: B018


def test_importing_it_imports_nothing_heavy() -> None:
    heavy = "torch, transformers, transformer_lens, plotly, scipy, pandas"
    asked = f"import sys, reportgen; print([n for n in '{heavy}'.split(', ') if n in sys.modules])"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
