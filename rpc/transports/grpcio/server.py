"""A server of grpc.aio that loses no call when it stops."""

import asyncio
import math

from rpc.transports.grpcio.arrivals import Arrivals
from rpc.transports.grpcio.binding import bind
from rpc.transports.grpcio.calls import Calls
from rpc.transports.grpcio.credentials import server_credentials
from rpc.transports.grpcio.held_responses import HeldResponses
from rpc.transports.grpcio.open_calls import OpenCalls
from rpc.transports.grpcio.quiet_lines import quieten
from rpc.transports.transport import Methods, ServerOptions

import grpc

# A ping every 10 s at most, with or without calls: enough for a caller that wants to know soon
# whether the server is there, and no more than a server can do on the side.
_ARGUMENTS = [
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    # Of calls that wait to be taken up gRPC cancels some, past 1000 of them and at random, health
    # checks among them and unseen by the log. `rpc.interceptors.load_shedding` says which calls are
    # too many. This bounds the memory, with 18 kB a call.
    ("grpc.server.max_pending_requests", 5_000),
    ("grpc.server.max_pending_requests_hard_limit", 5_000),
]

# After the first, a quiet period, we assume that health-watching clients have moved away. We wait
# at most the second.
_WATCHERS_QUIET_SECONDS, _WATCHERS_LIMIT_SECONDS = 0.2, 2.0
# The same while no call is served, which must not take long. Callers that make calls at
# a rate of their own never cease.
_UNSERVED_QUIET_SECONDS, _UNSERVED_LIMIT_SECONDS = 0.05, 0.2
# What a call that is on its way may take to bring its request.
_SILENCE_SECONDS = 0.5
# What a caller may take to read the last responses and to close its connection.
_LAST_WORDS_SECONDS = 1.0
_LOOK_SECONDS = 0.05
# What methods may take behind the grace to end when their calls are over: their `finally` blocks.
_CLEANUP_SECONDS = 0.5
# Longer than a kernel waits until it acknowledges data, 40 ms on Linux.
_LAST_RESPONSE_SECONDS = 0.1


class GrpcioServer:
    """Accepts calls by grpc.aio.

    Attributes:
        address: where, with the port chosen by the kernel in place of 0.
    """

    def __init__(self, methods: Methods, options: ServerOptions) -> None:
        """Makes a server. It does not listen yet.

        Raises:
            TlsError: a certificate or key cannot be used.
        """
        quieten()
        self._listening = listening = options.listening
        self.address = listening.address
        self._arrivals = Arrivals()
        self._responses = HeldResponses()
        self._open_calls = OpenCalls(options.limits.request_timeout)
        self._calls = Calls(
            methods,
            self._arrivals,
            self._responses,
            self._open_calls,
            asks_for_names=listening.asks_for_names,
        )
        self._credentials = (
            None if listening.tls is None else server_credentials(listening.tls, options.expiry)
        )
        self._arguments = _arguments(options)

    async def start(self) -> None:
        """Begins to accept calls.

        Raises:
            BindError: the address is taken or not this machine's.
        """
        self._server = grpc.aio.server(handlers=[self._calls], options=self._arguments)
        reuse_port = self._listening.reuse_port
        self.address = bind(self._server, self.address, self._credentials, reuse_port=reuse_port)
        await self._server.start()
        self._watching = asyncio.create_task(self._open_calls.watch())

    async def wait_until_quiet(self) -> None:
        """Waits until no call has arrived for a moment."""
        await self._arrivals.cease(_WATCHERS_QUIET_SECONDS, _WATCHERS_LIMIT_SECONDS)

    async def stop(self, grace: float) -> None:
        """Accepts no more calls, and gives those in flight `grace` seconds to finish."""
        # gRPC notifies callers, no sooner than it cancels what it has not taken up.
        self._responses.hold()
        await self._arrivals.cease(_UNSERVED_QUIET_SECONDS, _UNSERVED_LIMIT_SECONDS)
        last_after = min(_LAST_RESPONSE_SECONDS, grace / 2)
        loop = asyncio.get_running_loop()
        end = loop.time() + grace + _CLEANUP_SECONDS
        self._watching.cancel()
        # Nobody can tell what they wait for.
        loop.call_later(_SILENCE_SECONDS, self._open_calls.end_silent, math.inf)
        stopping = asyncio.create_task(self._server.stop(grace))
        # grpc.aio tells callers in the first step of that task.
        await asyncio.sleep(0)
        self._responses.release(last_after)
        await self._wait_for_calls(stopping)
        if not (await asyncio.wait({stopping}, timeout=_LAST_WORDS_SECONDS))[0]:
            # What is left is a caller that takes no response, or does not hear of the end.
            await self._server.stop(0)
        await stopping
        # gRPC has waited for the statuses, and for nothing that methods do behind `abort`.
        while self._open_calls.any_open and loop.time() < end:  # noqa: ASYNC110  # rarely, and once
            await asyncio.sleep(_LOOK_SECONDS)

    async def _wait_for_calls(self, stopping: asyncio.Task[None]) -> None:
        while self._open_calls.any_open and not stopping.done():
            await asyncio.wait({stopping}, timeout=_LOOK_SECONDS)


def _arguments(options: ServerOptions) -> list[tuple[str, int]]:
    limits = options.limits
    arguments = [
        *_ARGUMENTS,
        # On by default in gRPC, and then two servers share a port without a word.
        ("grpc.so_reuseport", int(options.listening.reuse_port)),
        ("grpc.max_concurrent_streams", limits.max_concurrent_streams),
        # docs/grpcio.md, "Streams that are over".
        ("grpc.http.overload_protection", 0),
        ("grpc.max_allowed_incoming_connections", limits.max_connections),
        ("grpc.max_receive_message_length", limits.max_message_bytes),
        ("grpc.max_send_message_length", limits.max_message_bytes),
        ("grpc.max_connection_idle_ms", _milliseconds(limits.max_connection_idle)),
    ]
    if limits.max_connection_age is not None:
        grace = _milliseconds(limits.max_connection_age_grace)
        arguments += [
            ("grpc.max_connection_age_ms", _milliseconds(limits.max_connection_age)),
            ("grpc.max_connection_age_grace_ms", grace),
        ]
    return arguments


def _milliseconds(seconds: float) -> int:
    return math.ceil(seconds * 1000)
