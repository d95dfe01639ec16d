"""The HTTP endpoint at which Prometheus reads a process's metrics."""

import contextlib
import io
import ssl
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from rpc.core.address import explain, join_host_port, split_host_port
from rpc.core.errors import StartupError
from rpc.telemetry.log_pace import LogPace
from rpc.telemetry.log_setup import get_logger
from rpc.tls.changing_files import ChangingFiles
from rpc.tls.files import ServerTls, read_authorities, read_pair

import prometheus_client
from prometheus_client import CollectorRegistry

IDLE_SECONDS = 10.0
"""After so long without a request a connection is closed."""


class MetricsEndpointError(StartupError):
    """The endpoint cannot listen where it should; the message says why."""


@contextmanager
def metrics_endpoint(
    registry: CollectorRegistry, address: str, tls: ServerTls | None
) -> Iterator[str]:
    """Serves `/metrics` on a thread of its own while the context is open.

    Args:
        registry: what is served.
        address: where to listen; port 0 lets the kernel choose.
        tls: the server's own certificate and client authorities; None for plain HTTP.

    Yields:
        The address that it listens on.

    Raises:
        MetricsEndpointError: the address is taken or not this machine's.
        TlsError: a certificate or key cannot be used.
    """
    host, port = split_host_port(address)
    try:
        server, thread = prometheus_client.start_http_server(
            port,
            addr=host,
            registry=registry,
            **_tls_arguments(tls),
        )
    except (OSError, UnicodeError) as error:
        raise MetricsEndpointError(
            f"cannot serve metrics on {address}: {explain(error)}"
        ) from error
    faults = _Faults()
    server.handle_error = faults.log_error  # type: ignore[assignment, method-assign]
    server.RequestHandlerClass = _handler(cast("type[Any]", server.RequestHandlerClass), faults)
    if tls is not None and isinstance(server.socket, ssl.SSLSocket):
        # Else the one thread that accepts does the handshakes too, and who connects and says
        # nothing keeps everyone else out, and the server from stopping.
        server.socket.do_handshake_on_connect = False  # type: ignore[attr-defined]
        _follow_files(server.socket.context, tls)
    try:
        yield join_host_port(host, server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(handler: type[Any], faults: "_Faults") -> type[Any]:
    # A connection that asks for nothing has a thread of the process.
    changed = {"timeout": IDLE_SECONDS, "get_stderr": lambda _: _Tracebacks(faults)}
    return type(handler.__name__, (handler,), changed)


class _Faults:
    """Logs what socketserver and wsgiref would print to stderr, between the lines of the log."""

    def __init__(self) -> None:
        self._pace = LogPace()

    def log_error(self, _request: object, client_address: object) -> None:
        """Takes the place of socketserver's `handle_error`."""
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            self._log(peer=_peer(client_address), reason=explain(error))
        else:
            self.log_traceback(traceback.format_exc())

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


def _follow_files(context: ssl.SSLContext, tls: ServerTls) -> None:
    """Makes each handshake use what the files hold by then."""
    files = ChangingFiles([tls.certificate, tls.key, tls.client_ca])
    newest = context

    # OpenSSL asks for the certificate of the name that a caller wants, or of none, each time.
    def before_handshake(connection: ssl.SSLObject, _: str | None, __: ssl.SSLContext) -> None:
        nonlocal newest
        if files.changed():
            # What cannot be used is in the log already: gRPC's handshakes read the same files.
            with contextlib.suppress(OSError, ValueError):
                newest = _context(tls)
        connection.context = newest

    context.sni_callback = before_handshake


def _context(tls: ServerTls) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=tls.client_ca)
    context.load_cert_chain(tls.certificate, tls.key, password="")
    return context


def _tls_arguments(tls: ServerTls | None) -> dict[str, Any]:
    if tls is None:
        return {}
    # The standard library's errors do not name the file.
    read_pair(tls.certificate, tls.key)
    pair = {"certfile": str(tls.certificate), "keyfile": str(tls.key)}
    if tls.client_ca is None:
        return pair
    read_authorities(tls.client_ca)
    return {**pair, "client_cafile": str(tls.client_ca), "client_auth_required": True}
