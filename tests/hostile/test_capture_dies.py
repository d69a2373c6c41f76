"""Captures that are killed or stopped at the worst moments, or run beside each other, leave nothing that a later one
takes for complete, lose one shard at most, and all come to the same scores."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from reportgen.capture import plan
from reportgen.capture.request import ask
from reportgen.capture.run import Captured, capture
from reportgen.progress import Progress
from tests import small

ROOT, KILLS = Path(__file__).parents[2], 45

# Waits for a line on its input, so that several can start at one moment.
ANOTHER = f"""
import sys
from pathlib import Path
import numpy as np
from reportgen.capture import plan
from reportgen.capture.request import ask
from reportgen.capture.run import capture
from tests import small

plan.SHARD_STATEMENTS = {small.SHARD}
folder, cache, out = map(Path, sys.argv[1:])
requests, model = ask(small.statements(folder), "sum"), small.proven(folder, cache)
with model.reading([request.statement for request in requests], "sum"):
    print("ready", flush=True)
    sys.stdin.readline()
captured = capture(requests, model)
np.save(out, captured.values)
print(captured.fresh)
"""


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "SHARD_STATEMENTS", small.SHARD)


def captured(tiny: Path, cache: Path, progress: Progress | None = None) -> Captured:
    return capture(ask(small.statements(tiny), "sum"), small.proven(tiny, cache, progress))


@pytest.fixture(scope="module")
def whole(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """The scores of a capture that nothing disturbed."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(plan, "SHARD_STATEMENTS", small.SHARD)
        return captured(tiny, tmp_path_factory.mktemp("whole")).values


def another(tiny: Path, *caches: Path) -> list[np.ndarray]:
    """The scores of captures in processes of their own, one in each cache, that begin together."""
    outs = [cache.parent / f"{cache.name}-{number}.npy" for number, cache in enumerate(caches)]
    started = [
        subprocess.Popen(
            [sys.executable, "-c", ANOTHER, tiny, cache, out],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        for cache, out in zip(caches, outs, strict=True)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        process.communicate(timeout=120)
        assert process.returncode == 0
    return [np.load(out) for out in outs]


def test_captures_killed_at_random_moments_are_taken_up_where_they_stopped(tiny: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.killing", str(tiny), str(tmp_path), str(KILLS)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert sum(seen["killed"].values()) == KILLS
    assert min(seen["killed"].values()) >= 5
    assert seen["ended"] >= 1
    assert seen["equal"]
    assert seen["lost"] <= 1
    assert seen["broken"] == 0
    assert seen["left_over_later"] == 0


def test_a_shard_with_a_flipped_bit_is_captured_again(tiny: Path, whole: np.ndarray, tmp_path: Path) -> None:
    captured(tiny, tmp_path)
    shard = sorted(small.shards(tmp_path))[2]
    damaged = bytearray(shard.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    shard.write_bytes(damaged)
    again = captured(tiny, tmp_path)
    assert again.fresh == small.SHARD
    np.testing.assert_array_equal(again.values, whole)
    assert captured(tiny, tmp_path).fresh == 0


def test_two_captures_that_begin_together_give_the_same_scores(tiny: Path, whole: np.ndarray, tmp_path: Path) -> None:
    for values in another(tiny, tmp_path, tmp_path):
        np.testing.assert_array_equal(values, whole)
    assert len(small.shards(tmp_path)) == small.STATEMENTS // small.SHARD
    assert not small.leftovers(tmp_path)
    later = captured(tiny, tmp_path)
    assert later.fresh == 0
    np.testing.assert_array_equal(later.values, whole)


class Overtaken(small.Heard):
    """Has another process capture everything when the second shard is being read."""

    def __init__(self, tiny: Path, cache: Path) -> None:
        super().__init__()
        self._tiny, self._cache, self._is_overtaken = tiny, cache, False

    @contextmanager
    def counting(self, label: str, total: int, unit: str) -> Iterator:
        with super().counting(label, total, unit) as count:

            def advance(n: int) -> None:
                count(n)
                if self.counted > small.SHARD and not self._is_overtaken:
                    self._is_overtaken = True
                    another(self._tiny, self._cache)

            yield advance


def test_what_another_process_has_kept_meanwhile_is_not_captured_again(
    tiny: Path, whole: np.ndarray, tmp_path: Path
) -> None:
    progress = Overtaken(tiny, tmp_path)
    overtaken = captured(tiny, tmp_path, progress)
    assert overtaken.fresh == 2 * small.SHARD
    assert progress.counted == small.STATEMENTS
    np.testing.assert_array_equal(overtaken.values, whole)


class Interrupted(small.Heard):
    """Is stopped by the user when so many statements have been read."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self._after = after

    def count(self, n: int) -> None:
        """Raise what Ctrl-C raises."""
        super().count(n)
        if self.counted > self._after:
            raise KeyboardInterrupt


def test_ctrl_c_leaves_whole_shards_and_says_how_far_it_came(tiny: Path, whole: np.ndarray, tmp_path: Path) -> None:
    shards = 0
    for kept, after in ((16, 17), (24, 9), (24, 0)):
        progress = Interrupted(after)
        with pytest.raises(KeyboardInterrupt):
            captured(tiny, tmp_path, progress)
        shards = len(small.shards(tmp_path))
        assert shards * small.SHARD == kept
        assert not small.leftovers(tmp_path)
        assert progress.said[-1] == f"{kept} of {small.STATEMENTS} statements are kept"
    last = captured(tiny, tmp_path)
    assert last.fresh == small.STATEMENTS - shards * small.SHARD
    np.testing.assert_array_equal(last.values, whole)


def test_a_capture_of_what_is_in_the_store_imports_no_torch(tiny: Path, tmp_path: Path) -> None:
    [first] = another(tiny, tmp_path)
    quick = (
        "import sys\nfrom pathlib import Path\nimport numpy as np\n"
        "from reportgen.capture.request import ask\nfrom reportgen.capture.run import capture\n"
        "from tests.small import proven, statements\n"
        "folder, cache, out = map(Path, sys.argv[1:])\n"
        "captured = capture(ask(statements(folder), 'sum'), proven(folder, cache))\n"
        "np.save(out, captured.values)\n"
        "print(captured.fresh, sorted({'torch', 'transformers', 'transformer_lens'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", quick, tiny, tmp_path, tmp_path / "again.npy"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout.strip() == "0 []", done.stderr
    np.testing.assert_array_equal(np.load(tmp_path / "again.npy"), first)
