"""A hub to play with: a server on this machine that answers as the Hugging Face hub does, for a few made-up repositories."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

COMMIT, OLDER = "a" * 40, "b" * 40

_REFUSED = {"gated": (403, "GatedRepo"), "private": (401, "RepoNotFound"), "missing": (404, "RepoNotFound")}


@dataclass
class Hub:
    """What it holds: the files of `owner/there`, by commit, and which commit `main` is. `owner/gated`, `owner/private` and
    `owner/missing` answer as they are called. `asked` are the paths of all requests so far; `down` has it answer nothing."""

    files: dict[str, dict[str, bytes]]
    main: str = COMMIT
    down: bool = False
    asked: list[str] = field(default_factory=list)
    address: str = ""


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """Within the context, the hub answers at its address."""

    class Handler(_Handler):
        shown = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    hub.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def files_in(folder: Path) -> dict[str, bytes]:
    """The files of a folder, as a repository has them."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class _Handler(BaseHTTPRequestHandler):
    shown: Hub

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        self.shown.asked.append(path)
        parts = path.removeprefix("/api/models").strip("/").split("/")
        name = parts[1] if len(parts) > 1 else ""
        if self.shown.down:
            self._send(503, b"", {}, body)
        elif name != "there":
            status, code = _REFUSED.get(name, _REFUSED["missing"])
            self._send(status, b'{"error": "refused"}', {"X-Error-Code": code}, body)
        elif path.startswith("/api/models/"):
            self._of_the_interface(parts[2:], body=body)
        else:
            self._a_file(parts[3], "/".join(parts[4:]), body=body)

    def _of_the_interface(self, parts: list[str], *, body: bool) -> None:
        commit = self._commit(parts[1] if len(parts) > 1 else "main")
        if commit is None:
            self._send(404, b'{"error": "no such revision"}', {"X-Error-Code": "RevisionNotFound"}, body)
        elif parts[:1] == ["tree"]:
            listed = [
                {"type": "file", "path": path, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
                for path, data in self.shown.files[commit].items()
            ]
            self._send(200, json.dumps(listed).encode(), {}, body)
        else:
            siblings = [{"rfilename": path} for path in self.shown.files[commit]]
            said = {"id": "owner/there", "modelId": "owner/there", "sha": commit, "siblings": siblings, "tags": []}
            self._send(200, json.dumps(said).encode(), {}, body)

    def _a_file(self, revision: str, path: str, *, body: bool) -> None:
        commit = self._commit(revision)
        data = self.shown.files.get(commit or "", {}).get(path)
        if data is None:
            self._send(404, b"", {"X-Error-Code": "EntryNotFound"}, body)
            return
        tag = hashlib.sha1(data).hexdigest()
        self._send(200, data, {"ETag": f'"{tag}"', "X-Repo-Commit": str(commit)}, body)

    def _commit(self, revision: str) -> str | None:
        commit = self.shown.main if revision == "main" else revision
        return commit if commit in self.shown.files else None

    def _send(self, status: int, data: bytes, headers: dict[str, str], body: bool) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(data)), "Content-Type": "application/json"} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(data)
