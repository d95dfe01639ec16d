"""A channel whose certificates are renewed while the server runs."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Self
from weakref import WeakSet

from rpc.tls.changing_files import ChangingFiles
from rpc.tls.files import ChannelTls, TlsError

import grpc

LOOK_SECONDS = 1.0
"""How often a channel looks whether its files have changed."""

_GRACE_SECONDS = 3600.0

_logger = logging.getLogger(__name__)


class RenewedChannel:
    """Stands in for a channel: a new one takes over when a file of its TLS has changed.

    A server's handshakes ask for its certificate each time; a channel's credentials stay as they
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
        self._open_channel = open_channel
        self._files = ChangingFiles([tls.ca, tls.certificate, tls.key])
        self._channel = open_channel()
        self._calls: WeakSet[grpc.aio.Call] = WeakSet()
        self._closing: set[asyncio.Task[None]] = set()
        self._following = asyncio.create_task(self._follow())

    def unary_unary(self, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        """As a channel's: calls of the method, each over the channel that is the newest by then."""
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
            method = getattr(self._channel, kind)(*args, **kwargs)
            call = method(*call_args, **call_kwargs)
            self._calls.add(call)
            return call

        return send

    @property
    def newest(self) -> grpc.aio.Channel:
        """The channel that new calls go over."""
        return self._channel

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:  # noqa: FBT001, FBT002
        """The state of the newest channel."""
        return self._channel.get_state(try_to_connect)

    async def __aenter__(self) -> Self:
        """It is closed when the context is left."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Closes the channel."""
        await self.close()

    async def close(self, _grace: float | None = None) -> None:
        """Closes the channel; calls under way are cancelled."""
        self._following.cancel()
        for call in list(self._calls):
            call.cancel()
        await asyncio.gather(self._channel.close(), *self._closing)

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._files.changed():
                self._renew()

    def _renew(self) -> None:
        try:
            successor = self._open_channel()
        except TlsError as error:
            # Half-written files, whose next change is seen again.
            _logger.warning("keeping the old certificate for the upstream: %s", error)
            return
        # Each call has a deadline, so the old channel's come to an end by themselves.
        closing = asyncio.create_task(self._channel.close(_GRACE_SECONDS))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        self._channel = successor
        _logger.info("certificate for the upstream reloaded")
