"""A server on loopback to stand in for GitHub, for Bazel's downloader."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# All that is GitHub's, so that a request for anything but the archives is seen as well.
_REWRITE = "rewrite (([^/]*[.])?github(usercontent)?[.]com/.*) http://127.0.0.1:{port}/$1\n"


class StandIn(ThreadingHTTPServer):
    """Answers with the file of a URL, or 404.

    Attributes:
        requested: the URLs asked for, in this order.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        """Listens on a free port.

        Args:
            files: by URL.
        """
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = files
        self.requested: list[str] = []

    def write_config(self, file: Path) -> None:
        """Writes what Bazel's --experimental_downloader_config needs to ask this server."""
        file.write_text(_REWRITE.format(port=self.server_port), encoding="utf-8")


class _Handler(BaseHTTPRequestHandler):
    server: StandIn

    def do_GET(self) -> None:
        url = f"https:/{self.path}"
        self.server.requested.append(url)
        content = self.server.files.get(url)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
        pass


@contextmanager
def standing_in(files: Mapping[str, bytes]) -> Iterator[StandIn]:
    """A stand-in with these files, by URL, until the context is left."""
    with StandIn(files) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
