"""The transports and hops between a test's calls and a servicer of streams."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from rpc.server.running_server import RunningServer
from rpc.service import Service, Upstream
from rpc.transports.grpcio.core_calls import mend_calls

import grpc
import pytest

from testing.channels import OWN_CONNECTION
from testing.in_process import serving
from testing.waiting import LIMIT_SECONDS
from tests.support.streams.servicers import Forwarding
from tests.support.streams.streams_pb2 import Request, Response
from tests.support.streams.streams_pb2_grpc import (
    StreamServiceServicer,
    StreamServiceStub,
    add_StreamServiceServicer_to_server,
)

TRANSPORTS = ("grpcio", "wire")

KINDS = ("Unary", "ClientStream", "ServerStream", "BidiStream")
"""A method of each kind."""

STREAMS = Upstream("streams", StreamServiceStub, port=1)
"""Declares the last server, for its calling server."""


@dataclass(frozen=True, slots=True)
class Path:
    """Running servers, and a stub for the first one.

    Attributes:
        stub: calls the first server.
        channel: the stub's.
        servers: by their own names: `streams`, and `hop` before it if there is one.
    """

    stub: Any
    channel: grpc.aio.Channel
    servers: dict[str, RunningServer]
    _stacks: dict[str, AsyncExitStack]

    @property
    def first(self) -> str:
        """Name of the server called directly."""
        return next(reversed(self.servers))

    async def stop(self, name: str) -> None:
        """Stops a server, as SIGTERM does."""
        await self._stacks[name].aclose()


# gRPC's default: large messages fill windows sooner.
_LARGEST_MESSAGE = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Way:
    """How calls reach a servicer.

    Attributes:
        transport: carries the calls.
        through_hop: True if another server stands in the middle.
    """

    transport: str
    through_hop: bool

    def __str__(self) -> str:
        """The name of a test's parameter."""
        return f"{self.transport}-{'hop' if self.through_hop else 'direct'}"

    @asynccontextmanager
    async def to(
        self,
        servicer: StreamServiceServicer | Service,
        hop: Service | Callable[..., StreamServiceServicer] = Forwarding,
        of_hop: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> AsyncIterator[Path]:
        """Runs the servers while the context is open.

        Args:
            servicer: of the last server.
            hop: the server in the middle, or a function for its servicer.
            of_hop: the same as `options` for the server in the middle alone.
            **options: for each server, values of the command line's options.
        """
        options = {"max_message_bytes": _LARGEST_MESSAGE, **options, "transport": self.transport}
        services = [servicer if isinstance(servicer, Service) else service_of(servicer)]
        if self.through_hop:
            services.append(hop if isinstance(hop, Service) else hop_of(hop))
        servers: dict[str, RunningServer] = {}
        stacks: dict[str, AsyncExitStack] = {}
        async with AsyncExitStack() as all_servers:
            for service in services:
                for server in servers.values():
                    options |= {"upstream": server.address, **(of_hop or {})}
                name = service.application.name
                stacks[name] = await all_servers.enter_async_context(AsyncExitStack())
                servers[name] = await stacks[name].enter_async_context(serving(service, **options))
            async with calling(servers[name].address) as channel:
                yield Path(StreamServiceStub(channel), channel, servers, stacks)


def hop_of(servicer: Callable[..., StreamServiceServicer] = Forwarding, **declared: Any) -> Service:
    """Declares a service called `hop`, for the middle. Takes the arguments of `service_of`."""
    return service_of(servicer, "hop", upstream=STREAMS, **declared)


@asynccontextmanager
async def calling(address: str) -> AsyncIterator[grpc.aio.Channel]:
    """Opens a channel of grpc.aio, for any transport of the server."""
    async with grpc.aio.insecure_channel(address, OWN_CONNECTION) as channel:
        yield mend_calls(channel)


EVERY_WAY = pytest.mark.parametrize(
    "way", [Way(transport, hop) for transport in TRANSPORTS for hop in (False, True)], ids=str
)
"""Runs a test in every way."""

DIRECT = pytest.mark.parametrize(
    "way", [Way(transport, through_hop=False) for transport in TRANSPORTS], ids=str
)
"""Runs a test without a server in the middle, over every transport."""

THROUGH_HOP = pytest.mark.parametrize(
    "way", [Way(transport, through_hop=True) for transport in TRANSPORTS], ids=str
)
"""Runs a test with a server in the middle, over every transport."""

EVERY_KIND = pytest.mark.parametrize("kind", KINDS)
"""Runs a test with every kind of RPC."""


def service_of(
    servicer: StreamServiceServicer | Callable[..., StreamServiceServicer],
    name: str = "streams",
    **declared: Any,
) -> Service:
    """Declares a service.

    Args:
        servicer: the servicer, or a function for it.
        name: the server's own name.
        **declared: further fields of a `Service`.
    """
    instance = isinstance(servicer, StreamServiceServicer)
    make: Any = (lambda: servicer) if instance else servicer
    register = add_StreamServiceServicer_to_server
    return Service(name, port=1, servicer=make, register=register, **declared)


def begin(
    stub: Any,
    kind: str,
    *requests: Request,
    timeout: float | None = LIMIT_SECONDS,
    metadata: Any = None,
) -> Any:
    """Begins a call of a kind, with one request or several."""
    method = getattr(stub, kind)
    sent: Request | Iterator[Request] = iter(requests) if has_requests(kind) else requests[0]
    return method(sent, timeout=timeout, metadata=metadata)


def has_requests(kind: str) -> bool:
    """True if a kind has a stream of requests."""
    return kind in {"ClientStream", "BidiStream"}


def has_responses(kind: str) -> bool:
    """True if a kind has a stream of responses."""
    return kind in {"ServerStream", "BidiStream"}


async def responses(call: Any) -> list[Response]:
    """All responses of a call.

    Raises:
        grpc.aio.AioRpcError: the call failed.
    """
    if hasattr(call, "__aiter__"):
        return [response async for response in call]
    return [await call]


async def failure(call: Any) -> grpc.aio.AioRpcError:
    """The error of a failing call."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await responses(call)
    return caught.value
