"""Taking the address that a server listens on, or saying why it cannot be had."""

import socket

from rpc.address import join_host_port, split_host_port
from rpc.settings import ServerSettings
from rpc.tls import server_credentials

import grpc

_UNIX = "unix:"


class BindError(Exception):
    """The server cannot listen where it should; the message says why and what to do."""


def bind(server: grpc.aio.Server, settings: ServerSettings) -> str:
    """Binds a server to its address.

    Returns:
        The address, with the port that the kernel chose in place of 0.

    Raises:
        BindError: the address is taken or not this machine's.
        TlsError: a certificate or key cannot be used.
    """
    _refuse_taken_socket(settings.listen)
    try:
        port = _add_port(server, settings)
    except RuntimeError as error:
        raise _failure(settings.listen, _reason(settings.listen)) from error
    if settings.listen.startswith(_UNIX):
        return settings.listen
    return join_host_port(split_host_port(settings.listen)[0], port)


def _add_port(server: grpc.aio.Server, settings: ServerSettings) -> int:
    if settings.tls is None:
        return server.add_insecure_port(settings.listen)
    return server.add_secure_port(settings.listen, server_credentials(settings.tls))


def _failure(address: str, reason: str) -> BindError:
    return BindError(f"cannot listen on {address}: {reason}; choose another with --listen")


def _refuse_taken_socket(address: str) -> None:
    """Leaves a Unix socket to the process that serves on it; gRPC would take it away in silence."""
    if not address.startswith(_UNIX):
        return
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(address.removeprefix(_UNIX))
        except OSError:
            return
    raise _failure(address, "another process serves on this socket")


def _reason(address: str) -> str:
    """Why an address cannot be listened on: gRPC does not say, so the kernel is asked again."""
    unix = address.startswith(_UNIX)
    where = address.removeprefix(_UNIX) if unix else split_host_port(address)
    family = socket.AF_UNIX if unix else socket.AF_INET6 if ":" in where[0] else socket.AF_INET
    try:
        with socket.socket(family) as server:
            server.bind(where)
    except (OSError, UnicodeError) as error:
        return getattr(error, "strerror", None) or str(error)
    return "gRPC cannot bind it"
