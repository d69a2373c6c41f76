"""Power from a pilot on the real model, and the lock that then knows that results exist."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reportgen.cli import main
from reportgen.locking import read_lock
from tests.place import SMOLLM

CAPITALS = ("France Paris", "Italy Rome", "Japan Tokyo", "Spain Madrid", "Egypt Cairo", "Cuba Havana")


@pytest.fixture
def spec(tmp_path: Path, smollm_weights: Path) -> Path:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "models").symlink_to(smollm_weights.parents[1])
    items = "".join(
        f"    - {{subject: {subject}, relation: r, object: {object_}}}\n"
        for subject, object_ in map(str.split, CAPITALS)
    )
    (tmp_path / "s.yml").write_text(
        f"study: {{id: s, title: T}}\nmodel: {SMOLLM}\nfacts:\n  relations:\n"
        f'    r: {{template: "The capital of {{subject}} is {{object}}"}}\n  items:\n{items}'
        "tests: {headline: holm, corrections: [none, holm], resamples: 99}\n"
    )
    return tmp_path / "s.yml"


def run(spec: Path, command: str, *arguments: str) -> Result:
    done = CliRunner().invoke(main, [command, str(spec), "--cache", str(spec.parent / "cache"), *arguments])
    assert done.exit_code == 0, done.output
    return done


def test_a_pilot_is_captured_once_and_a_lock_after_it_says_that_scores_exist(spec: Path) -> None:
    first = run(spec, "power", "--pairs", "6,24,400")
    assert "capturing 12 statements" in first.stderr
    assert "as variable as in these 6 pairs; Holm over" in first.stdout
    rows = [line.split() for line in first.stdout.splitlines()[-3:]]
    assert [row[0] for row in rows] == ["6", "24", "400"]
    easy, median, hard = (float(cell) for cell in rows[1][1:4])
    assert 0 < easy < median < hard
    assert float(rows[0][2]) > 2 * median > 4 * float(rows[2][2])

    again = run(spec, "power", "--pairs", "6,24,400")
    assert "capturing" not in again.stderr
    assert again.stdout == first.stdout

    locked = run(spec, "lock", "--site", str(spec.parent / "site"))
    assert "Results of this study exist already" in locked.stderr
    assert read_lock(spec.parent / "s.lock.json").after_results
    assert not (spec.parent / "site").exists()
