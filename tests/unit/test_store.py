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
