"""A servicer's view of a call: grpc.aio's ServicerContext."""

import asyncio
from typing import Any

import grpc
import pytest

from tests.wire.server.service import METHOD, calling, failure


async def test_it_is_a_servicer_context() -> None:
    async def respond(request: bytes, context: Any) -> bytes:
        assert isinstance(context, grpc.aio.ServicerContext)
        documented = [name for name in dir(grpc.aio.ServicerContext) if name[0] != "_"]
        return b",".join([name.encode() for name in documented if not hasattr(context, name)])

    async with calling("unary_unary", respond) as call:
        assert await call(b"") == b""


async def test_it_describes_the_call() -> None:
    seen: dict[str, Any] = {}

    async def respond(request: bytes, context: Any) -> bytes:
        seen.update(
            metadata=context.invocation_metadata(),
            remaining=context.time_remaining(),
            peer=context.peer(),
            method=context.method,
            auth=context.auth_context(),
            identities=context.peer_identities(),
        )
        return b""

    async with calling("unary_unary", respond) as call:
        await call(b"", timeout=30, metadata=(("text", "a"), ("octets-bin", b"\x00\xff")))
    assert ("text", "a") in seen["metadata"]
    assert ("octets-bin", b"\x00\xff") in seen["metadata"]
    assert {item.key: item.value for item in seen["metadata"]} == dict(seen["metadata"])
    assert not [name for name, _ in seen["metadata"] if name.startswith(("grpc-", ":"))]
    # grpcio rounds a timeout up.
    assert 25 < seen["remaining"] < 31
    assert seen["peer"].startswith("ipv4:127.0.0.1:")
    assert seen["method"] == METHOD
    assert (seen["auth"], seen["identities"]) == ({}, None)


async def test_without_a_deadline_there_is_no_time_remaining() -> None:
    async def respond(request: bytes, context: Any) -> bytes:
        return b"%r" % context.time_remaining()

    async with calling("unary_unary", respond) as call:
        assert await call(b"") == b"None"


async def test_metadata_goes_with_the_response() -> None:
    async def respond(request: bytes, context: Any) -> bytes:
        await context.send_initial_metadata((("first", "1"),))
        context.set_trailing_metadata((("last", "2"), ("last-bin", b"\x00\xff")))
        return request

    async with calling("unary_unary", respond) as call:
        responding = call(b"hello")
        assert tuple(await responding.initial_metadata()) == (("first", "1"),)
        assert tuple(await responding.trailing_metadata()) == (
            ("last", "2"),
            ("last-bin", b"\x00\xff"),
        )
        assert await responding == b"hello"


async def test_an_abort_has_code_details_and_metadata() -> None:
    async def respond(request: bytes, context: Any) -> bytes:
        await context.abort(grpc.StatusCode.NOT_FOUND, "100 % été\n", (("why", "so"),))
        return b""

    async with calling("unary_unary", respond) as call:
        error = await failure(call(b""))
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert error.details() == "100 % été\n"
    assert tuple(error.trailing_metadata()) == (("why", "so"),)


async def test_an_abort_with_ok_is_unknown() -> None:
    async def respond(request: bytes, context: Any) -> bytes:
        await context.abort(grpc.StatusCode.OK, "fine")
        return b""

    async with calling("unary_unary", respond) as call:
        assert (await failure(call(b""))).code() is grpc.StatusCode.UNKNOWN


async def test_a_code_that_is_set_replaces_the_response() -> None:
    async def respond(request: bytes, context: Any) -> bytes:
        context.set_code(grpc.StatusCode.OUT_OF_RANGE)
        context.set_details("far")
        return b"ignored"

    async with calling("unary_unary", respond) as call:
        error = await failure(call(b""))
    assert (error.code(), error.details()) == (grpc.StatusCode.OUT_OF_RANGE, "far")


@pytest.mark.parametrize("kind", ["unary_unary", "unary_stream"])
@pytest.mark.parametrize(
    ("code", "details", "told"),
    [
        (5, "by number", (grpc.StatusCode.NOT_FOUND, "by number")),
        (17, "no number of a status", (grpc.StatusCode.UNKNOWN, "no number of a status")),
        ("NOT_FOUND", "by name", (grpc.StatusCode.UNKNOWN, "by name")),
        (grpc.StatusCode.ABORTED, b"\xc3\xa9", (grpc.StatusCode.ABORTED, "\u00e9")),
        (grpc.StatusCode.ABORTED, KeyError(7), (grpc.StatusCode.ABORTED, "7")),
        (grpc.StatusCode.ABORTED, None, (grpc.StatusCode.ABORTED, "")),
    ],
)
@pytest.mark.parametrize("says", ["abort", "set"])
async def test_a_call_ends_whatever_its_status_is_made_of(
    kind: str, code: Any, details: Any, told: tuple[grpc.StatusCode, str], says: str
) -> None:
    async def end(request: bytes, context: Any) -> None:
        if says == "abort":
            await context.abort(code, details)
        context.set_code(code)
        context.set_details(details)

    async with calling(kind, end) as call:
        calling_it = call(b"", timeout=30)
        assert (await calling_it.code(), await calling_it.details()) == told


@pytest.mark.parametrize(
    "metadata", [{"why": "so"}, [("why", None)], [("why",)], [("why", 1)], [("why-bin", 1)], 7]
)
async def test_a_call_ends_whatever_its_trailing_metadata_is(metadata: Any) -> None:
    async def answer(request: bytes, context: Any) -> bytes:
        context.set_trailing_metadata(metadata)
        return request

    async with calling("unary_unary", answer) as call:
        assert await call(b"hello", timeout=30) == b"hello"


async def test_unimplemented_by_generated_code_stays_so() -> None:
    async def respond(request: bytes, context: Any) -> bytes:
        context.set_code(grpc.StatusCode.UNIMPLEMENTED)
        context.set_details("Method not implemented!")
        raise NotImplementedError("Method not implemented!")

    async with calling("unary_unary", respond) as call:
        error = await failure(call(b""))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert error.details() == "Method not implemented!"


async def test_done_callbacks_are_called_at_the_end() -> None:
    ended: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def respond(request: bytes, context: Any) -> bytes:
        context.add_done_callback(ended.set_result)
        assert not context.done()
        return b""

    async with calling("unary_unary", respond) as call:
        await call(b"")
        context = await asyncio.wait_for(ended, 10)
    assert context.done()
    assert context.code() is grpc.StatusCode.OK


async def test_a_method_of_one_response_does_not_write() -> None:
    async def answer(request: bytes, context: Any) -> bytes:
        with pytest.raises(grpc.aio.UsageError):
            await context.write(b"first")
        return b"only"

    async with calling("unary_unary", answer) as call:
        assert await call(b"", timeout=30) == b"only"


async def test_compression_is_set_before_the_initial_metadata() -> None:
    async def respond(request: bytes, context: Any) -> bytes:
        await context.send_initial_metadata(())
        with pytest.raises(RuntimeError):
            context.set_compression(grpc.Compression.Gzip)
        return b"once"

    async with calling("unary_unary", respond) as call:
        assert await call(b"") == b"once"


async def test_initial_metadata_is_sent_once() -> None:
    async def respond(request: bytes, context: Any) -> bytes:
        await context.send_initial_metadata(())
        with pytest.raises(grpc.aio.UsageError):
            await context.send_initial_metadata(())
        return b"once"

    async with calling("unary_unary", respond) as call:
        assert await call(b"") == b"once"
