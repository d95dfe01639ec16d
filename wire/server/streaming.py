"""Runs the servicer's method of a call with a stream of requests, of responses, or of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc

from wire.server.unary import failed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from wire.server.call import Call


async def respond_stream(call: Call, message: bytes | None) -> None:
    """Respond to a call of any kind. The message is the request, for a method of one request."""
    call.running = True
    method = call.handler
    assert method is not None  # noqa: S101 - a type checker's hint
    try:
        request = await _request(call, message)
        result = method.behavior(request, call)
        if not method.response_streaming:
            call.respond(await result)
        elif hasattr(result, "__aiter__"):
            await _send_all(call, result)
        else:
            # The servicer writes by itself.
            await result
            call.finish()
    except BaseException as error:  # noqa: BLE001 - `failed` raises what is not the call's.
        failed(call, error)
    finally:
        call.stopped_running()


async def _request(call: Call, message: bytes | None) -> Any:
    method = call.handler
    assert method is not None  # noqa: S101 - a type checker's hint
    # An interceptor may put a method of one request in the place of one of many, and back.
    if method.request_streaming:
        return requests_of(call) if message is None else _only(call.parsed(message))
    return await call.read() if message is None else call.parsed(message)


async def requests_of(call: Call) -> AsyncIterator[Any]:
    """The requests of a call, as a servicer iterates over them."""
    while (request := await call.read()) is not grpc.aio.EOF:
        yield request


async def _only(request: Any) -> AsyncIterator[Any]:
    yield request


async def _send_all(call: Call, responses: AsyncIterator[Any]) -> None:
    try:
        async for response in responses:
            if call.ended:
                return
            await call.write(response)
        call.finish()
    finally:
        # A generator that is left in its middle runs its `finally` blocks now.
        close = getattr(responses, "aclose", None)
        if close is not None:
            await close()
