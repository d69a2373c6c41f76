"""The built site on this machine's own address, for looking at it as it will be published.

What is not there is answered as GitHub Pages does: with the site's own page for that, and no list of a folder's files.
"""

import io
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from reportgen.errors import StudyError

_NOT_FOUND = "404.html"


class _Quiet(SimpleHTTPRequestHandler):
    """Serves the files of a folder under a path of the host, "/" or "/repo/", without a line for each."""

    def __init__(self, *request: object, under: str, directory: str) -> None:
        self._under = under
        super().__init__(*request, directory=directory)  # type: ignore[arg-type]

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def send_head(self) -> io.BytesIO | BinaryIO | None:
        """Answer for the site's path alone."""
        path = urlsplit(self.path).path
        if path.startswith(self._under):
            return super().send_head()
        if path + "/" == self._under:
            self._send_on(self._under)
        else:
            self.send_error(HTTPStatus.NOT_FOUND)
        return None

    def translate_path(self, path: str) -> str:
        """The file of an address below the site's path."""
        return super().translate_path("/" + path.removeprefix(self._under))

    def list_directory(self, path: object) -> None:  # noqa: ARG002
        """A folder without a page is not found."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Show the site's own page where there is nothing."""
        page = Path(self.directory) / _NOT_FOUND
        if code != HTTPStatus.NOT_FOUND or not page.is_file():
            super().send_error(code, message, explain)
            return
        self._send(code, page.read_bytes())

    def _send(self, code: int, content: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _send_on(self, where: str) -> None:
        self.send_response(HTTPStatus.MOVED_PERMANENTLY)
        self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()


def site_server(folder: Path, port: int, under: str = "/") -> ThreadingHTTPServer:
    """A server of the built site in `folder`, not yet serving; port 0 takes a free one.

    `under` is the path of the host that the site is shown at, with or without its slashes. Raises StudyError where there
    is no site or the port is taken.
    """
    if not (folder / "index.html").is_file():
        raise StudyError(f"{folder}: no site has been built here yet. Run `reportgen build` first.")
    try:
        return ThreadingHTTPServer(
            ("127.0.0.1", port), partial(_Quiet, under=path_of_host(under), directory=str(folder))
        )
    except OSError as error:
        raise StudyError(f"port {port} cannot be used ({error.strerror}). Name another with --port.") from error


def serve_folder(folder: Path, port: int, say: Callable[[str], None], under: str = "/") -> None:
    """Serve `folder` under a path of this host until interrupted; raises StudyError as `site_server` does."""
    with site_server(folder, port, under) as server:
        say(f"http://127.0.0.1:{server.server_port}{path_of_host(under)} (stop with Ctrl-C)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("")


def path_of_host(under: str) -> str:
    """The path with a slash at both ends: "repo" and "/repo" are "/repo/", and nothing is "/"."""
    inner = under.strip("/")
    return f"/{inner}/" if inner else "/"
