"""A site is published to a real repository by real git: twice, from two clones at once, with and without its history."""

import subprocess
import threading
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urljoin

import pytest

from reportgen.errors import StudyError
from reportgen.progress import Silent
from reportgen.site.git import GitError
from reportgen.site.links import check_links
from reportgen.site.publish import publish
from reportgen.site.readiness import BuiltSite
from reportgen.site.referring import page_of
from reportgen.site.serve import site_server
from tests.publishing import (
    KEY,
    Clone,
    begun,
    cloned,
    git,
    go,
    is_sound,
    plain_git,
    published_file,
    published_files,
    publishing,
)

__all__ = ["plain_git"]
BOTH = 2


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return begun(tmp_path)[0]


@pytest.fixture
def remote(clone: Clone) -> Path:
    return clone.folder.parent / "remote.git"


def commits(remote: Path) -> int:
    return int(git(remote, "rev-list", "--count", "gh-pages"))


def test_a_site_is_published_byte_for_byte_and_nothing_of_the_users_is_touched(clone: Clone, remote: Path) -> None:
    git(clone.folder, "config", "core.autocrlf", "true")
    (clone.folder / ".git" / "info" / "attributes").write_text("*.json ident\n")
    (clone.folder / "README.md").write_text("half-written")
    git(clone.folder, "add", "README.md")
    before = clone.untouched()
    published = clone.publish()
    assert published.pushed
    assert published.commit == git(remote, "rev-parse", "gh-pages")
    assert published_files(remote) == clone.files()
    assert published.changed == len(clone.files())
    assert clone.untouched() == before
    assert is_sound(clone.folder)


def test_the_same_site_is_not_pushed_again(clone: Clone, remote: Path) -> None:
    first = clone.publish()
    reflog = git(remote, "for-each-ref")
    again = clone.publish()
    assert (again.pushed, again.changed, again.commit) == (False, 0, first.commit)
    assert "nothing was pushed" in str(again)
    assert git(remote, "for-each-ref") == reflog


def test_a_changed_site_is_put_on_top_and_says_how_many_files_changed(clone: Clone, remote: Path) -> None:
    first = clone.publish(message="A message\n\nof my own")
    (clone.out / "studies" / "capitals" / "piece-0.json").unlink()
    (clone.out / "studies" / "capitals" / "new.json").write_text("{}")
    second = clone.publish()
    assert second.changed == BOTH
    assert git(remote, "rev-parse", "gh-pages^") == first.commit
    assert git(remote, "log", "-1", "--format=%B", "gh-pages^") == "A message\n\nof my own"
    assert git(remote, "log", "-1", "--format=%s", "gh-pages").startswith("Publish the site (")


def test_a_squashed_site_stands_alone_and_is_squashed_even_where_it_is_the_same(clone: Clone, remote: Path) -> None:
    clone.publish()
    clone.build("second")
    clone.publish()
    squashed = clone.publish(history="squashed")
    assert squashed.pushed
    assert commits(remote) == 1
    assert published_files(remote) == clone.files()
    assert not clone.publish(history="squashed").pushed
    clone.build("third")
    assert clone.publish(history="squashed").pushed
    assert commits(remote) == 1


def test_the_domain_is_kept_from_the_branch_unless_the_sources_or_the_site_name_one(clone: Clone, remote: Path) -> None:
    other = cloned(remote, clone.folder.parent / "other")
    git(other.folder, "switch", "--quiet", "--orphan", "gh-pages")
    (other.folder / "CNAME").write_text("heads.example.org\n")
    git(other.folder, "add", "CNAME")
    git(other.folder, "commit", "--quiet", "-m", "A domain")
    git(other.folder, "push", "--quiet", "origin", "gh-pages")
    clone.publish()
    assert published_file(remote, "CNAME") == b"heads.example.org\n"
    assert not clone.publish().pushed
    (clone.folder / "site" / "CNAME").write_text("sources.example.org")
    clone.publish()
    assert published_file(remote, "CNAME") == b"sources.example.org"
    (clone.out / "CNAME").write_text("site.example.org")
    clone.publish()
    assert published_file(remote, "CNAME") == b"site.example.org"
    assert commits(remote) == 4


def test_who_publishes_is_git_s_own_user_or_nobody_in_particular(
    clone: Clone, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    clone.publish()
    assert git(remote, "log", "-1", "--format=%an %ae %cn %ce %at %ct", "gh-pages") == (
        "reportgen reportgen@localhost reportgen reportgen@localhost 1700000000 1700000000"
    )
    git(clone.folder, "config", "user.name", "Ada")
    git(clone.folder, "config", "user.email", "ada@example.org")
    clone.build("second")
    clone.publish()
    assert git(remote, "log", "-1", "--format=%an %ae %cn", "gh-pages") == "Ada ada@example.org Ada"


def test_the_same_site_and_moment_give_the_same_commit(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    bare = [clone.folder.parent / f"{name}.git" for name in "ab"]
    for remote in bare:
        subprocess.run(["git", "init", "--quiet", "--bare", remote], check=True)
    one, other = (clone.publish(str(remote)).commit for remote in bare)
    assert one == other


def test_a_clone_without_history_publishes_and_stays_without(clone: Clone, remote: Path) -> None:
    first = clone.publish()
    shallow = cloned(remote, clone.folder.parent / "shallow", "--depth=1")
    shallow.build("from a shallow clone")
    head = git(shallow.folder, "rev-parse", "HEAD")
    assert shallow.publish().pushed
    assert git(remote, "rev-parse", "gh-pages^") == first.commit
    assert commits(remote) == BOTH
    assert git(shallow.folder, "rev-list", "--count", head) == "1"
    shallow.build("again")
    assert shallow.publish().pushed
    assert is_sound(remote)
    assert is_sound(shallow.folder)


def test_a_whole_clone_does_not_become_a_shallow_one(clone: Clone, remote: Path) -> None:
    clone.publish()
    other = cloned(remote, clone.folder.parent / "other", "--single-branch")
    other.build("from elsewhere")
    other.publish()
    assert git(other.folder, "rev-parse", "--is-shallow-repository") == "false"
    assert commits(remote) == BOTH


def test_a_detached_head_and_another_working_tree_publish_as_well(clone: Clone, remote: Path) -> None:
    git(clone.folder, "checkout", "--quiet", "--detach")
    head = git(clone.folder, "rev-parse", "HEAD")
    assert clone.publish().pushed
    assert (clone.folder / ".git" / "HEAD").read_text().strip() == head
    beside = Clone(clone.folder.parent / "beside")
    git(clone.folder, "worktree", "add", "--quiet", str(beside.folder), "HEAD")
    beside.build("beside")
    assert beside.publish().pushed
    assert commits(remote) == BOTH


def test_two_clones_that_publish_at_once_both_arrive_and_the_branch_is_always_whole(clone: Clone, remote: Path) -> None:
    other = cloned(remote, clone.folder.parent / "other")
    clone.publish()
    rounds = 4
    for number in range(rounds):
        clone.build(f"one {number}")
        other.build(f"other {number}")
        with publishing(clone) as one, publishing(other) as two:
            for process in (one, two):
                go(process)
            said = [process.communicate(timeout=60) for process in (one, two)]
            assert [out for out, _ in said] == ["True\n", "True\n"], said
    assert commits(remote) == 1 + 2 * rounds
    trees = {git(remote, "log", "-1", "--format=%T", commit) for commit in git(remote, "rev-list", "gh-pages").split()}
    assert len(trees) == 1 + 2 * rounds
    assert is_sound(remote)


def test_one_that_is_overtaken_between_reading_and_pushing_goes_on_top(clone: Clone, remote: Path) -> None:
    other = cloned(remote, clone.folder.parent / "other")
    other.build("other")
    clone.publish()
    clone.build("mine")
    hook = clone.folder / ".git" / "hooks" / "pre-push"
    hook.write_text(
        f"#!/bin/sh\n[ -e '{other.folder}/done' ] && exit 0\ntouch '{other.folder}/done'\ncd '{other.folder}' && unset GIT_DIR\n"
        "git fetch -q origin gh-pages && c=$(git commit-tree -p FETCH_HEAD -m theirs FETCH_HEAD^{tree})"
        " && git push -q origin $c:refs/heads/gh-pages\n"
    )
    hook.chmod(0o755)
    git(other.folder, "config", "user.name", "T")
    git(other.folder, "config", "user.email", "t@u")
    heard: list[str] = []

    class Heard(Silent):
        def say(self, message: str) -> None:
            heard.append(message)

    assert clone.publish(progress=Heard()).pushed
    assert git(remote, "log", "-1", "--format=%s", "gh-pages^") == "theirs"
    assert any("at the same time" in line for line in heard)


def test_one_that_is_overtaken_every_time_says_so_and_leaves_the_others_site(clone: Clone, remote: Path) -> None:
    clone.publish()
    clone.build("mine")
    hook = clone.folder / ".git" / "hooks" / "pre-push"
    hook.write_text(
        f"#!/bin/sh\nunset GIT_DIR; cd '{remote}' && c=$(git -c user.name=T -c user.email=t@u commit-tree -p gh-pages -m "
        "theirs gh-pages^{tree}) && git update-ref refs/heads/gh-pages $c\n"
    )
    hook.chmod(0o755)
    with pytest.raises(StudyError, match=r"somebody else was faster 5 times"):
        clone.publish()
    assert git(remote, "log", "-1", "--format=%s", "gh-pages") == "theirs"


FAULTS: dict[str, tuple[Callable[[Clone], object], str]] = {
    "a study that fails": (lambda c: c.fail_study("since 2026-11-20: no model"), "fails since 2026-11-20: no model"),
    "a card that is none": (lambda c: (c.out / "studies/capitals/card.json").write_text("{"), "cannot be read"),
    "no first page": (lambda c: (c.out / "index.html").unlink(), "no first page"),
    "a broken link": (
        lambda c: (c.out / "index.html").write_text('<a href="gone.html">x</a>'),
        "1 link leads nowhere\n    index.html: `gone.html` leads to a file that is not there",
    ),
    "another version": (
        lambda c: (c.out / "site.json").unlink(),
        "another version of reportgen, or with other settings",
    ),
    "a changed spec": (lambda c: (c.folder / "specs/capitals.yml").write_text("x: 1"), "`specs/capitals.yml`"),
    "a new spec": (lambda c: (c.folder / "specs/new.yml").write_text("x: 1"), "`specs/new.yml`"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_failing_or_dirty_site_is_refused_unless_told(fault: str, clone: Clone, remote: Path) -> None:
    spoil, words = FAULTS[fault]
    clone.publish()
    before = git(remote, "rev-parse", "gh-pages")
    clone.build("second")
    spoil(clone)
    with pytest.raises(StudyError, match="is not published, because") as refused:
        clone.publish()
    assert words in str(refused.value)
    assert "--anyway" in str(refused.value)
    assert git(remote, "rev-parse", "gh-pages") == before
    if fault != "another version":  # without the manifest there is nothing to know the branch by next time
        assert clone.publish(anyway=True).pushed


def test_a_branch_with_something_else_is_not_written_over(clone: Clone, remote: Path) -> None:
    git(clone.folder, "push", "--quiet", "origin", "HEAD:refs/heads/docs")
    with pytest.raises(
        StudyError, match=r"docs of origin holds what reportgen did not put there \(\.gitignore, README"
    ):
        clone.publish(branch="docs")
    assert clone.publish(branch="docs", anyway=True).pushed
    with pytest.raises(StudyError, match="`main` holds the sources"):
        clone.publish(branch="main", anyway=True)
    assert published_file(remote, "README.md", "main") == b"Words 1\n"


def test_what_cannot_be_is_said_plainly(clone: Clone, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"has no remote `orgin`; it has origin. Did you mean `origin`\?"):
        clone.publish("orgin")
    with pytest.raises(StudyError, match="has no remote `--upload-pack=touch x`"):
        clone.publish("--upload-pack=touch x")
    with pytest.raises(StudyError, match="is no name for a branch"):
        clone.publish(branch="a..b")
    git(clone.folder, "remote", "remove", "origin")
    with pytest.raises(StudyError, match=r"has no remote `origin`, nor any other\. Add one: git remote add origin"):
        clone.publish()
    outside = Clone(tmp_path / "outside")
    outside.build("outside")
    with pytest.raises(StudyError, match="lies in no git repository"):
        outside.publish()
    with pytest.raises(StudyError, match="no site has been built here yet"):
        publish(BuiltSite(tmp_path / "nothing", KEY), progress=Silent())


def test_git_s_refusals_are_told_in_its_words_with_a_remedy_and_without_passwords(clone: Clone, remote: Path) -> None:
    hook = remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'The branch is closed.' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(GitError, match=r"(?s)The branch is closed.*pre-receive hook declined.*The remote forbids this"):
        clone.publish()
    with pytest.raises(GitError) as unreachable:
        clone.publish("http://ada:secret@127.0.0.1:9/x.git")
    assert "secret" not in str(unreachable.value)
    assert "See whether this machine reaches the remote" in str(unreachable.value)
    with pytest.raises(GitError, match=r"(?s)does not.*See `git remote -v`"):
        clone.publish(f"file://{clone.folder.parent}/nowhere.git")


def test_a_hook_s_own_variables_do_not_lead_git_astray(
    clone: Clone, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    assert clone.publish().pushed
    monkeypatch.undo()
    assert commits(remote) == 1


def test_a_link_among_the_files_is_not_published(clone: Clone) -> None:
    (clone.out / "passwords").symlink_to("/etc/passwd")
    with pytest.raises(StudyError, match="a link"):
        clone.publish(anyway=True)


def fetched(port: int, address: str) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", address)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_a_site_is_served_under_a_path_as_it_will_be_published(clone: Clone) -> None:
    (clone.out / "404.html").write_text("<p>Not here</p>")
    assert not check_links(clone.out)
    with site_server(clone.out, 0, "repo") as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_port
        for page in sorted(clone.out.rglob("*.html")):
            address = f"/repo/{page.relative_to(clone.out).as_posix()}"
            assert fetched(port, address) == (200, page.read_bytes())
            for link in page_of(page.read_text()).links:
                assert fetched(port, urljoin(address, link))[0] == 200
        assert fetched(port, "/repo/")[1] == (clone.out / "index.html").read_bytes()
        assert fetched(port, "/repo")[0] == 301
        for nowhere in (
            "/",
            "/index.html",
            "/repository/index.html",
            "/repo/studies/",
            "/repo/gone",
            "/repo/../remote.git",
        ):
            assert fetched(port, nowhere) == (404, b"<p>Not here</p>"), nowhere
        server.shutdown()
