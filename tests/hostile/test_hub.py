"""Models on the hub: what is asked for and kept, what is used without a network, and what every refusal says to do."""

import errno
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import constants

from reportgen.errors import StudyError
from reportgen.models.code import require_allowed
from reportgen.models.source import ModelSource, fetch_hub_weights, find_model
from reportgen.spec.model_section import ModelSection
from tests.hub import COMMIT, OLDER, Hub, files_in, serving

UNREACHABLE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def _of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of the hub's own for each test, and no one's token."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.delenv("HF_TOKEN", raising=False)


@pytest.fixture
def _there(hub: Hub) -> None:
    """A hub that answers, of which a test needs no more."""


@pytest.fixture
def hub(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    files = files_in(tiny)
    with serving(Hub({COMMIT: files, OLDER: files | {"README.md": b"older"}})) as served:
        connect(monkeypatch, served.address)
        yield served


def find(cache: Path, name: str = "owner/there", **says: object) -> ModelSource:
    return find_model(ModelSection(hub=name, **says), cache, cache)  # type: ignore[arg-type]


def refused(cache: Path, name: str = "owner/there", **says: object) -> str:
    with pytest.raises(StudyError) as caught:
        find(cache, name, **says)
    return str(caught.value)


def connect(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """What HF_ENDPOINT does, which the library reads when it is imported."""
    monkeypatch.setattr(constants, "ENDPOINT", address)
    template = address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)


def test_the_newest_revision_is_resolved_and_of_it_only_what_is_read_is_fetched(hub: Hub, tmp_path: Path) -> None:
    source = find(tmp_path)
    assert source.identity == f"commit:{COMMIT}"
    assert source.origin == f"owner/there on the Hugging Face hub, revision {COMMIT}"
    assert source.note == ""
    assert source.folder is not None
    assert {path.name for path in source.folder.iterdir()} == {"config.json", "tokenizer.json", "tokenizer_config.json"}
    hub.files[COMMIT] |= {"unused.safetensors": b"large", "onnx/model.onnx": b"larger", "pytorch_model.bin": b"largest"}
    folder = fetch_hub_weights(source)
    assert (folder / "model.safetensors").read_bytes() == hub.files[COMMIT]["model.safetensors"]
    assert not any("unused" in path or "onnx" in path or ".bin" in path for path in hub.asked)


def test_shards_are_fetched_as_their_index_lists_them(hub: Hub, tmp_path: Path) -> None:
    import json

    files = hub.files[COMMIT]
    files["part-1.safetensors"] = files.pop("model.safetensors")
    files["model.safetensors.index.json"] = json.dumps(
        {"metadata": {}, "weight_map": {"a": "part-1.safetensors"}}
    ).encode()
    folder = fetch_hub_weights(find(tmp_path))
    assert (folder / "part-1.safetensors").is_file()


def test_a_whole_commit_that_is_in_the_cache_is_taken_without_asking(hub: Hub, tmp_path: Path) -> None:
    first = find(tmp_path, revision=OLDER)
    fetch_hub_weights(first)
    assert first.identity == f"commit:{OLDER}"
    hub.asked.clear()
    again = find(tmp_path, revision=OLDER)
    assert fetch_hub_weights(again) == again.folder
    assert hub.asked == []
    assert again.note == ""


def test_without_a_network_what_the_cache_has_is_used_and_said(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_hub_weights(find(tmp_path))
    hub.main = OLDER
    connect(monkeypatch, UNREACHABLE)
    source = find(tmp_path)
    assert source.identity == f"commit:{COMMIT}"
    assert source.note.startswith("The hub could not be asked for its newest revision, of `owner/there` (ConnectError")
    assert f"commit {COMMIT[:12]}" in source.note
    assert (fetch_hub_weights(source) / "model.safetensors").is_file()
    connect(monkeypatch, hub.address)
    assert find(tmp_path).identity == f"commit:{OLDER}"


def test_a_cache_in_the_published_layout_is_enough_and_no_network_is_touched(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As https://huggingface.co/docs/huggingface_hub/guides/manage-cache draws it; made by hand."""
    root = tmp_path / "hub" / "models--owner--there"
    (root / "blobs").mkdir(parents=True)
    (root / "refs").mkdir()
    (root / "snapshots" / COMMIT).mkdir(parents=True)
    (root / "refs" / "main").write_text(COMMIT)
    for number, (name, data) in enumerate(files_in(tiny).items()):
        (root / "blobs" / f"{number:040x}").write_bytes(data)
        (root / "snapshots" / COMMIT / name).symlink_to(Path("../../blobs") / f"{number:040x}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    source = find(tmp_path)
    assert source.identity == f"commit:{COMMIT}"
    assert "(HF_HUB_OFFLINE is set)" in source.note
    assert fetch_hub_weights(source) == root / "snapshots" / COMMIT
    assert find(tmp_path, revision=COMMIT).note == ""


@pytest.mark.usefixtures("_there")
def test_weights_that_are_cut_short_in_the_cache_are_named_with_a_remedy(tmp_path: Path) -> None:
    source = find(tmp_path)
    folder = fetch_hub_weights(source)
    blob = (folder / "model.safetensors").resolve()
    blob.write_bytes(blob.read_bytes()[:-9])
    with pytest.raises(StudyError, match=rf"cut short.*Delete {folder} and the file that it links to"):
        fetch_hub_weights(source)


@pytest.mark.usefixtures("_there")
def test_a_cache_without_the_weights_says_so_where_there_is_no_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = find(tmp_path)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(
        StudyError, match=r"not in the local cache, and the hub cannot be reached \(HF_HUB_OFFLINE is set\)"
    ):
        fetch_hub_weights(source)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "owner/gated",
            "is gated. Accept its terms at https://huggingface.co/owner/gated, then log in with `hf auth login`",
        ),
        ("owner/private", "is not on the hub, or is private. Check the name; for a private one, log in"),
        ("owner/missing", "is not on the hub, or is private. Check the name; for a private one, log in"),
        ("not a name!", "is no name of a model on the hub"),
        ("a/b/c", "is no name of a model on the hub"),
    ],
)
@pytest.mark.usefixtures("_there")
def test_a_refusal_says_what_to_do(tmp_path: Path, name: str, told: str) -> None:
    said = refused(tmp_path, name)
    assert said.startswith(f"model.hub: `{name}` {told}")


@pytest.mark.parametrize("revision", ["nothing", "c" * 40])
@pytest.mark.usefixtures("_there")
def test_a_revision_that_is_not_there_is_named(tmp_path: Path, revision: str) -> None:
    said = refused(tmp_path, revision=revision)
    assert said.startswith(
        f"model.hub: `owner/there` at revision `{revision}` has no such revision. Look at the commits"
    )


def test_no_network_and_nothing_in_the_cache_names_other_ways(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, UNREACHABLE)
    for says in ({}, {"revision": "main"}):
        said = refused(tmp_path, **says)
        assert "is not in the local cache, and the hub cannot be reached (ConnectError" in said
        assert "name a local `folder`, `gguf` or `package` instead" in said
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    for says in ({}, {"revision": COMMIT}):
        assert "the hub cannot be reached (HF_HUB_OFFLINE is set)" in refused(tmp_path, **says)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    connect(monkeypatch, hub.address)
    hub.down = True
    assert "the hub cannot be reached (it answers 503)" in refused(tmp_path)


@pytest.mark.usefixtures("_there")
def test_a_full_disk_is_not_taken_for_a_lack_of_network(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object, **__: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", full)
    assert "cannot be kept in the hub's cache (No space left on device)" in refused(tmp_path)


def test_a_repository_with_pickles_alone_names_the_key(hub: Hub, tmp_path: Path) -> None:
    import io

    import torch
    from safetensors.torch import load

    packed = io.BytesIO()
    torch.save(load(hub.files[COMMIT].pop("model.safetensors")), packed)
    hub.files[COMMIT]["pytorch_model.bin"] = packed.getvalue()
    with pytest.raises(
        StudyError, match=r"pickles alone \(pytorch_model\.bin\), which only `model\.weights: pytorch` reads"
    ):
        fetch_hub_weights(find(tmp_path))
    folder = fetch_hub_weights(find(tmp_path, weights="pytorch"))
    assert (folder / "pytorch_model.bin").is_file()
    hub.files[COMMIT].pop("pytorch_model.bin")
    for kept in folder.iterdir():
        kept.unlink()
    hub.main, hub.files["d" * 40] = "d" * 40, hub.files[COMMIT]
    with pytest.raises(StudyError, match="holds no weights that transformers opens"):
        fetch_hub_weights(find(tmp_path))


def test_a_repository_without_a_fast_tokenizer_is_refused(hub: Hub, tmp_path: Path) -> None:
    hub.files[COMMIT].pop("tokenizer.json")
    assert "`owner/there` has no tokenizer.json" in refused(tmp_path)


def test_code_of_a_repository_is_fetched_only_where_the_spec_lets_it_run(hub: Hub, tmp_path: Path) -> None:
    import json

    says = {"model_type": "own", "auto_map": {"AutoModelForCausalLM": "modeling_own.Own"}}
    hub.files[COMMIT]["config.json"] = json.dumps(says).encode()
    hub.files[COMMIT]["modeling_own.py"] = b"class Own: ..."
    said = refused(tmp_path)
    assert "Python code of its own (`modeling_own.py`). `model.trust_remote_code: true`" in said
    assert "with all your rights" in said
    assert not any(path.endswith(".py") for path in hub.asked)
    source = find(tmp_path, trust_remote_code=True)
    assert source.code == ("modeling_own.py",)
    assert source.folder is not None
    assert (source.folder / "modeling_own.py").is_file()
    with pytest.raises(StudyError, match="trust_remote_code"):
        require_allowed(source.folder, "own")
