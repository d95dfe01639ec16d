"""The HTTP endpoint at which Prometheus reads a process's metrics."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from rpc.core.address import explain, join_host_port, split_host_port
from rpc.core.errors import StartupError
from rpc.tls.files import ServerTls
from rpc.tls.followed import Followed
from rpc.tls.pem import read_authorities, read_pair
from rpc.tls.trial import TriedFiles

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
    # A connection that asks for nothing has a thread of the process.
    server.RequestHandlerClass = _with_timeout(cast("type[Any]", server.RequestHandlerClass))
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


def _with_timeout(handler: type[Any]) -> type[Any]:
    return type(handler.__name__, (handler,), {"timeout": IDLE_SECONDS})


def _follow_files(context: ssl.SSLContext, tls: ServerTls) -> None:
    """Makes each handshake use what the files hold by then."""
    tried = TriedFiles.of_server(tls)
    followed = Followed(tls.files, lambda: _context(tried, tls), "certificate of the metrics")

    # OpenSSL asks for the certificate of the name that a caller wants, or of none, each time.
    def before_handshake(connection: ssl.SSLObject, _: str | None, __: ssl.SSLContext) -> None:
        followed.look()
        connection.context = followed.newest

    context.sni_callback = before_handshake


def _context(tried: TriedFiles, tls: ServerTls) -> ssl.SSLContext:
    tried.read()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.certificate, tls.key, password="")
    if tls.client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(tls.client_ca)
    if tls.crl is not None:
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        context.load_verify_locations(tls.crl)
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
