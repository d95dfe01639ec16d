"""A server's place on the network, kept for as long as the server lives."""

import asyncio
import logging
from collections.abc import Callable

from rpc.transports.transport import BindError

import grpc

LOOK_SECONDS = 0.05
"""How often a listener looks whether its gRPC server still accepts calls."""

_logger = logging.getLogger(__name__)

BoundServer = tuple[grpc.aio.Server, str]
"""A gRPC server, bound and not started, with its address."""


class Listener:
    """Accepts calls, by another gRPC server when a call has broken the one before.

    From 1.84 on grpc.aio reads the path of every call as UTF-8 in the one loop that accepts calls.
    A path that is not UTF-8 ends this loop: the process would live on and accept no call of
    anybody's any more (docs/grpcio.md, "A path that is not UTF-8"). The broken server still answers
    its accepted calls.

    Attributes:
        address: where, with the port chosen by the kernel in place of 0.
    """

    def __init__(self, bind: Callable[[str], BoundServer], grace: float) -> None:
        """Makes a listener. It does not listen yet.

        Args:
            bind: makes a gRPC server and binds it to an address.
            grace: seconds for the calls of a broken server to finish.
        """
        self._bind = bind
        self._grace = grace
        self._stopping: set[asyncio.Task[None]] = set()

    async def start(self, address: str) -> None:
        """Begins to accept calls.

        Raises:
            BindError: the address is taken or not this machine's.
        """
        self._server, self.address = self._bind(address)
        await self._server.start()
        self._watching = asyncio.create_task(self._replace_when_broken())

    async def stop(self, grace: float, *, told: Callable[[], None] = lambda: None) -> None:
        """Accepts no more calls, and lets those in flight finish.

        Args:
            grace: seconds for them.
            told: is called once callers are being told.
        """
        self._watching.cancel()
        stopping = asyncio.create_task(self._server.stop(grace))
        # grpc.aio tells them in the first step of that task.
        await asyncio.sleep(0)
        told()
        await asyncio.gather(stopping, *self._stopping)

    async def _replace_when_broken(self) -> None:
        while True:
            try:
                await self._server.wait_for_termination(LOOK_SECONDS)
            except Exception:  # whatever it is that ended the loop
                _logger.exception("a call broke the listener")
                await self._replace()
                _logger.info("the listener is replaced")

    async def _replace(self) -> None:
        # Awaited by nobody else than `stop`: the last of its calls may take the whole grace.
        stopping = asyncio.create_task(self._server.stop(self._grace))
        self._stopping.add(stopping)
        stopping.add_done_callback(self._stopping.discard)
        self._server = await self._bind_again()
        await self._server.start()

    async def _bind_again(self) -> grpc.aio.Server:
        while True:
            try:
                return self._bind(self.address)[0]
            except BindError as error:
                # The broken server's socket is not closed yet, or another process was quicker.
                _logger.warning("%s", error)
                await asyncio.sleep(LOOK_SECONDS)
