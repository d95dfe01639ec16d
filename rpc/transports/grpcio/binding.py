"""Takes a server's address, or explains why it cannot be had."""

import errno
import os
import socket
from pathlib import Path
from typing import Any

from rpc.core.address import explain, join_host_port, split_host_port
from rpc.transports.transport import BindError

import grpc

_UNIX = "unix:"


def bind(
    server: grpc.aio.Server,
    address: str,
    credentials: grpc.ServerCredentials | None,
    *,
    reuse_port: bool = False,
) -> str:
    """Binds a server to an address.

    Args:
        server: the server.
        address: as `rpc.core.address.parse_listen` returns it.
        credentials: None for plaintext.
        reuse_port: the server shares the port with others.

    Returns:
        The address, with the port chosen by the kernel in place of 0.

    Raises:
        BindError: the address is taken or not this machine's.
    """
    _refuse_taken_socket(address)
    _refuse_taken_part(address, reuse_port=reuse_port)
    try:
        if credentials is None:
            port = server.add_insecure_port(address)
        else:
            port = server.add_secure_port(address, credentials)
    except RuntimeError as error:
        raise _failure(address, _reason(address)) from error
    if address.startswith(_UNIX):
        return address
    return join_host_port(split_host_port(address)[0], port)


def _failure(address: str, reason: str) -> BindError:
    return BindError(f"cannot listen on {address}: {reason}. Choose another with --listen")


def _refuse_taken_socket(address: str) -> None:
    """Leaves a Unix socket to the process serving on it. gRPC would take it away in silence."""
    if not address.startswith(_UNIX):
        return
    path = Path(address.removeprefix(_UNIX))
    if path.exists() and not path.is_socket():
        raise _failure(address, os.strerror(errno.EADDRINUSE))
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except OSError:
            return
    raise _failure(address, "another process serves on this socket")


def _refuse_taken_part(address: str, *, reuse_port: bool) -> None:
    """Refuses a name of several addresses if one is taken. gRPC would serve on the others only.

    Also what gRPC would refuse itself, with a line of its own on stderr.
    """
    addresses = _addresses(address)
    for family, where in addresses:
        try:
            _try_to_bind(family, where, reuse_port=reuse_port)
        except OSError as error:
            # gRPC leaves out those of several addresses that this machine does not have.
            if error.errno == errno.EADDRINUSE or len(addresses) == 1:
                raise _failure(address, explain(error)) from error


def _try_to_bind(family: int, where: Any, *, reuse_port: bool) -> None:
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(reuse_port))
        probe.bind(where)


def _addresses(address: str) -> list[tuple[int, Any]]:
    if address.startswith(_UNIX):
        return []
    host, port = split_host_port(address)
    # To gRPC that name has both, whatever the machine says.
    names = ["127.0.0.1", "::1"] if host == "localhost" else [host]
    try:
        found = [socket.getaddrinfo(name, port, type=socket.SOCK_STREAM) for name in names]
    except (OSError, UnicodeError) as error:
        raise _failure(address, explain(error)) from error
    return [(family, where) for each in found for family, *_, where in each]


def _reason(address: str) -> str:
    """Why an address cannot be listened on. gRPC does not report it, so the kernel is asked."""
    unix = address.startswith(_UNIX)
    where = address.removeprefix(_UNIX) if unix else split_host_port(address)
    family = socket.AF_UNIX if unix else socket.AF_INET6 if ":" in where[0] else socket.AF_INET
    try:
        with socket.socket(family) as server:
            server.bind(where)
    except (OSError, UnicodeError) as error:
        return explain(error)
    return "gRPC cannot bind it"
