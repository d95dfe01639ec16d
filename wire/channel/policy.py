"""A load balancing policy: where a channel connects, and where its calls go.

Source: https://github.com/grpc/grpc/blob/master/doc/load-balancing.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from wire.channel.connectivity import READY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import grpc

    from wire.channel.connection import ClientConnection
    from wire.channel.subchannel import Subchannel
    from wire.channel.target import Address


class Dispatching(Protocol):
    """Sends calls to a policy's ready connections."""

    def publish(
        self, state: grpc.ChannelConnectivity, ready: list[ClientConnection], error: str
    ) -> None:
        """From now on calls go, round-robin, to these connections."""

    def resolve(self) -> None:
        """Addresses may have changed: a connection has failed."""

    def room_made(self) -> None:
        """A stream has ended."""


class Policy(Protocol):
    """What a dispatcher asks of a policy."""

    def update(self, addresses: Sequence[Address]) -> None:
        """Takes the current addresses."""

    def connect(self) -> None:
        """Begins to connect."""

    def close(self) -> None:
        """Closes all connections."""


def ready_connections(subchannels: Iterable[Subchannel]) -> list[ClientConnection]:
    """The connections of ready subchannels."""
    return [
        subchannel.connection
        for subchannel in subchannels
        if subchannel.state is READY and subchannel.connection is not None
    ]


def frozen_connections(subchannels: Iterable[Subchannel]) -> list[ClientConnection]:
    """The connections of subchannels with silent servers."""
    return [
        subchannel.connection
        for subchannel in subchannels
        if subchannel.is_frozen and subchannel.connection is not None
    ]
