"""Publishing that is killed at any moment leaves the remote with the old site or the new one, and the clone as it was."""

import random
import time
from pathlib import Path

from tests.publishing import Clone, begun, go, is_sound, kill, plain_git, published_files, publishing

__all__ = ["plain_git"]
KILLS, PIECES = 24, 150


def seconds_of_one(clone: Clone) -> float:
    """How long an undisturbed publishing takes after its process is ready."""
    with publishing(clone) as process:
        began = time.monotonic()
        go(process)
        assert process.communicate(timeout=60)[0] == "True\n"
        return time.monotonic() - began


def test_the_remote_is_whole_whenever_publishing_is_killed(tmp_path: Path) -> None:
    clone, remote = begun(tmp_path)
    clone.build("first", PIECES)
    before = clone.untouched()
    clone.publish()
    clone.build("second", PIECES)
    lasting = seconds_of_one(clone)
    draw, made, seen, killed = random.Random(7), [clone.files()], [0], 0
    while killed < KILLS:
        clone.build(f"site {len(made)}", PIECES)
        made.append(clone.files())
        with publishing(clone, draw.choice(["kept", "kept", "squashed"])) as process:
            go(process)
            time.sleep(draw.uniform(0, 1.1) * lasting)
            kill(process.pid)
            killed += process.wait() == -9
        seen.append(made.index(published_files(remote)))  # raises where the branch holds no whole site
        assert seen[-1] >= seen[-2]
        assert is_sound(remote)
    assert 1 < len(set(seen)) < len(made), "some were killed before the remote changed, and some after"
    assert clone.untouched() == before
    assert is_sound(clone.folder)
    clone.publish()
    assert published_files(remote) == made[-1]
    assert is_sound(remote)
