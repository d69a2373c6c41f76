import hashlib
import json
import os
from pathlib import Path

import pytest

from reportgen.errors import StudyError
from reportgen.store import Store, content_key, write_atomically


def test_what_is_put_is_got(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put("room", "key", b"payload")
    assert store.get("room", "key") == b"payload"
    assert list(store.entries("room")) == [b"payload"]


def test_what_was_never_put_is_absent(tmp_path: Path) -> None:
    assert Store(tmp_path).get("room", "key") is None
    assert list(Store(tmp_path).entries("room")) == []


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b[:10], lambda b: b"", lambda b: b[:-1] + b"X"])
def test_a_damaged_entry_counts_as_absent(tmp_path: Path, damage: object) -> None:
    store = Store(tmp_path)
    store.put("room", "key", b"payload")
    path = tmp_path / "room" / "key"
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    assert store.get("room", "key") is None
    assert list(store.entries("room")) == []


def test_half_written_files_are_no_entries(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put("room", "key", b"payload")
    (tmp_path / "room" / ".partial-abc").write_bytes(b"half")
    assert list(store.entries("room")) == [b"payload"]


def test_keys_depend_on_content_alone() -> None:
    assert content_key({"b": 1, "a": 2}) == content_key({"a": 2, "b": 1})
    assert content_key([1, 2]) != content_key([2, 1])
    assert content_key("12", "3") != content_key("1", "23")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StudyError, match=r"file/entry: cannot be written .*File exists"):
        write_atomically(tmp_path / "file" / "entry", b"x")


def test_what_is_no_plain_file_is_not_written_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StudyError, match="no plain file"):
        write_atomically(tmp_path / "pipe", b"x")
    assert (tmp_path / "pipe").is_fifo()


def test_a_write_clears_away_what_killed_ones_left_an_hour_ago_and_nothing_else(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put("room", "old", b"payload")
    for name in ("old", ".partial-dead", ".partial-alive", ".hidden"):
        (tmp_path / "room" / name).touch()
        if name != ".partial-alive":
            os.utime(tmp_path / "room" / name, (0, 0))
    store.put("room", "new", b"payload")
    assert {path.name for path in (tmp_path / "room").iterdir()} == {"old", "new", ".partial-alive", ".hidden"}


@pytest.mark.parametrize("stopped", [KeyboardInterrupt, OSError])
def test_a_write_that_is_stopped_leaves_the_entry_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: type[BaseException]
) -> None:
    def stop(_: int) -> None:
        raise stopped

    store = Store(tmp_path)
    store.put("room", "key", b"before")
    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises((KeyboardInterrupt, StudyError)):
        store.put("room", "key", b"after")
    assert store.get("room", "key") == b"before"
    assert len(list((tmp_path / "room").iterdir())) == 1


def test_keys_are_the_same_as_those_of_plain_json() -> None:
    parts = ((1, 2), {"b": None, "a": "é"}, 0.5, Path("x"))
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    assert content_key(*parts) == hashlib.sha256(text.encode()).hexdigest()
