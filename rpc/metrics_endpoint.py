"""The HTTP endpoint at which Prometheus reads a process's metrics."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rpc.address import join_host_port, split_host_port
from rpc.tls import ServerTls

import prometheus_client
from prometheus_client import CollectorRegistry


class MetricsEndpointError(Exception):
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
    """
    host, port = split_host_port(address)
    try:
        server, thread = prometheus_client.start_http_server(
            port,
            addr=host,
            registry=registry,
            **_tls_arguments(tls),
        )
    except OSError as error:
        raise MetricsEndpointError(
            f"cannot serve metrics on {address}: {error.strerror}"
        ) from error
    if isinstance(server.socket, ssl.SSLSocket):
        # Else the one thread that accepts does the handshakes too, and who connects and says
        # nothing keeps everyone else out, and the server from stopping.
        server.socket.do_handshake_on_connect = False  # type: ignore[attr-defined]
    try:
        yield join_host_port(host, server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _tls_arguments(tls: ServerTls | None) -> dict[str, Any]:
    if tls is None:
        return {}
    pair = {"certfile": str(tls.certificate), "keyfile": str(tls.key)}
    if tls.client_ca is None:
        return pair
    return {**pair, "client_cafile": str(tls.client_ca), "client_auth_required": True}
