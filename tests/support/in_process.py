"""A server in the test's own process, for tests of one servicer or one part of `rpc`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from rpc.server.running_server import AddServicer, RunningServer, running_server
from rpc.server.settings import ServerSettings


@asynccontextmanager
async def serving(
    service: str, add_servicer: AddServicer, **settings: Any
) -> AsyncIterator[RunningServer]:
    """Serves on a free port of loopback while the context is open.

    Args:
        service: full name of the service.
        add_servicer: adds its servicer.
        **settings: fields of `ServerSettings`.
    """
    chosen = {"name": "test", "listen": "127.0.0.1:0", **settings}
    async with running_server(service, add_servicer, ServerSettings(**chosen)) as server:
        yield server
