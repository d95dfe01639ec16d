"""How a server stops without a failed call."""

import asyncio

from rpc.server.health import HealthServicer
from rpc.server.settings import ShutdownSettings
from rpc.transports.transport import TransportServer


async def shut_down(
    server: TransportServer,
    health: HealthServicer,
    stopping: asyncio.Event,
    settings: ShutdownSettings,
) -> None:
    """Sends callers elsewhere, then accepts no more calls and lets those in flight finish.

    Args:
        server: what stops.
        health: reports NOT_SERVING from now on.
        stopping: is set as soon as calls in flight have no more than the grace.
        settings: how long each step takes.
    """
    health.drain()
    await asyncio.sleep(settings.drain_delay)
    if health.is_watched:
        await server.wait_until_quiet()
    health.end_watches()
    stopping.set()
    await server.stop(settings.grace)
