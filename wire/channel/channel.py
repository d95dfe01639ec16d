"""A channel in grpc.aio's shape: stubs are made from it as they are from grpc.aio's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import grpc

from wire.channel.connectivity import READY, SHUTDOWN
from wire.channel.dispatcher import Dispatcher
from wire.channel.interceptors import INTERCEPTED, of_kind, require_known
from wire.channel.method import Method
from wire.channel.multicallables import (
    StreamStreamMultiCallable,
    StreamUnaryMultiCallable,
    UnaryStreamMultiCallable,
    UnaryUnaryMultiCallable,
)
from wire.channel.options import ChannelOptions
from wire.channel.service_config import parse_service_config
from wire.channel.settings import Settings, fixed_fields, host_of
from wire.channel.target import parse_target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Self

    from wire.tls import Credentials


_INTERCEPTORS: dict[Any, type[grpc.aio.ClientInterceptor]] = {
    UnaryUnaryMultiCallable: grpc.aio.UnaryUnaryClientInterceptor,
    UnaryStreamMultiCallable: grpc.aio.UnaryStreamClientInterceptor,
    StreamUnaryMultiCallable: grpc.aio.StreamUnaryClientInterceptor,
    StreamStreamMultiCallable: grpc.aio.StreamStreamClientInterceptor,
}


class Channel(grpc.aio.Channel):
    """Calls to one target. See `channel`."""

    def __init__(
        self,
        target: str,
        credentials: Credentials | None = None,
        *,
        options: ChannelOptions | None = None,
        interceptors: Sequence[grpc.aio.ClientInterceptor] | None = None,
    ) -> None:
        parsed = parse_target(target)
        options = options or ChannelOptions()
        self._interceptors = list(interceptors or ())
        require_known(self._interceptors)
        self._options = options
        self._config = parse_service_config(options.service_config)
        server_name = options.server_name or host_of(parsed.authority)
        # Round robin is the policy that asks for health. gRFC A17 leaves pick_first out.
        is_checked = options.check_health and self._config.policy == "round_robin"
        settings = Settings(
            options,
            None if credentials is None else credentials.context,
            server_name,
            fixed_fields(parsed, options, is_secure=credentials is not None),
            self._config.health_service if is_checked else None,
        )
        self._dispatcher = Dispatcher(parsed, self._config, settings)

    # --- state

    @property
    def last_error(self) -> str | None:
        """Why there was no connection the last time, or None where there always was one."""
        return self._dispatcher.connectivity.last_error

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:  # noqa: FBT001, FBT002
        """The state of connectivity, after a look whether it should connect."""
        state = self._dispatcher.connectivity.state
        if try_to_connect and state is grpc.ChannelConnectivity.IDLE:
            self._dispatcher.connect()
            state = self._dispatcher.connectivity.state
        return state

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """Returns when the state differs from the last observed one.

        Raises:
            grpc.aio.UsageError: the channel is closed, which no other state follows.
        """
        if last_observed_state is SHUTDOWN is self._dispatcher.connectivity.state:
            raise grpc.aio.UsageError("the channel is closed")
        await self._dispatcher.connectivity.wait_for_change(last_observed_state)

    async def channel_ready(self) -> None:
        """Returns when calls can be sent.

        Raises:
            grpc.aio.UsageError: the channel is closed.
        """
        while (state := self.get_state(try_to_connect=True)) is not READY:
            if state is SHUTDOWN:
                raise grpc.aio.UsageError("the channel is closed")
            await self.wait_for_state_change(state)

    # --- the end

    async def close(self, grace: float | None = None) -> None:
        """Closes the channel.

        Args:
            grace: seconds for calls in flight to end by themselves. None gives no time.
        """
        dispatcher = self._dispatcher
        if dispatcher.connectivity.state is SHUTDOWN:
            return
        try:
            if grace:
                await dispatcher.drained(grace)
        finally:
            dispatcher.close()
        # The transports say goodbye in the next turn.
        await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        """Is closed at the end of the block."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        """Closes. Calls in flight are cancelled."""
        await self.close()

    # --- methods

    def unary_unary(
        self,
        method: str,
        request_serializer: Callable[[Any], bytes] | None = None,
        response_deserializer: Callable[[bytes], Any] | None = None,
        _registered_method: bool | None = False,  # noqa: FBT001, FBT002
    ) -> grpc.aio.UnaryUnaryMultiCallable[Any, Any]:
        """What calls a method with one request and one response."""
        made: grpc.aio.UnaryUnaryMultiCallable[Any, Any] = self._multicallable(
            UnaryUnaryMultiCallable, method, request_serializer, response_deserializer
        )
        return made

    def unary_stream(
        self,
        method: str,
        request_serializer: Callable[[Any], bytes] | None = None,
        response_deserializer: Callable[[bytes], Any] | None = None,
        _registered_method: bool | None = False,  # noqa: FBT001, FBT002
    ) -> grpc.aio.UnaryStreamMultiCallable[Any, Any]:
        """What calls a method with one request and a stream of responses."""
        made: grpc.aio.UnaryStreamMultiCallable[Any, Any] = self._multicallable(
            UnaryStreamMultiCallable, method, request_serializer, response_deserializer
        )
        return made

    def stream_unary(
        self,
        method: str,
        request_serializer: Callable[[Any], bytes] | None = None,
        response_deserializer: Callable[[bytes], Any] | None = None,
        _registered_method: bool | None = False,  # noqa: FBT001, FBT002
    ) -> grpc.aio.StreamUnaryMultiCallable[Any, Any]:
        """What calls a method with a stream of requests and one response."""
        made: grpc.aio.StreamUnaryMultiCallable[Any, Any] = self._multicallable(
            StreamUnaryMultiCallable, method, request_serializer, response_deserializer
        )
        return made

    def stream_stream(
        self,
        method: str,
        request_serializer: Callable[[Any], bytes] | None = None,
        response_deserializer: Callable[[bytes], Any] | None = None,
        _registered_method: bool | None = False,  # noqa: FBT001, FBT002
    ) -> grpc.aio.StreamStreamMultiCallable[Any, Any]:
        """What calls a method with streams of both."""
        made: grpc.aio.StreamStreamMultiCallable[Any, Any] = self._multicallable(
            StreamStreamMultiCallable, method, request_serializer, response_deserializer
        )
        return made

    def _multicallable(
        self,
        kind: Callable[[Method, grpc.Compression | None], Any],
        method: str,
        serializer: Callable[[Any], bytes] | None,
        deserializer: Callable[[bytes], Any] | None,
    ) -> Any:
        def make(path: str) -> Any:
            config = self._config.method(path)
            called = Method(path, serializer, deserializer, config, self._dispatcher)
            return kind(called, self._options.compression)

        interceptor = _INTERCEPTORS[kind]
        interceptors = of_kind(self._interceptors, interceptor)
        if not interceptors:
            return make(method)
        return INTERCEPTED[interceptor](method, make, interceptors)


def channel(
    target: str,
    credentials: Credentials | None = None,
    *,
    options: ChannelOptions | None = None,
    interceptors: Sequence[grpc.aio.ClientInterceptor] | None = None,
) -> Channel:
    """A channel to a target. It connects on its first call. Needs a running loop.

    Args:
        target: `HOST:PORT`, `dns:///HOST:PORT`, `ipv4:ADDRESS:PORT,…`, `ipv6:[ADDRESS]:PORT,…`,
            `unix:PATH` or `unix-abstract:NAME`.
        credentials: for TLS. Plaintext without.
        options: everything else.
        interceptors: of grpc.aio. Each sees the calls of its kind.

    Raises:
        wire.channel.target.TargetError: the target is malformed.
        wire.channel.service_config.ServiceConfigError: the service config is.
        ValueError: an interceptor is none of grpc.aio's.
    """
    return Channel(target, credentials, options=options, interceptors=interceptors)
