"""GitHub's side of a workflow, played on this machine, so that what a workflow runs is run as it stands.

1. Jobs run in the order of the file, each in a new, empty workspace, when its `if` and what it needs allow.
2. A `run` step is given to bash as GitHub does it, with the files of GITHUB_OUTPUT and GITHUB_STEP_SUMMARY.
3. An action of the repository itself is run step by step. Of GitHub's own actions only what they do with files is done:
   a clone, a cache, an artifact, a deployment into a folder.
4. The step with the id `install` is left out: what it installs is the program under test.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Outputs = dict[str, str]
_NAME = re.compile(r"'[^']*'|[A-Za-z_][\w-]*(?:\.[\w-]+)*(\s*\()?|&&|\|\||!(?!=)")
_WORDS = {"&&": " and ", "||": " or ", "!": " not ", "true": "True", "false": "False"}


def read_yaml(path: Path) -> Any:
    """A workflow or an action; `on` stays a word."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


@dataclass
class Repository:
    """What GitHub keeps between runs: the repository itself, caches, and the site that is published."""

    folder: Path
    repository: str = "someone/heads"

    @property
    def origin(self) -> Path:
        """The bare repository."""
        return self.folder / "origin.git"

    @property
    def published(self) -> Path:
        """What visitors see."""
        return self.folder / "published"

    @property
    def caches(self) -> Path:
        """One folder a cache, named by its key."""
        return self.folder / "caches"

    def git(self, *arguments: str) -> str:
        """Ask git about the bare repository."""
        return output_of("git", "--git-dir", str(self.origin), *arguments)


@dataclass
class Job:
    """A job while it runs, and what became of it: success, failure or skipped."""

    workspace: Path
    result: str = "success"
    outputs: Outputs = field(default_factory=dict)


@dataclass
class Run:
    """One run of a workflow, with `inputs` as somebody typed them."""

    github: Repository
    folder: Path
    event: str = "push"
    inputs: Mapping[str, str] = field(default_factory=dict)
    tools: Path = field(default_factory=lambda: Path(sys.executable).parent)
    jobs: dict[str, Job] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    summary: str = ""

    def play(self, workflow: Path) -> "Run":
        """Run every job of the workflow."""
        for name, job in read_yaml(workflow)["jobs"].items():
            needs = job.get("needs", [])
            before = {one: self.jobs[one] for one in ([needs] if isinstance(needs, str) else needs)}
            self.jobs[name] = self._job(name, job, before)
        return self

    @property
    def red(self) -> bool:
        """Whether GitHub shows the run as failed."""
        return any(job.result == "failure" for job in self.jobs.values())

    def _job(self, name: str, job: Any, before: Mapping[str, Job]) -> Job:
        needs = {one: {"result": done.result, "outputs": done.outputs} for one, done in before.items()}
        context = {"needs": needs, "inputs": dict(self.inputs), "github": self._github()}
        running = Job(self.folder / name)
        running.workspace.mkdir(parents=True)
        if not _holds(job.get("if", ""), context, all(done.result == "success" for done in before.values())):
            running.result = "skipped"
            return running
        steps = _Steps(self, running, context, running.workspace)
        steps.play(job["steps"])
        running.result = "success" if steps.fine else "failure"
        running.outputs = {key: _filled(text, steps.context) for key, text in job.get("outputs", {}).items()}
        return running

    def _github(self) -> dict[str, str]:
        return {"event_name": self.event, "run_id": self.folder.name, "run_attempt": "1"}


@dataclass
class _Steps:
    """The steps of a job or of a composite action, whose `path` says where its files are."""

    run: Run
    job: Job
    context: dict[str, Any]
    path: Path
    fine: bool = True

    def play(self, steps: list[Any]) -> None:
        """Run them in order; after a failure only those that ask to be run all the same."""
        done: dict[str, Any] = {}
        self.context["steps"] = done
        for number, step in enumerate(steps):
            outputs: Outputs = {}
            if step.get("id") != "install" and _holds(step.get("if", ""), self.context, self.fine):
                name = step.get("name", str(number))
                works, outputs = self._bash(step) if "run" in step else self._uses(step)
                self.fine = self.fine and works
                self.run.log.append(f"{name}: {'done' if works else 'failed'}")
            done[step.get("id", f"step {number}")] = {"outputs": outputs}

    def _bash(self, step: Any) -> tuple[bool, Outputs]:
        home, files = self.run.github.folder / "home", self.run.folder / "files"
        files.mkdir(exist_ok=True)
        output, summary = files / "output", files / "summary"
        output.write_text("")
        summary.write_text("")
        environment = {
            **{name: value for name, value in os.environ.items() if name not in ("REPORTGEN_CACHE", "XDG_CACHE_HOME")},
            "HOME": str(home),
            "PATH": f"{home / 'bin'}:{self.run.tools}:{os.environ['PATH']}",
            "GITHUB_ACTION_PATH": str(self.path),
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(output),
            "GITHUB_REPOSITORY": self.run.github.repository,
            "GITHUB_STEP_SUMMARY": str(summary),
            "RUNNER_TEMP": str(files),
            **{name: _filled(text, self.context) for name, text in step.get("env", {}).items()},
        }
        ran = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.job.workspace,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=280,
        )
        self.run.log.append(ran.stdout + ran.stderr)
        self.run.summary += summary.read_text()
        return ran.returncode == 0, dict(line.split("=", 1) for line in output.read_text().splitlines())

    def _uses(self, step: Any) -> tuple[bool, Outputs]:
        given = {name: _filled(text, self.context) for name, text in step.get("with", {}).items()}
        if step["uses"].startswith("./"):
            return self._composite(self.job.workspace / step["uses"], given)
        return True, _GITHUBS[step["uses"].split("@")[0]](self, given)

    def _composite(self, path: Path, given: Outputs) -> tuple[bool, Outputs]:
        action = read_yaml(path / "action.yml")
        defaults = {name: about.get("default", "") for name, about in action["inputs"].items()}
        assert given.keys() <= defaults.keys()
        inside = _Steps(self.run, self.job, {"inputs": defaults | given, "github": self.context["github"]}, path)
        inside.play(action["runs"]["steps"])
        told = {name: _filled(about["value"], inside.context) for name, about in action.get("outputs", {}).items()}
        return inside.fine, told


def _checkout(steps: _Steps, given: Outputs) -> Outputs:
    depth = [] if given.get("fetch-depth") == "0" else ["--depth", "1"]
    output_of("git", "clone", "--quiet", *depth, steps.run.github.origin.as_uri(), str(steps.job.workspace))
    return {}


def _nothing(_steps: _Steps, _given: Outputs) -> Outputs:
    return {}


def _configure_pages(steps: _Steps, _given: Outputs) -> Outputs:
    owner, name = steps.run.github.repository.split("/")
    return {"base_url": f"https://{owner}.github.io/{name}"}


def _restore_cache(steps: _Steps, given: Outputs) -> Outputs:
    caches = sorted(steps.run.github.caches.glob("*"), key=lambda cache: cache.stat().st_mtime_ns, reverse=True)
    key, prefixes = given["key"], (given["key"], *given.get("restore-keys", "").split())
    found = next((cache for prefix in prefixes for cache in caches if cache.name.startswith(prefix)), None)
    if found:
        for number, (path, _) in enumerate(_cached(steps, given["path"])):
            if (found / str(number)).is_dir():
                _lay(found / str(number), path)
    return {"cache-primary-key": key, "cache-hit": str(found is not None and found.name == key).lower()}


def _lay(source: Path, target: Path) -> None:
    """Copy a folder over another, and nothing through a link: what is behind one belongs to somebody else."""
    if source.is_symlink() or target.is_symlink():
        return
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        for entry in source.iterdir():
            _lay(entry, target / entry.name)
    else:
        shutil.copy2(source, target)


def _save_cache(steps: _Steps, given: Outputs) -> Outputs:
    kept = steps.run.github.caches / given["key"]
    kept.mkdir(exist_ok=True)
    for number, (path, without) in enumerate(_cached(steps, given["path"])):
        if path.is_dir() and not path.is_symlink():
            left_out = shutil.ignore_patterns(*without)
            shutil.copytree(path, kept / str(number), ignore=left_out, dirs_exist_ok=True, symlinks=True)
    return {}


def _cached(steps: _Steps, paths: str) -> Iterator[tuple[Path, list[str]]]:
    """Each path that a cache names, and the names in it that are left out."""
    for line in (line for line in paths.split() if not line.startswith("!")):
        without = [out[1:].removeprefix(line + "/") for out in paths.split() if out.startswith(f"!{line}/")]
        yield steps.job.workspace / line.replace("~", str(steps.run.github.folder / "home")), without


def _upload(steps: _Steps, given: Outputs) -> Outputs:
    source = steps.job.workspace / given["path"]
    if source.is_dir():
        hidden = (
            shutil.ignore_patterns() if given.get("include-hidden-files") == "true" else shutil.ignore_patterns(".*")
        )
        shutil.copytree(source, steps.run.folder / "artifacts" / given.get("name", "github-pages"), ignore=hidden)
    return {}


def _download(steps: _Steps, given: Outputs) -> Outputs:
    artifact = steps.run.folder / "artifacts" / given.get("name", given.get("pattern", ""))
    if artifact.is_dir() or "name" in given:
        shutil.copytree(artifact, steps.job.workspace / given["path"], dirs_exist_ok=True)
    return {}


def _deploy(steps: _Steps, _given: Outputs) -> Outputs:
    published = steps.run.github.published
    shutil.rmtree(published, ignore_errors=True)
    shutil.copytree(steps.run.folder / "artifacts" / "github-pages", published)
    return {"page_url": _configure_pages(steps, {})["base_url"]}


_GITHUBS: dict[str, Callable[[_Steps, Outputs], Outputs]] = {
    "actions/cache/restore": _restore_cache,
    "actions/cache/save": _save_cache,
    "actions/checkout": _checkout,
    "actions/configure-pages": _configure_pages,
    "actions/deploy-pages": _deploy,
    "actions/download-artifact": _download,
    "actions/setup-python": _nothing,
    "actions/upload-artifact": _upload,
    "actions/upload-pages-artifact": _upload,
}


def _holds(condition: str, context: Mapping[str, Any], fine: bool) -> bool:
    """Whether a step or a job runs, after what came before it went fine or did not."""
    bare = condition.removeprefix("${{").removesuffix("}}").strip()
    asks = re.search(r"\b(always|cancelled|failure|success)\(", bare)
    return (fine or bool(asks)) and (not bare or bool(_value(bare, context, fine)))


def _filled(text: str, context: Mapping[str, Any]) -> str:
    """A text with its `${{ }}` replaced."""
    return re.sub(r"\$\{\{(.*?)\}\}", lambda found: _said(_value(found[1], context, fine=True)), text)


def _said(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(expression: str, context: Mapping[str, Any], fine: bool) -> object:
    """The value of an expression, of which only what our workflows use is understood."""

    def python(found: re.Match[str]) -> str:
        word = found[0]
        if word.startswith("'") or found[1]:
            return word
        return _WORDS.get(word, f"look({word!r})")

    def look(name: str) -> object:
        place: Any = context
        for part in name.split("."):
            place = place.get(part, "") if isinstance(place, Mapping) else ""
        return place

    functions = {
        "look": look,
        "always": lambda: True,
        "cancelled": lambda: False,
        "success": lambda: fine,
        "hashFiles": lambda *patterns: hashlib.sha256(repr(patterns).encode()).hexdigest(),
    }
    return eval(_NAME.sub(python, expression.strip()), {"__builtins__": {}}, functions)


def output_of(*command: str, at: Path | None = None) -> str:
    """What a command prints; its failure fails the test with what it said."""
    ran = subprocess.run(command, cwd=at, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{' '.join(command)}\n{ran.stdout}{ran.stderr}"
    return ran.stdout.strip()
