"""What `doctor` says of a machine, a cache and a site, and that it always says something."""

import os
import subprocess
from pathlib import Path

import pytest

from reportgen import doctor, provenance
from reportgen.doctor import Section, examine


@pytest.fixture(autouse=True)
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch is not asked: it takes seconds to be imported."""
    monkeypatch.setattr(doctor, "_ASK_TORCH", 'print(\'{"cuda": [["A card", 8000000000]], "mps": false}\')')


def section(sections: tuple[Section, ...], title: str) -> dict[str, str]:
    return dict(next(one for one in sections if one.title.startswith(title)).found)


def test_an_empty_machine_is_told_as_it_is(tmp_path: Path) -> None:
    found = examine(tmp_path / "cache", tmp_path / "site").sections
    assert section(found, "Installation")["reportgen"] == provenance.own_version()
    assert section(found, "Installation")["can capture"] == "yes"
    assert section(found, "Engines")["pandoc"].startswith("3.")
    assert section(found, "Devices")["cuda:0"] == "A card, 8.0 GB"
    assert section(found, "Cache") == {"empty": "nothing has been kept here yet"}
    assert section(found, "Site")["pages"] == "not built yet"
    assert not (tmp_path / "cache").exists()


def test_models_rooms_and_pages_are_counted(tmp_path: Path) -> None:
    model = tmp_path / "cache" / "models" / "abc" / "model"
    model.mkdir(parents=True)
    (model / "config.json").write_text('{"model_type": "llama", "num_hidden_layers": 30, "num_attention_heads": 9}')
    (model / "model.safetensors").write_bytes(b"0" * 2_000_000)
    (tmp_path / "cache" / "scores").mkdir()
    (tmp_path / "cache" / "scores" / "key").write_bytes(b"0" * 4_000)
    site = tmp_path / "site" / "_site"
    site.mkdir(parents=True)
    (site / "index.html").write_text('<meta name="generator" content="reportgen 0.0.7">\n<body>')
    found = examine(tmp_path / "cache", tmp_path / "site").sections
    assert section(found, "Cache")["model"] == "abc (llama, 30 layers of 9 heads), 2.0 MB"
    assert section(found, "Cache")["scores"] == "4 kB"
    assert section(found, "Site")["pages"] == "1, 0 kB, built by reportgen 0.0.7"


def test_lines_stand_in_columns_under_their_headings(tmp_path: Path) -> None:
    lines = list(examine(tmp_path, tmp_path).lines())
    assert lines[0] == "Installation"
    assert any(line.startswith("  Python  ") for line in lines)
    starts = {len(line) - len(line[2:].lstrip()) for line in lines if line.startswith("  reportgen")}
    assert len(starts) == 1


@pytest.mark.parametrize("asks", ["raise SystemExit('no library')", "import nothing_of_this_name"])
def test_a_torch_that_cannot_be_imported_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asks: str) -> None:
    monkeypatch.setattr(doctor, "_ASK_TORCH", asks)
    assert "torch cannot be imported: " in section(examine(tmp_path, tmp_path).sections, "Devices")["others"]


def test_what_breaks_is_told_and_the_rest_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "models" / "abc" / "model"
    model.mkdir(parents=True)
    (model / "config.json").write_text("{")
    monkeypatch.setattr(doctor, "_ASK_TORCH", "import time; time.sleep(60)")
    monkeypatch.setattr(doctor, "_SECONDS_FOR_TORCH", 0.01)
    found = examine(tmp_path, tmp_path).sections
    assert section(found, "Cache")["cannot be found out"].startswith("JSONDecodeError")
    assert section(found, "Devices")["cannot be found out"].startswith(subprocess.TimeoutExpired.__name__)
    assert section(found, "Site")["pages"] == "not built yet"


def test_a_workflow_is_told_apart_from_a_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("GITHUB_")]:
        monkeypatch.delenv(name)
    assert section(examine(tmp_path, tmp_path).sections, "GitHub") == {"runner": "no: this is no GitHub workflow"}
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_REPOSITORY", "me/heads")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "/somewhere/summary")
    told = section(examine(tmp_path, tmp_path).sections, "GitHub")
    assert told["GITHUB_REPOSITORY"] == "me/heads"
    assert told["GITHUB_STEP_SUMMARY"] == "set"
    assert told["GITHUB_OUTPUT"] == "not set"
