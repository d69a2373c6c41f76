"""The built site on this machine's own address, for looking at it."""

from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from reportgen.errors import StudyError


class _Quiet(SimpleHTTPRequestHandler):
    """Serves files without a line for each."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def serve_folder(folder: Path, port: int, say: Callable[[str], None]) -> None:
    """Serve `folder` until interrupted; raises StudyError where there is no site or the port is taken."""
    if not (folder / "index.html").is_file():
        raise StudyError(f"{folder}: no site has been built here yet. Run `reportgen build` first.")
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), partial(_Quiet, directory=str(folder)))
    except OSError as error:
        raise StudyError(f"port {port} cannot be used ({error.strerror}). Name another with --port.") from error
    with server:
        say(f"http://127.0.0.1:{server.server_port}/ (stop with Ctrl-C)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("")
