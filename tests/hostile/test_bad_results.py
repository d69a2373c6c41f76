"""Results folders that are damaged, foreign, incomplete or half-written: refused by name, and never taken for whole."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from reportgen import provenance
from reportgen.capturing import capture_study
from reportgen.errors import StudyError
from reportgen.locking import lock_of, lock_path, write_lock
from reportgen.models.manifest import FORMAT, MANIFEST, read_manifest
from reportgen.packed.opening import open_results
from reportgen.progress import Silent
from reportgen.report.results import Results
from reportgen.sources import Given, Source
from reportgen.spec.load import load_spec
from reportgen.study import model_of, plan_study, run_study
from tests.place import QUICK, contents

ROOT, KILLS = Path(__file__).parents[2], 40
FACTS = """subject,relation,object
Colosseum,located in,Rome
Eiffel Tower,located in,Paris
Brandenburg Gate,located in,Berlin
Parthenon,located in,Athens
Kremlin,located in,Moscow
Prado Museum,located in,Madrid
Charles Bridge,located in,Prague
Golden Gate Bridge,located in,San Francisco
"""


class Heard(Silent):
    """Remembers what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        """One line."""
        self.said.append(message)


@dataclass(frozen=True)
class Here:
    """A spec with its facts and its lock, the cache that it was captured into, and its results."""

    spec: Path
    cache: Path
    results: Path

    def copy(self, folder: Path) -> Path:
        """The results, to be spoilt."""
        return Path(shutil.copytree(self.results, folder / "s"))


def spec_of(model: Path, title: str = "Before", facts: str = "facts/s.csv") -> str:
    template = '"The {subject} is located in the city of {object}"'
    return (
        f"study: {{id: s, title: {title}}}\nmodel: {{folder: {model}, device: cpu}}\n"
        f"facts: {{file: {facts}, relations: {{located in: {{template: {template}}}}}}}\n{QUICK}"
    )


@pytest.fixture(scope="module")
def here(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Here:
    folder = tmp_path_factory.mktemp("here")
    spec, cache = folder / "specs" / "s.yml", folder / "cache"
    (spec.parent / "facts").mkdir(parents=True)
    (spec.parent / "facts" / "s.csv").write_text(FACTS)
    spec.write_text(spec_of(tiny))
    write_lock(lock_of(plan_study(load_spec(spec), cache, None, Silent())), lock_path(spec))
    return Here(spec, cache, capture_study(Source(spec, cache), folder / "results", Silent()).folder)


def run(results: Path) -> Results:
    """The study, from its results alone."""
    plan = plan_study(open_results(results), results, None, Silent())
    return run_study(plan, model_of(plan, results, Silent()))


def reseal(results: Path, change: Callable[[dict], object] = lambda _: None) -> None:
    """Make the checksums right again, as somebody would who means it, and `change` what else the file says."""
    said = json.loads((results / MANIFEST).read_text())
    digests = {name: hashlib.sha256(held).hexdigest() for name, held in contents(results).items()}
    said["files"] = {
        name: {"sha256": digests[name], "size": len(held)}
        for name, held in contents(results).items()
        if name != MANIFEST
    }
    change(said)
    (results / MANIFEST).write_text(json.dumps(said))


def test_whole_results_give_the_same_study_without_the_model(here: Here, tmp_path: Path) -> None:
    copy = here.copy(tmp_path)
    assert {"inputs/s.yml", "inputs/facts/s.csv", "inputs/s.lock.json", "tokenizer/tokenizer.json"} <= contents(
        copy
    ).keys()
    before = contents(copy)
    plan = plan_study(load_spec(here.spec), here.cache, None, Silent())
    there, now = run_study(plan, model_of(plan, here.cache, Silent())), run(copy)
    assert now.scores.identical(there.scores)
    assert now.captured.runs == there.captured.runs
    assert now.knowledge == there.knowledge
    assert now.plan.lock == there.plan.lock
    assert all(
        (one == other).all() for one, other in zip(now.attention.patterns, there.attention.patterns, strict=True)
    )
    assert (now.plan.source.identity, now.plan.source.origin) == (plan.source.identity, plan.source.origin)
    assert contents(copy) == before, "nothing is ever written into results"


def test_results_hold_what_their_study_needs_whatever_else_the_cache_holds(
    here: Here, tiny: Path, tmp_path: Path
) -> None:
    cache = Path(shutil.copytree(here.cache, tmp_path / "cache"))
    other = tmp_path / "other" / "other.yml"
    (other.parent / "facts").mkdir(parents=True)
    (other.parent / "facts" / "s.csv").write_text(FACTS.replace("Kremlin", "Bolshoi Theatre"))
    other.write_text(spec_of(tiny).replace("id: s,", "id: other,"))
    capture_study(Source(other, cache), tmp_path / "results", Silent())
    again = capture_study(Source(here.spec, cache), tmp_path / "results", Silent())
    assert contents(again.folder) == contents(here.results)


def test_scores_older_than_asked_are_captured_anew_once(here: Here, tmp_path: Path) -> None:
    cache, before = Path(shutil.copytree(here.cache, tmp_path / "cache")), read_manifest(here.results)
    young = capture_study(Source(here.spec, cache), tmp_path / "results", Silent(), timedelta(days=1))
    assert young.manifest == before
    heard = Heard()
    anew = capture_study(Source(here.spec, cache), tmp_path / "results", heard, timedelta(0))
    assert "s: captured anew for the sake of its age" in heard.said
    assert sum("opening the model on" in said for said in heard.said) == 1
    assert anew.manifest.finished > before.finished
    assert (run(anew.folder).scores == run(here.results).scores).all()
    assert capture_study(Source(here.spec, cache), tmp_path / "results", Silent()).manifest == anew.manifest


def flip(path: Path) -> None:
    spoilt = bytearray(path.read_bytes())
    spoilt[len(spoilt) // 2] ^= 1
    path.write_bytes(spoilt)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def test_a_flipped_bit_is_found_in_every_file_and_named(here: Here, tmp_path: Path) -> None:
    copy = here.copy(tmp_path)
    places = sorted(contents(copy).keys() - {MANIFEST})
    assert {place.split("/")[0] for place in places} == {
        *("inputs", "tokenizer", "scores", "knowledge", "controls", "rows", "patterns")
    }
    for place in places:
        flip(copy / place)
        with pytest.raises(StudyError) as refused:
            open_results(copy)
        assert str(copy / place) in str(refused.value)
        assert "capture again" in str(refused.value)
        flip(copy / place)
    open_results(copy)


@pytest.mark.parametrize(
    ("spoil", "word"), [(Path.unlink, "missing"), (cut, "cut short"), (lambda path: path.chmod(0), "changed")]
)
def test_a_file_that_is_missing_or_cut_short_is_named(
    here: Here, tmp_path: Path, spoil: Callable[[Path], None], word: str
) -> None:
    copy = here.copy(tmp_path)
    shard = next((copy / "scores").glob("*/*"))
    spoil(shard)
    if word == "changed" and os.access(shard, os.R_OK):
        shard.unlink()
        shard.symlink_to(
            next((here.results / "scores").glob("*/*"))
        )  # root reads everything; a link is refused as well
    with pytest.raises(StudyError, match=word) as refused:
        open_results(copy)
    assert str(shard) in str(refused.value)


@pytest.mark.parametrize("extra", ["notes.txt", "inputs/.hidden", "scores/other/shard"])
def test_a_file_too_many_is_named(here: Here, tmp_path: Path, extra: str) -> None:
    copy = here.copy(tmp_path)
    (copy / extra).parent.mkdir(exist_ok=True)
    (copy / extra).write_text("x")
    with pytest.raises(StudyError, match="not of these results") as refused:
        open_results(copy)
    assert str(copy / extra) in str(refused.value)


def test_results_json_may_be_missing_cut_short_or_something_else(here: Here, tmp_path: Path) -> None:
    copy = here.copy(tmp_path)
    whole = (copy / MANIFEST).read_bytes()
    for spoilt in (
        *(whole[:end] for end in range(0, len(whole) - 2, 37)),
        b"[]",
        b"null",
        b"\xff\xfe",
        b"{}",
        b'{"format": 1}',
    ):
        (copy / MANIFEST).write_bytes(spoilt)
        with pytest.raises(StudyError) as refused:
            open_results(copy)
        assert str(copy / MANIFEST) in str(refused.value)
    (copy / MANIFEST).unlink()
    with pytest.raises(StudyError, match=r"results\.json: cannot be read \(No such file"):
        Given.results([copy]).sources[0].load()


def test_results_of_another_format_name_both_versions(here: Here, tmp_path: Path) -> None:
    copy = here.copy(tmp_path)
    reseal(copy, lambda said: said.update(format="reportgen-results-7", reportgen="9.9.9", news=1))
    with pytest.raises(StudyError) as refused:
        open_results(copy)
    for part in ("reportgen-results-7", "9.9.9", FORMAT, provenance.own_version()):
        assert part in str(refused.value)


def test_results_of_another_version_are_read_as_far_as_they_go(here: Here, tmp_path: Path) -> None:
    copy = here.copy(tmp_path)
    reseal(copy, lambda said: said.update(reportgen="0.0.9"))
    run(copy)
    for room, lacking in (
        ("patterns", "patterns of attention for"),
        ("rows", "rows of attention for 16 statements"),
        ("controls", "positive control"),
        ("knowledge", "likelihoods for 8 facts"),
        ("scores", "scores of 16 statements"),
    ):
        shutil.rmtree(copy / room)
        reseal(copy)
        with pytest.raises(StudyError, match=f"the results hold no {lacking}") as refused:
            run(copy)
        assert f"captured by reportgen 0.0.9, and this is {provenance.own_version()}" in str(refused.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said.update(spec="../../specs/s.yml"),
        lambda said: said.update(spec="/etc/hostname"),
        lambda said: said["model"].update(shelf="../../../cache"),
        lambda said: said["files"].update({"../outside": {"sha256": "0" * 64, "size": 1}}),
        lambda said: said.update(more=1),
    ],
)
def test_results_that_point_outside_their_folder_are_refused(
    here: Here, tmp_path: Path, change: Callable[[dict], object]
) -> None:
    copy = here.copy(tmp_path)
    reseal(copy, change)
    with pytest.raises(StudyError):
        open_results(copy)


@pytest.mark.parametrize("facts", ["../../secret.csv", "{folder}/secret.csv"])
def test_facts_outside_of_results_are_not_read(here: Here, tiny: Path, tmp_path: Path, facts: str) -> None:
    copy = here.copy(tmp_path)
    (tmp_path / "secret.csv").write_text(FACTS)
    (copy / "inputs" / "s.yml").write_text(spec_of(tiny, facts=facts.format(folder=tmp_path)))
    reseal(copy)
    with pytest.raises(StudyError, match="are not in these results"):
        open_results(copy)


def test_facts_beside_the_specs_folder_come_along_and_absolute_ones_are_refused(
    here: Here, tiny: Path, tmp_path: Path
) -> None:
    (tmp_path / "a" / "specs").mkdir(parents=True)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "s.csv").write_text(FACTS)
    spec = tmp_path / "a" / "specs" / "s.yml"
    spec.write_text(spec_of(tiny, facts="../../data/s.csv"))
    packed = capture_study(Source(spec, here.cache), tmp_path / "results", Silent())
    assert {"inputs/a/specs/s.yml", "inputs/data/s.csv"} <= contents(packed.folder).keys()
    run(packed.folder)
    spec.write_text(spec_of(tiny, facts=str(tmp_path / "data" / "s.csv")))
    before = contents(packed.folder)
    with pytest.raises(StudyError, match="absolute path"):
        capture_study(Source(spec, here.cache), tmp_path / "results", Silent())
    assert contents(packed.folder) == before


def test_a_folder_of_somebody_elses_is_not_replaced(here: Here, tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "thesis.tex").write_text("years of work")
    with pytest.raises(StudyError, match="something else than results"):
        capture_study(Source(here.spec, here.cache), tmp_path, Silent())
    assert (tmp_path / "s" / "thesis.tex").read_text() == "years of work"
    with pytest.raises(StudyError, match="results already"):
        capture_study(next(Source.at(here.results, here.cache)), tmp_path, Silent())


# Packs one of two studies, in forks that are killed at lines of code spread over all that are executed.
PACKING = f"""
import json, os, sys
from pathlib import Path
from reportgen.capturing import _run
from reportgen.packed.opening import open_results
from reportgen.packed.packing import pack
from reportgen.progress import Silent
from reportgen.spec.load import load_spec
from tests.killing import Lines

cache, target = Path(sys.argv[1]), Path(sys.argv[2])
ways = [_run(load_spec(Path(spec)), cache, Silent()) for spec in sys.argv[3:]]
places = tuple(str(Path("{ROOT}") / "reportgen" / name) for name in ("packed", "store.py", "site/swap.py"))

def packs(way, last, tell=lambda count: None):
    fork = os.fork()
    if fork == 0:
        lines = Lines(places, last)
        sys.settrace(lines.enter)
        pack(*ways[way], target)
        sys.settrace(None)
        tell(lines.count)
        os._exit(0)
    return os.waitpid(fork, 0)[1] != 0

def whole(way):
    assert not packs(way, float("inf"), lambda count: out.write_text(str(count)))
    return int(out.read_text())

out, killed, seen = target.with_name("lines"), 0, []
whole(0)
totals = whole(1), whole(0)
half = {KILLS} // 2  # the folders change places near the end, so half of the kills strike there
for kill in range({KILLS}):
    for left in target.parent.glob(".capture-*"):
        left.rename(target.parent.parent / left.name)  # what lies there is looked at, in lines that would count
    seen.append(open_results(target).spec.study.title)
    total = totals[0] if seen[-1] == "Before" else totals[1]
    killed += packs(1 if seen[-1] == "Before" else 0, 1 + kill * total // half if kill < half else total + half - kill - 1)
seen.append(open_results(target).spec.study.title)
for left in [*target.parent.parent.glob(".capture-*"), *target.parent.glob(".capture-*")]:
    os.utime(left.rename(target.parent / left.name), (0, 0))
lefts = len(list(target.parent.glob(".capture-*")))
pack(*ways[1], target)
print(json.dumps([killed, seen, lefts, [path.name for path in target.parent.iterdir()]]))
"""


def test_a_capture_that_is_killed_leaves_the_results_of_before_or_its_own_whole(
    here: Here, tiny: Path, tmp_path: Path
) -> None:
    after = tmp_path / "s.yml"
    shutil.copytree(here.spec.parent / "facts", tmp_path / "facts")
    after.write_text(spec_of(tiny, title="After"))
    (tmp_path / "results").mkdir()
    ran = subprocess.run(
        [sys.executable, "-c", PACKING, here.cache, tmp_path / "results" / "s", here.spec, after],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert ran.returncode == 0, ran.stderr
    killed, seen, half_written, left = json.loads(ran.stdout)
    assert killed == KILLS
    assert set(seen) == {"Before", "After"}
    assert half_written > 0
    assert sorted(left) == ["lines", "s"], "what the killed ones left is cleared away"
