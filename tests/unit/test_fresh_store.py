"""A store for capturing anew: empty but for models, emptied into the cache at its end, cleared away when it was killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reportgen.errors import StudyError
from reportgen.store import Store, fresh_store

HOLDS = """
import sys
from pathlib import Path
from reportgen.store import Store, fresh_store
with fresh_store(Path(sys.argv[1])) as fresh:
    Store(fresh).put("scores", "key", b"of another process")
    print(fresh.name, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    (tmp_path / "models" / "m").mkdir(parents=True)
    Store(tmp_path).put("scores", "key", b"before")
    return tmp_path


def stores(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.glob(".fresh-*"))


def another(cache: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(cache)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_it_holds_models_alone_and_what_is_put_into_it_takes_the_place_of_what_was_kept(cache: Path) -> None:
    with fresh_store(cache) as fresh:
        assert (fresh / "models" / "m").is_dir()
        assert Store(fresh).get("scores", "key") is None
        Store(fresh).put("scores", "key", b"after")
        Store(fresh).put("scores/shelf", "other", b"new")
        (fresh / "models" / "converted").mkdir()
        assert Store(cache).get("scores", "key") == b"before"
    assert Store(cache).get("scores", "key") == b"after"
    assert Store(cache).get("scores/shelf", "other") == b"new"
    assert (cache / "models" / "converted").is_dir()
    assert sorted(path.name for path in cache.iterdir()) == ["digests", "models", "scores"]


@pytest.mark.parametrize("stopped", [KeyboardInterrupt, StudyError])
def test_what_was_computed_before_the_block_was_stopped_is_kept(cache: Path, stopped: type[BaseException]) -> None:
    def stop(fresh: Path) -> None:
        Store(fresh).put("scores", "key", b"after")
        raise stopped

    with pytest.raises(stopped), fresh_store(cache) as fresh:
        stop(fresh)
    assert Store(cache).get("scores", "key") == b"after"
    assert stores(cache) == []


def test_that_of_a_killed_process_goes_with_the_next_and_its_models_stay(cache: Path) -> None:
    with another(cache) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        process.send_signal(signal.SIGKILL)
    assert stores(cache) == [name]
    with fresh_store(cache) as fresh:
        assert stores(cache) == [fresh.name]
    assert (cache / "models" / "m").is_dir()
    assert Store(cache).get("scores", "key") == b"before"


def test_that_of_a_living_process_stays_and_both_end_well(cache: Path) -> None:
    with another(cache) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        with fresh_store(cache) as fresh:
            assert stores(cache) == sorted([name, fresh.name])
        process.communicate("\n")
    assert process.returncode == 0
    assert Store(cache).get("scores", "key") == b"of another process"
    assert stores(cache) == []


def test_one_that_nobody_holds_yet_is_left_for_an_hour(cache: Path) -> None:
    for name in (".fresh-1", ".fresh-2"):
        (cache / name).mkdir()
    os.utime(cache / ".fresh-1", (0, 0))
    with fresh_store(cache):
        pass
    assert stores(cache) == [".fresh-2"]


def test_a_cache_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StudyError, match="file: cannot be written"), fresh_store(tmp_path / "file"):
        pass
