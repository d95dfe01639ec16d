"""How a server stops without a call that fails."""

import asyncio
from functools import partial

from rpc.interceptors.pipeline import Pipeline
from rpc.server.health import HealthServicer
from rpc.server.settings import ServerSettings
from rpc.transports.grpcio.listener import Listener

# How long no call has to arrive for callers to count as gone elsewhere, and how long that is waited
# for at most: a message to them takes far less, and those that do not watch health never go.
_WATCHERS_QUIET_SECONDS, _WATCHERS_LIMIT_SECONDS = 0.2, 2.0
# The same where nobody is answered meanwhile, which must not take long. Callers that make calls at
# a rate of their own never cease.
_UNANSWERED_QUIET_SECONDS, _UNANSWERED_LIMIT_SECONDS = 0.05, 0.2
# Longer than a kernel waits until it acknowledges data, 40 ms on Linux.
_LAST_ANSWER_SECONDS = 0.1


async def drain(
    listener: Listener, health: HealthServicer, pipeline: Pipeline, settings: ServerSettings
) -> None:
    """Sends callers elsewhere, then accepts no more calls and lets those in flight finish."""
    await health.drain()
    await asyncio.sleep(settings.drain_delay)
    if health.is_watched:
        await pipeline.arrivals.cease(_WATCHERS_QUIET_SECONDS, _WATCHERS_LIMIT_SECONDS)
    health.end_watches()
    # Those that do not watch are told by gRPC, no sooner than it cancels what it has not taken up.
    pipeline.answers.hold()
    await pipeline.arrivals.cease(_UNANSWERED_QUIET_SECONDS, _UNANSWERED_LIMIT_SECONDS)
    last_after = min(_LAST_ANSWER_SECONDS, settings.grace / 2)
    await listener.stop(settings.grace, told=partial(pipeline.answers.release, last_after))
