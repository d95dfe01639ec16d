"""The HTTP server of the metrics: a thread for each connection, up to a number of them."""

import errno
import re
import socket
import socketserver
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any
from wsgiref.simple_server import WSGIServer

import prometheus_client
from prometheus_client import CollectorRegistry

MOST_CONNECTIONS = 100
"""Connections open at once: each has a thread of the process. For a further one the oldest goes."""

_PAUSE_SECONDS = 0.1
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

# A parameter of a media range, https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1.
_WEIGHT = re.compile(r";\s*q=([01](?:\.[0-9]{0,3})?)\s*(?:;|$)", re.IGNORECASE)
_VERSION = re.compile(r";\s*version=([^;]*)")
_NUMBERS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})*")

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class MetricsServer(socketserver.ThreadingMixIn, WSGIServer):
    """Accepts connections on a thread, and serves each on one of its own."""

    daemon_threads = True
    # The standard library's 5 would let a burst of connections wait for a second, and longer.
    request_queue_size = MOST_CONNECTIONS

    def __init__(
        self, address: Any, family: int, handler: type[Any], report: Callable[[Any, str], None]
    ) -> None:
        """Listens.

        Args:
            address: as `socket.getaddrinfo` gives it.
            family: of this address.
            handler: of the requests.
            report: is given the address of a closed connection, and the reason.

        Raises:
            OSError: it cannot listen there.
        """
        self.address_family = family
        self._report = report
        # Their addresses, the oldest first.
        self._open: dict[Any, Any] = {}
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """Binds. `HTTPServer` would also ask for this machine's name, and wait for the resolver."""
        socketserver.TCPServer.server_bind(self)
        host, port = self.server_address[:2]
        self.server_name, self.server_port = str(host), int(port)
        self.setup_environ()

    def get_request(self) -> Any:
        """Accepts a connection. Without a free descriptor it waits, and does not spin."""
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in _EXHAUSTED:
                time.sleep(_PAUSE_SECONDS)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        """Starts a thread for a connection."""
        self._make_room()
        self._open[request] = client_address
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._open.pop(request, None)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serves a connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._open.pop(request, None)

    def _make_room(self) -> None:
        """Ends the oldest connection where there are too many. It had more time than a scrape."""
        if len(oldest_first := list(self._open.items())) < MOST_CONNECTIONS:
            return
        oldest, address = oldest_first[0]
        self._open.pop(oldest, None)
        with suppress(OSError):
            # Not as a TLS socket: its thread is in the middle of something.
            socket.socket.shutdown(oldest, socket.SHUT_RDWR)
        self._report(address, f"more than {MOST_CONNECTIONS} connections are open")


def metrics_application(registry: CollectorRegistry) -> Application:
    """A WSGI application that serves a registry in the form that the scraper prefers."""
    serve: Any = prometheus_client.make_wsgi_app(registry)

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        for name in ("HTTP_ACCEPT", "HTTP_ACCEPT_ENCODING"):
            environ[name] = preferred(environ.get(name, ""))
        if environ["REQUEST_METHOD"] != "HEAD":
            body: Iterable[bytes] = serve(environ, start_response)
            return body
        started: list[Any] = []
        (text,) = serve({**environ, "REQUEST_METHOD": "GET"}, lambda *start: started.extend(start))
        status, headers = started
        start_response(status, [*headers, ("Content-Length", str(len(text)))])
        return []

    return application


def preferred(offers: str) -> str:
    """A list of what a scraper takes, as prometheus_client reads it: the first counts.

    What is not wanted (`q=0`) is left out. So is a version that is no number, which would make the
    scrape fail.
    """
    readable = [offer for offer in offers.replace('"', "").split(",") if _is_readable(offer)]
    wanted = [offer for offer in readable if _weight(offer) > 0]
    return ",".join(sorted(wanted, key=_weight, reverse=True))


def _is_readable(offer: str) -> bool:
    version = _VERSION.search(offer)
    return version is None or _NUMBERS.fullmatch(version[1].strip()) is not None


def _weight(offer: str) -> float:
    weight = _WEIGHT.search(offer)
    return 1.0 if weight is None else float(weight[1])
