"""The HTTP endpoint for Prometheus to read a process's metrics."""

import io
import re
import socket
import ssl
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler

from rpc.core.address import explain, join_host_port, split_host_port
from rpc.core.errors import StartupError, UsageError
from rpc.telemetry.log_pace import LogPace
from rpc.telemetry.log_setup import get_logger
from rpc.telemetry.metrics_server import MetricsServer, metrics_application
from rpc.tls.file_reloader import FileReloader
from rpc.tls.files import ServerTls
from rpc.tls.names import any_matches, name_pattern, names_in
from rpc.tls.validation import ValidatedFiles

from prometheus_client import CollectorRegistry

IDLE_SECONDS = 10.0
"""After so long without a request a connection is closed."""


class MetricsEndpointError(StartupError):
    """The endpoint cannot listen where it should; the message says why."""


@contextmanager
def metrics_endpoint(
    registry: CollectorRegistry,
    address: str,
    tls: ServerTls | None,
    allowed_callers: Sequence[str] = (),
) -> Iterator[str]:
    """Serves `/metrics` on a thread of its own while the context is open.

    Args:
        registry: what is served.
        address: where to listen; port 0 lets the kernel choose.
        tls: the server's own certificate and client authorities; None for plain HTTP.
        allowed_callers: names in the certificates of admitted readers, as `rpc.tls.names` reads
            them. Empty for everybody.

    Yields:
        The address it listens on.

    Raises:
        MetricsEndpointError: the address is taken or not this machine's.
        TlsError: a certificate or key cannot be used.
        UsageError: a name is malformed, or callers are not asked for certificates.
    """
    patterns = _patterns(tls, allowed_callers)
    context = None if tls is None else _following_context(tls)
    faults = _Faults()
    handler = _handler(faults)
    server = _listen(address, _admitting(handler, patterns) if patterns else handler, faults)
    server.handle_error = faults.log_error  # type: ignore[assignment, method-assign]
    server.set_app(metrics_application(registry))
    if context is not None:
        # The one thread that accepts does no handshakes: a connection that says nothing would keep
        # all others out, and the server from stopping.
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield join_host_port(split_host_port(address)[0], server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _listen(address: str, handler: type[Any], faults: "_Faults") -> MetricsServer:
    host, port = split_host_port(address)
    try:
        family, _, _, _, found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return MetricsServer(found, family, handler, faults.log_reason)
    except (OSError, UnicodeError) as error:
        raise MetricsEndpointError(
            f"cannot serve metrics on {address}: {explain(error)}."
            " Choose another with --metrics-address"
        ) from error


def _handler(faults: "_Faults") -> type[Any]:
    class Handler(WSGIRequestHandler):
        # A connection that asks for nothing has a thread of the process.
        timeout = IDLE_SECONDS

        def get_stderr(self) -> Any:
            return _Tracebacks(faults)

        def log_message(self, *_: Any) -> None:
            """Leaves no line of each request."""

    return Handler


class _Faults:
    """Logs what socketserver and wsgiref would print to stderr, between the lines of the log."""

    def __init__(self) -> None:
        self._pace = LogPace()

    def log_error(self, _request: object, client_address: object) -> None:
        """Takes the place of socketserver's `handle_error`."""
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            self.log_reason(client_address, explain(error))
        else:
            self.log_traceback(traceback.format_exc())

    def log_reason(self, client_address: object, reason: str) -> None:
        """Logs why a scraper got no metrics."""
        self._log(peer=_peer(client_address), reason=reason)

    def log_traceback(self, text: str) -> None:
        """Logs a fault of a collector, or of the endpoint."""
        self._log(exception=text)

    def _log(self, **fields: str) -> None:
        if count := self._pace.count():
            get_logger().warning("metrics not sent", **fields, times=count)


class _Tracebacks(io.StringIO):
    """What wsgiref writes a traceback to, and flushes then."""

    def __init__(self, faults: _Faults) -> None:
        super().__init__()
        self._faults = faults

    def flush(self) -> None:
        if text := self.getvalue():
            self._faults.log_traceback(text)
            self.seek(0)
            self.truncate()


def _peer(client_address: object) -> str:
    if isinstance(client_address, tuple):
        return join_host_port(str(client_address[0]), int(client_address[1]))
    return str(client_address)


def _patterns(tls: ServerTls | None, names: Sequence[str]) -> list[re.Pattern[str]]:
    if names and (tls is None or tls.client_ca is None):
        raise UsageError(
            "--metrics-allow-caller needs --tls-client-ca: names stand in certificates"
        )
    return [_pattern(name) for name in names]


def _pattern(name: str) -> re.Pattern[str]:
    pattern = name_pattern(name)
    if pattern is None:
        raise UsageError(
            f"--metrics-allow-caller {name!r} is no DNS name or URI; * stands for one whole label,"
            " or one whole segment of a path"
        )
    return pattern


def _admitting(handler: type[Any], patterns: Sequence[re.Pattern[str]]) -> type[Any]:
    """A handler that serves only callers of these names."""
    pace = LogPace()

    def parse_request(self: Any) -> bool:
        if not handler.parse_request(self):
            return False
        names = names_in(self.connection.getpeercert() or {})
        if any_matches(patterns, names):
            return True
        if times := pace.count():
            peer = join_host_port(*self.client_address[:2])
            caller = " ".join(names)
            get_logger().warning("metrics refused", peer=peer, caller=caller, times=times)
        self.send_error(HTTPStatus.FORBIDDEN, "the caller may not read the metrics")
        return False

    return type(handler.__name__, (handler,), {"parse_request": parse_request})


def _following_context(tls: ServerTls) -> ssl.SSLContext:
    """A context for handshakes that each use what the files hold by then.

    Raises:
        TlsError: a file cannot be used.
    """
    validated = ValidatedFiles.of_server(tls)
    reloader = FileReloader(
        tls.files, lambda: _context(validated, tls), "certificate of the metrics"
    )

    # OpenSSL asks for the certificate of the name that a caller wants, or of none, each time.
    def before_handshake(connection: ssl.SSLObject, _: str | None, __: ssl.SSLContext) -> None:
        reloader.reload_if_changed()
        connection.context = reloader.current

    context = reloader.current
    context.sni_callback = before_handshake
    return context


def _context(validated: ValidatedFiles, tls: ServerTls) -> ssl.SSLContext:
    validated.read()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _harden(context, tls)
    context.load_cert_chain(tls.certificate, tls.key, password="")
    if tls.client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(tls.client_ca)
    if tls.crl is not None:
        context.load_verify_locations(tls.crl)
    return context


def _harden(context: ssl.SSLContext, tls: ServerTls) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # With forward secrecy: https://www.rfc-editor.org/rfc/rfc9325#section-4.1.
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    # A session that is resumed shows no certificate, though that may be revoked by now.
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET
    if tls.crl is not None:
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
