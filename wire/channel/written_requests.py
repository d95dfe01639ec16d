"""Requests written to a call with interceptors, as the iterable that its interceptors are given."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Self

_END = object()


class WrittenRequests:
    """Passes on one request after the other, to one reader."""

    def __init__(self) -> None:
        self._requests: asyncio.Queue[Any] = asyncio.Queue(maxsize=1)
        self._is_closed = False

    def __aiter__(self) -> Self:
        """The requests."""
        return self

    async def __anext__(self) -> Any:
        """The next request."""
        request = await self._requests.get()
        if request is _END:
            # For whoever asks once more.
            self._requests.put_nowait(_END)
            raise StopAsyncIteration
        return request

    async def write(self, request: Any, over: asyncio.Future[None]) -> None:
        """Pass a request on. Returns when another may be written.

        Args:
            request: the request.
            over: is done when the call is, and nobody reads any more.

        Raises:
            asyncio.InvalidStateError: the call is over, or `close` was called.
        """
        if self._is_closed:
            raise asyncio.InvalidStateError("done_writing() was called before")
        await self._put(request, over)
        if over.done():
            raise asyncio.InvalidStateError("the call is over")

    async def close(self, over: asyncio.Future[None]) -> None:
        """There are no more requests."""
        if not self._is_closed:
            self._is_closed = True
            await self._put(_END, over)

    async def _put(self, request: Any, over: asyncio.Future[None]) -> None:
        putting = asyncio.ensure_future(self._requests.put(request))
        try:
            await asyncio.wait((putting, over), return_when=asyncio.FIRST_COMPLETED)
        finally:
            putting.cancel()
