"""A channel with certificates reloaded while the server runs."""

import asyncio
from collections.abc import Callable
from typing import Any, Self
from weakref import WeakSet

from rpc.tls.file_reloader import FileReloader
from rpc.tls.files import ChannelTls

import grpc

LOOK_SECONDS = 1.0
"""How often a channel looks whether its files have changed."""

_GRACE_SECONDS = 3600.0


class ReloadingChannel:
    """Stands in for a channel: a new one takes over when a file of its TLS has changed.

    A server's handshakes ask for its certificate each time. A channel's credentials stay as they
    were made, and would be refused once the certificate in them has expired.
    """

    def __init__(self, open_channel: Callable[[], grpc.aio.Channel], tls: ChannelTls) -> None:
        """Opens the first channel.

        Args:
            open_channel: opens a channel with what the files hold by then.
            tls: names the files.

        Raises:
            TlsError: a file cannot be used.
        """
        what = "certificate for the upstream"
        # Whoever finds a change has to leave the old channel.
        self._channels = FileReloader(tls.files, open_channel, what, polled=True)
        self._calls: WeakSet[grpc.aio.Call] = WeakSet()
        self._closing: set[asyncio.Task[None]] = set()
        self._following = asyncio.create_task(self._follow())

    def unary_unary(self, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        """As a channel's: calls of the method, each over the current channel by then."""
        return self._sending("unary_unary", args, kwargs)

    def unary_stream(self, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        """The same with a stream of responses."""
        return self._sending("unary_stream", args, kwargs)

    def stream_unary(self, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        """The same with a stream of requests."""
        return self._sending("stream_unary", args, kwargs)

    def stream_stream(self, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        """The same with both streams."""
        return self._sending("stream_stream", args, kwargs)

    def _sending(
        self, kind: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Callable[..., Any]:
        def send(*call_args: Any, **call_kwargs: Any) -> Any:
            method = getattr(self._channels.current, kind)(*args, **kwargs)
            call = method(*call_args, **call_kwargs)
            self._calls.add(call)
            return call

        return send

    @property
    def current(self) -> grpc.aio.Channel:
        """The channel for new calls."""
        return self._channels.current

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:  # noqa: FBT001, FBT002
        """The state of the current channel."""
        return self._channels.current.get_state(try_to_connect)

    async def __aenter__(self) -> Self:
        """It is closed when the context is left."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Closes the channel."""
        await self.close()

    async def close(self, _grace: float | None = None) -> None:
        """Closes the channel. Calls under way are cancelled."""
        self._following.cancel()
        for call in list(self._calls):
            call.cancel()
        await asyncio.gather(self._channels.current.close(), *self._closing)

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            old = self._channels.current
            if self._channels.reload_if_changed():
                self._leave(old)

    def _leave(self, old: grpc.aio.Channel) -> None:
        # Each call has a deadline, so the old channel's come to an end by themselves.
        closing = asyncio.create_task(old.close(_GRACE_SECONDS))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
