"""A channel whose certificates are renewed while the server runs."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

from rpc.tls.changing_files import ChangingFiles
from rpc.tls.credentials import ChannelTls, TlsError

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

        def send(*call_args: Any, **call_kwargs: Any) -> Any:
            call = self._channel.unary_unary(*args, **kwargs)(*call_args, **call_kwargs)
            self._calls.add(call)
            return call

        return send

    async def close(self) -> None:
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
