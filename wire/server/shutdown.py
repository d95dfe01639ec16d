"""Stops the connections of a server, without the loss of a call."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING

import grpc

from wire.http2.error_codes import NO_ERROR
from wire.server.connection_drain import ACK_TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from wire.server.call import Call
    from wire.server.connection import ServerConnection
    from wire.server.connections import Connections

# How often the connections are checked while they drain.
_STEP = 0.05
# What the end of the sockets may take when everything is sent.
_CLOSING_TIME = 0.2
# A caller that takes nothing of its responses for so long does not hold the exit.
_PATIENCE = 1.0
# How long the status of calls that are cut off may take, before their connections go too.
_LAST_WORDS = 0.05
# What methods may take behind the grace to end when their calls are over: their `finally` blocks.
_LAST_WORK = 1.0
_LOOK_INTERVAL = 0.005


async def shut_down(connections: Connections, grace: float, background: Collection[str]) -> None:
    """Complete the calls in flight and those on their way, then close.

    Args:
      connections: of the stopping server. It accepts no more of them.
      grace: seconds for the calls to end.
      background: services with streams open for as long as a server runs. Nobody waits for their
        response, so they do not hold up the server.
    """
    connections.stopping = True
    hasten(connections, grace)
    draining = list(connections)
    for connection in draining:
        _cut_off(connection, lambda call: _service_of(call) in background)
        connection.drain(grace + _LAST_WORDS)
        connection.patience = min(connection.patience, _PATIENCE)
    if not await _ended(connections, background):
        await _end(connections)
    await _methods_ended(connections, draining)
    if not await connections.wait_until_closed(_CLOSING_TIME):
        for connection in connections:
            connection.abort()


def hasten(connections: Connections, grace: float) -> None:
    """Let the calls of a stopping server have no more than so many seconds from now."""
    connections.ends_at = min(connections.ends_at, perf_counter() + grace)


async def _ended(connections: Connections, background: Collection[str]) -> bool:
    """Take the steps of each connection when they are due. False when the grace is over first."""
    started = now = perf_counter()
    while now < connections.ends_at:
        if await connections.wait_until_ended(min(_STEP, connections.ends_at - now)):
            return True
        now = perf_counter()
        for connection in connections:
            connection.go_on_draining(now)
            if connection.goaway_last is not None and now - started > ACK_TIME:
                _cut_off(connection, lambda call: _service_of(call) in background)
                _cut_off(connection, lambda call: not call.has_request)
    return False


async def _methods_ended(connections: Connections, draining: list[ServerConnection]) -> None:
    """Wait for methods that go on behind the end of their calls.

    It looks now and then: to be told of each end would cost each call.
    """
    latest = perf_counter() + _LAST_WORK
    while any(connection.unfinished for connection in draining):
        if perf_counter() > max(latest, connections.ends_at):
            return
        await asyncio.sleep(_LOOK_INTERVAL)


def _service_of(call: Call) -> str:
    return call.method[1:].partition("/")[0]


def _cut_off(connection: ServerConnection, applies: Callable[[Call], bool]) -> None:
    for stream in list(connection.streams.values()):
        call: Call | None = stream.call
        if call is not None and not call.ended and applies(call):
            call.fail(grpc.StatusCode.UNAVAILABLE, "the server is going down")
            call.stop_running()


async def _end(connections: Connections) -> None:
    """End the remaining calls."""
    for connection in connections:
        connection.finish_draining()
        _cut_off(connection, lambda _: True)
    if not await connections.wait_until_ended(_LAST_WORDS):
        for connection in connections:
            connection.close(NO_ERROR, b"the server is going down")
