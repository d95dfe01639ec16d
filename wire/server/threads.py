"""Runs servicers' plain functions in threads, as they may block.

grpc.aio does the same, so a servicer written for `grpc.server` works unchanged.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, NoReturn

import grpc

from wire.protocol.status import status_meant
from wire.server.unary import failed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from concurrent.futures import Executor

    from wire.server.call import Call
    from wire.server.context import Metadata

_END = object()


class BlockingContext:
    """A call's context, for code in a thread."""

    def __init__(self, call: Call) -> None:
        self._call = call

    # What the call has and what a thread may use as it is.
    def __getattr__(self, name: str) -> Any:  # noqa: D105
        return getattr(self._call, name)

    def is_active(self) -> bool:
        """Whether the call has not ended."""
        return not self._call.ended

    def abort(
        self, code: grpc.StatusCode, details: str = "", trailing_metadata: Metadata = ()
    ) -> NoReturn:
        """End the call with a status."""
        call = self._call
        code = status_meant(code)
        call.set_code(grpc.StatusCode.UNKNOWN if code is grpc.StatusCode.OK else code)
        call.set_details(details)
        if trailing_metadata:
            call.set_trailing_metadata(trailing_metadata)
        raise grpc.aio.AbortError("the call was aborted")

    def abort_with_status(self, status: grpc.Status) -> NoReturn:
        """End the call with a status object."""
        self.abort(status.code, status.details, status.trailing_metadata or ())

    def send_initial_metadata(self, initial_metadata: Metadata) -> None:
        """Send the headers of the response at once."""
        _wait_for(self._call, self._call.send_initial_metadata(initial_metadata))

    def add_callback(self, callback: Callable[[], None]) -> bool:
        """Call back when the call has ended. Returns False when it already has."""
        if self._call.ended:
            return False
        self._call.add_done_callback(lambda _: callback())
        return True


def _wait_for(call: Call, coroutine: Any) -> Any:
    return asyncio.run_coroutine_threadsafe(coroutine, call.connection.loop).result()


def _runner(call: Call, pool: Executor) -> Callable[..., Awaitable[Any]]:
    context = copy_context()
    loop = call.connection.loop

    def in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return context.run(function, *arguments)
        except StopIteration as error:
            # No Future of Python before 3.12 takes it: the call would not end.
            raise RuntimeError("a servicer's function has raised StopIteration") from error

    def run(function: Callable[..., Any], *arguments: Any) -> Awaitable[Any]:
        return loop.run_in_executor(pool, in_thread, function, *arguments)

    return run


async def respond_in_thread(call: Call, message: bytes | None, pool: Executor) -> None:
    """Respond to a call of any kind by a function in a thread."""
    method = call.handler
    assert method is not None  # noqa: S101 - a type checker's hint
    call.running = True
    run = _runner(call, pool)
    try:
        request = await _request(call, message)
        result = await run(method.behavior, request, BlockingContext(call))
        if not method.response_streaming:
            call.respond(result)
            return
        await _send_all(call, iter(result), run)
    except BaseException as error:  # noqa: BLE001 - `failed` raises what is not the call's.
        failed(call, error)
    finally:
        call.stopped_running()


async def _send_all(
    call: Call, responses: Iterator[Any], run: Callable[..., Awaitable[Any]]
) -> None:
    step: Awaitable[Any] | None = None
    response: Any = None
    try:
        while response is not _END:
            step = run(next, responses, _END)
            response = await asyncio.shield(step)
            if response is _END:
                call.finish()
            elif call.ended:
                return
            else:
                await call.write(response)
    finally:
        if step is not None and response is not _END:
            await _leave(responses, step, run)


async def _leave(
    responses: Iterator[Any], step: Awaitable[Any], run: Callable[..., Awaitable[Any]]
) -> None:
    """Let a generator left in its middle run its `finally` blocks, which may block, in a thread."""
    # Nothing stops a thread: what it is at has to end first.
    with suppress(Exception):
        await step
    close = getattr(responses, "close", None)
    if close is not None:
        await run(close)


async def _request(call: Call, message: bytes | None) -> Any:
    method = call.handler
    assert method is not None  # noqa: S101 - a type checker's hint
    if method.request_streaming:
        return _requests(call) if message is None else iter([call.parsed(message)])
    return await call.read() if message is None else call.parsed(message)


def _requests(call: Call) -> Iterator[Any]:
    while (request := _wait_for(call, call.read())) is not grpc.aio.EOF:
        yield request
