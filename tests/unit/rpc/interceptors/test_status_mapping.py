"""From exceptions to what a caller is told."""

import asyncio
from typing import Any, NoReturn

from rpc.core.call import Call
from rpc.core.errors import STATUS_DETAILS_KEY, RpcStatusError
from rpc.interceptors.status_mapping import (
    end_with_status,
    map_errors,
    undecodable,
    upstream_status,
)

import grpc
import pytest
from google.protobuf.message import DecodeError

from tests.support.calls import ArrivingContext, make_call

PUSHBACK = ("grpc-retry-pushback-ms", "-1")
GRPCS_OWN_TEXT = "ipv4:10.0.0.7:9001: connection refused"


def upstream_error(
    code: grpc.StatusCode, details: str | None = GRPCS_OWN_TEXT, *trailers: tuple[str, str | bytes]
) -> grpc.aio.AioRpcError:
    received = grpc.aio.Metadata(*trailers)
    return grpc.aio.AioRpcError(
        code, grpc.aio.Metadata(), received, details, "debug: " + GRPCS_OWN_TEXT
    )


async def mapped(error: BaseException) -> BaseException:
    async def handler(_: Call) -> NoReturn:
        raise error

    with pytest.raises(BaseException) as raised:  # noqa: PT011  # of whatever kind
        await map_errors(handler)(make_call(request_id="r-1"))
    return raised.value


class TestUpstreamStatus:
    def test_a_status_of_the_upstreams_goes_back_unchanged(self) -> None:
        request_id, details = ("x-request-id", "r-1"), (STATUS_DETAILS_KEY, b"\x08\x03")
        code = grpc.StatusCode.INVALID_ARGUMENT
        error = upstream_error(code, "too short", request_id, details)
        status = upstream_status(error)
        assert (status.code, status.message) == (code, "too short")
        assert status.trailers == ((STATUS_DETAILS_KEY, b"\x08\x03"),)
        assert status.diagnosis is None

    @pytest.mark.parametrize(
        ("code", "grpcs_text"),
        [
            (grpc.StatusCode.CANCELLED, "CANCELLED"),
            (grpc.StatusCode.CANCELLED, "Locally cancelled by application!"),
            (grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded"),
            (grpc.StatusCode.INTERNAL, GRPCS_OWN_TEXT),
            (
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "CLIENT: Received message larger than max (4194305 vs. 4194304)",
            ),
            (grpc.StatusCode.UNAVAILABLE, GRPCS_OWN_TEXT),
        ],
    )
    def test_a_status_of_this_sides_says_what_happened_and_no_addresses(
        self, code: grpc.StatusCode, grpcs_text: str
    ) -> None:
        status = upstream_status(upstream_error(code, grpcs_text))
        assert status.code is code
        assert "upstream service" in status.message
        assert "10.0.0.7" not in status.message
        assert "10.0.0.7" in (status.diagnosis or "")

    @pytest.mark.parametrize(
        "code",
        [
            grpc.StatusCode.CANCELLED,
            grpc.StatusCode.DEADLINE_EXCEEDED,
            grpc.StatusCode.NOT_FOUND,
            grpc.StatusCode.RESOURCE_EXHAUSTED,
        ],
    )
    def test_a_status_of_an_upstream_without_trailers_goes_back_unchanged_too(
        self, code: grpc.StatusCode
    ) -> None:
        status = upstream_status(upstream_error(code, "the quota of tenant 7 is used up"))
        assert (status.code, status.message) == (code, "the quota of tenant 7 is used up")

    def test_a_refusal_of_the_references_has_no_trailers_and_goes_back_too(self) -> None:
        error = upstream_error(grpc.StatusCode.UNKNOWN, "invalid name abc")
        assert upstream_status(error).message == "invalid name abc"

    @pytest.mark.parametrize("trailers", [(), (("x-request-id", "r-1"),)])
    def test_unavailable_forbids_another_attempt(self, trailers: Any) -> None:
        error = upstream_error(grpc.StatusCode.UNAVAILABLE, "gone", *trailers)
        assert PUSHBACK in upstream_status(error).trailers

    def test_other_codes_do_not(self) -> None:
        error = upstream_error(grpc.StatusCode.RESOURCE_EXHAUSTED)
        assert PUSHBACK not in upstream_status(error).trailers

    def test_a_status_without_a_message_has_none(self) -> None:
        error = upstream_error(grpc.StatusCode.ABORTED, None, ("x-request-id", "r-1"))
        assert upstream_status(error).message == ""


class TestMapErrors:
    async def test_a_chosen_status_is_left_as_it_is(self) -> None:
        error = RpcStatusError(grpc.StatusCode.ABORTED, "no")
        assert await mapped(error) is error

    async def test_an_upstreams_error_becomes_its_status(self) -> None:
        error = await mapped(upstream_error(grpc.StatusCode.NOT_FOUND, "no such user"))
        assert isinstance(error, RpcStatusError)
        assert (error.code, error.message) == (grpc.StatusCode.NOT_FOUND, "no such user")

    async def test_an_unexpected_exception_is_internal_and_opaque(self) -> None:
        error = await mapped(KeyError("password"))
        assert isinstance(error, RpcStatusError)
        assert error.code is grpc.StatusCode.INTERNAL
        assert "password" not in error.message
        assert "r-1" in error.message
        assert "KeyError: 'password'" in (error.diagnosis or "")
        assert "Traceback" in (error.diagnosis or "")

    async def test_a_cancellation_is_left_as_it_is(self) -> None:
        error = asyncio.CancelledError()
        assert await mapped(error) is error


class TestEndWithStatus:
    async def test_a_status_ends_the_call_with_the_request_id(self) -> None:
        async def handler(_: Call) -> NoReturn:
            raise RpcStatusError(grpc.StatusCode.ABORTED, "no", (("key", "value"),))

        call = make_call(request_id="r-1")
        with pytest.raises(grpc.aio.AbortError):
            await end_with_status(handler)(call)
        context: Any = call.context
        assert isinstance(context, ArrivingContext)
        trailers = (("x-request-id", "r-1"), ("key", "value"))
        assert context.aborted == (grpc.StatusCode.ABORTED, "no", trailers)

    async def test_an_answer_is_passed_on(self) -> None:
        async def handler(call: Call) -> bytes:
            return call.request

        assert await end_with_status(handler)(make_call(request=b"it")) == b"it"


def test_bytes_that_are_no_message_are_internal() -> None:
    error = undecodable(DecodeError("at byte 7"))
    assert error.code is grpc.StatusCode.INTERNAL
    assert "at byte 7" not in error.message
    assert error.diagnosis == "at byte 7"
