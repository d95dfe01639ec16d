"""Each test of the server runs on both loops: they treat new and closing sockets differently."""

import asyncio
from collections.abc import Callable, Mapping

import uvloop

_LOOPS: Mapping[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return _LOOPS
