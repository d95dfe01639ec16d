"""gRPC over HTTP/2 on asyncio: a server and a channel with grpc.aio's interfaces.

`docs/wire.md` describes its design and its limits. The names below are loaded when they are
first used: a pure server does not pay for the channel.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # A type checker would take `wire.server` and `wire.channel` for the packages.
    from wire.channel import Channel, ChannelOptions, channel
    from wire.errors import TransportError
    from wire.http2.limits import Limits, Rate
    from wire.server import Server, server
    from wire.server.observer import CallObserver, ConnectionObserver
    from wire.tls import ChannelCredentials, ServerCredentials

_MODULES = {
    "CallObserver": "wire.server.observer",
    "Channel": "wire.channel",
    "ChannelCredentials": "wire.tls",
    "ChannelOptions": "wire.channel",
    "ConnectionObserver": "wire.server.observer",
    "Limits": "wire.http2.limits",
    "Rate": "wire.http2.limits",
    "Server": "wire.server",
    "ServerCredentials": "wire.tls",
    "TransportError": "wire.errors",
    "channel": "wire.channel",
    "server": "wire.server",
}

__all__ = [
    "CallObserver",
    "Channel",
    "ChannelCredentials",
    "ChannelOptions",
    "ConnectionObserver",
    "Limits",
    "Rate",
    "Server",
    "ServerCredentials",
    "TransportError",
    "channel",
    "server",
]


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(module), name)


class _Package(ModuleType):
    def __setattr__(self, name: str, value: object) -> None:
        # `wire.server` and `wire.channel` are functions, as in grpc.aio. When their packages of
        # the same names are imported, Python would put the packages in their places.
        if isinstance(value, ModuleType) and name in ("server", "channel"):
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
