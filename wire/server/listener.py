"""Listening sockets: `host:port`, `[host]:port`, `unix:path` and `unix-abstract:name`."""

from __future__ import annotations

import errno
import os
import socket
import stat
from contextlib import suppress
from pathlib import Path

BACKLOG = 1024
# What a machine without IPv6 says of an address, or one whose name has others' addresses, too.
_NOT_HERE = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
_MAX_PORT = 65535
_ALL_OF_IPV4 = "0.0.0.0"  # noqa: S104 - only where it was asked for.
_ALL_OF_IPV6 = "::"


def bind(address: str, *, reuse_port: bool) -> list[socket.socket]:
    """Sockets bound to an address and listening: one for each address of a name.

    Addresses of a name that the machine does not have are left out, unless it has none of them.
    Without IPv6 `[::]` stands for all of IPv4, as with gRPC.

    Raises:
      OSError: the address cannot be bound. `errno` says why.
    """
    if address.startswith("unix-abstract:"):
        return [_bind_unix("\0" + address.removeprefix("unix-abstract:"))]
    if address.startswith("unix:"):
        path = address.removeprefix("unix:").removeprefix("//")
        _remove_dead_socket(path)
        return [_bind_unix(path)]
    host, port = split_address(address)
    return _bind_tcp(host, port, reuse_port=reuse_port)


def split_address(address: str) -> tuple[str, int]:
    """The host and the port of `host:port`.

    Raises:
      OSError: the address has no such form (EINVAL).
    """
    host, _, port = address.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > _MAX_PORT:
        raise OSError(errno.EINVAL, "not host:port", address)
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise OSError(errno.EINVAL, "an IPv6 address stands in brackets", address)
    return host, int(port)


def _bind_tcp(host: str, port: int, *, reuse_port: bool) -> list[socket.socket]:
    # asyncio switches Nagle's algorithm off for sockets that say that they are TCP.
    found = socket.getaddrinfo(
        host or None,
        port,
        type=socket.SOCK_STREAM,
        proto=socket.IPPROTO_TCP,
        flags=socket.AI_PASSIVE,
    )
    sockets: list[socket.socket] = []
    failure: OSError | None = None
    for family, _, protocol, _, resolved in dict.fromkeys(found):
        # All addresses of a name share the port that the kernel chose for the first.
        chosen = sockets[0].getsockname()[1] if sockets else port
        try:
            unbound = socket.socket(family, socket.SOCK_STREAM, protocol)
            endpoint = (resolved[0], chosen, *resolved[2:])
            sockets.append(_listening(unbound, endpoint, reuse_port=reuse_port))
        except OSError as error:
            failure = error
            if error.errno not in _NOT_HERE:
                _close(sockets)
                raise
    if failure is not None and not sockets:
        if host == _ALL_OF_IPV6 and failure.errno == errno.EAFNOSUPPORT:
            return _bind_tcp(_ALL_OF_IPV4, port, reuse_port=reuse_port)
        raise failure
    return sockets


def _close(sockets: list[socket.socket]) -> None:
    for bound in sockets:
        bound.close()


def _listening(
    listening: socket.socket, address: tuple[str | int, ...] | str, *, reuse_port: bool
) -> socket.socket:
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if listening.family == socket.AF_INET6:
            # The unspecified address stands for IPv4 too, as with gRPC.
            listening.setsockopt(
                socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address[0] != _ALL_OF_IPV6)
            )
        listening.bind(address)
        listening.listen(BACKLOG)
        listening.settimeout(0)
    except OSError:
        listening.close()
        raise
    return listening


def _bind_unix(path: str) -> socket.socket:
    unbound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    return _listening(unbound, path, reuse_port=False)


def _remove_dead_socket(path: str) -> None:
    """Remove a socket without a listener: a killed server leaves its own."""
    if not os.path.lexists(path) or not stat.S_ISSOCK(Path(path).lstat().st_mode):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink(missing_ok=True)
        except OSError:
            return


class SocketFile:
    """The file of a Unix socket: a server takes it with it."""

    def __init__(self, path: str) -> None:
        self._path = Path(path).absolute()
        self._inode = self._path.lstat().st_ino

    def remove(self) -> None:
        """Remove the file, unless another one has come into its place."""
        with suppress(OSError):
            if self._path.lstat().st_ino == self._inode:
                self._path.unlink()


def file_of(listening: socket.socket) -> SocketFile | None:
    """The file of a socket, if it has one. Those of the abstract namespace have none."""
    name = listening.getsockname() if listening.family == socket.AF_UNIX else None
    return SocketFile(name) if isinstance(name, str) and name else None


def port_of(listening: socket.socket) -> int:
    """The port of a socket, or 1 for Unix sockets, as with gRPC."""
    return 1 if listening.family == socket.AF_UNIX else int(listening.getsockname()[1])
