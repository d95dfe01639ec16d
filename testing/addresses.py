"""Addresses that servers keep: known before they start, the same when they come back."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

REUSE_PORT = "--reuse-port"
"""The option with which a server may listen on a reserved address."""


@contextmanager
def reserved_address() -> Iterator[str]:
    """An address of loopback that no other process gets while the context is open.

    The socket that holds it does not listen: without a server a connection is refused.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{holder.getsockname()[1]}"
