"""From exceptions to statuses."""

from typing import Any

from rpc.core.errors import RpcStatusError
from rpc.core.metadata_keys import STATUS_DETAILS
from rpc.interceptors.interceptor import ServerInterceptor
from rpc.interceptors.interceptor_chain import InterceptorChain
from rpc.interceptors.status_mapping import StatusMapping, upstream_status
from rpc.transports.grpcio.texts import is_local

import grpc
import pytest

from tests.support.calls import make_call

PUSHBACK = ("grpc-retry-pushback-ms", "-1")
GRPCS_OWN_TEXT = "ipv4:10.0.0.7:9001: connection refused"


def upstream_error(
    code: grpc.StatusCode, details: str | None = GRPCS_OWN_TEXT, *trailers: tuple[str, str | bytes]
) -> grpc.aio.AioRpcError:
    received = grpc.aio.Metadata(*trailers)
    return grpc.aio.AioRpcError(
        code, grpc.aio.Metadata(), received, details, "debug: " + GRPCS_OWN_TEXT
    )


def status_of(error: grpc.aio.AioRpcError) -> RpcStatusError:
    return upstream_status(error, is_local=is_local(error))


def mapped(error: Exception) -> RpcStatusError | None:
    return StatusMapping(is_local).failed(make_call(request_id="r-1"), error)


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL])
def test_the_log_names_the_upstream(code: grpc.StatusCode) -> None:
    mapping = StatusMapping(is_local, upstreams=lambda: "orc2 at 10.0.0.7:9001: connected")
    status = mapping.failed(make_call(request_id="r-1"), upstream_error(code))
    assert status.diagnosis == f"debug: {GRPCS_OWN_TEXT}; orc2 at 10.0.0.7:9001: connected"
    assert "10.0.0.7" not in status.message


class TestUpstreamStatus:
    def test_a_status_of_the_upstreams_goes_back_unchanged(self) -> None:
        request_id, details = ("x-request-id", "r-1"), (STATUS_DETAILS, b"\x08\x03")
        code = grpc.StatusCode.INVALID_ARGUMENT
        error = upstream_error(code, "too short", request_id, details)
        status = status_of(error)
        assert (status.code, status.message) == (code, "too short")
        assert status.trailers == ((STATUS_DETAILS, b"\x08\x03"),)
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
    def test_a_status_of_this_side_has_the_cause_but_no_address(
        self, code: grpc.StatusCode, grpcs_text: str
    ) -> None:
        status = status_of(upstream_error(code, grpcs_text))
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
    def test_an_upstream_status_without_trailers_goes_back_unchanged(
        self, code: grpc.StatusCode
    ) -> None:
        status = status_of(upstream_error(code, "the quota of tenant 7 is used up"))
        assert (status.code, status.message) == (code, "the quota of tenant 7 is used up")

    def test_a_refusal_of_the_reference_goes_back_without_trailers(self) -> None:
        error = upstream_error(grpc.StatusCode.UNKNOWN, "invalid name abc")
        assert status_of(error).message == "invalid name abc"

    @pytest.mark.parametrize("trailers", [(), (("x-request-id", "r-1"),)])
    def test_unavailable_forbids_another_attempt(self, trailers: Any) -> None:
        error = upstream_error(grpc.StatusCode.UNAVAILABLE, "gone", *trailers)
        assert PUSHBACK in status_of(error).trailers

    def test_other_codes_do_not(self) -> None:
        error = upstream_error(grpc.StatusCode.RESOURCE_EXHAUSTED)
        assert PUSHBACK not in status_of(error).trailers

    def test_a_status_without_a_message_has_none(self) -> None:
        error = upstream_error(grpc.StatusCode.ABORTED, None, ("x-request-id", "r-1"))
        assert status_of(error).message == ""


class TestStatusMapping:
    def test_a_chosen_status_is_left_as_it_is(self) -> None:
        error = RpcStatusError(grpc.StatusCode.ABORTED, "no")
        assert mapped(error) is error

    def test_an_upstreams_error_becomes_its_status(self) -> None:
        error = mapped(upstream_error(grpc.StatusCode.NOT_FOUND, "no such user"))
        assert isinstance(error, RpcStatusError)
        assert (error.code, error.message) == (grpc.StatusCode.NOT_FOUND, "no such user")

    def test_an_unexpected_exception_is_internal_and_opaque(self) -> None:
        with pytest.raises(KeyError) as raised:
            raise KeyError("password")
        error = mapped(raised.value)
        assert isinstance(error, RpcStatusError)
        assert error.code is grpc.StatusCode.INTERNAL
        assert "password" not in error.message
        assert "r-1" in error.message
        assert "KeyError: 'password'" in (error.diagnosis or "")
        assert "Traceback" in (error.diagnosis or "")

    def test_of_a_task_groups_statuses_the_first_is_taken(self) -> None:
        first = RpcStatusError(grpc.StatusCode.ABORTED, "no")
        second = upstream_error(grpc.StatusCode.NOT_FOUND, "no such user")
        assert mapped(ExceptionGroup("", [ExceptionGroup("", [first]), second])) is first
        status = mapped(ExceptionGroup("", [second, first]))
        assert status is not None
        assert (status.code, status.message) == (grpc.StatusCode.NOT_FOUND, "no such user")

    def test_a_group_with_an_unexpected_exception_is_internal(self) -> None:
        refusal = RpcStatusError(grpc.StatusCode.ABORTED, "no")
        status = mapped(ExceptionGroup("", [refusal, KeyError("password")]))
        assert status is not None
        assert status.code is grpc.StatusCode.INTERNAL
        assert "KeyError: 'password'" in (status.diagnosis or "")


class TestChainFailure:
    def test_a_program_can_map_its_own_exceptions(self) -> None:
        class Absent(ServerInterceptor):
            def failed(self, _: Any, error: Exception) -> RpcStatusError | None:
                if isinstance(error, KeyError):
                    return RpcStatusError(grpc.StatusCode.NOT_FOUND, "no such user")
                return None

        chain = InterceptorChain([StatusMapping(is_local), Absent()])
        status = chain.failure(make_call(), KeyError("name"))
        assert (status.code, status.message) == (grpc.StatusCode.NOT_FOUND, "no such user")
        assert chain.failure(make_call(), ValueError()).code is grpc.StatusCode.INTERNAL

    def test_a_mapping_that_fails_itself_is_opaque(self) -> None:
        class Broken(ServerInterceptor):
            def failed(self, _: Any, error: Exception) -> RpcStatusError | None:
                raise KeyError("password") from error

        for chain in (
            InterceptorChain([StatusMapping(is_local), Broken()]),
            InterceptorChain([Broken()]),
        ):
            status = chain.failure(make_call(), ValueError("secret"))
            assert status.code is grpc.StatusCode.INTERNAL
            assert "password" not in status.message
            assert "KeyError: 'password'" in (status.diagnosis or "")

    def test_a_chain_that_maps_nothing_is_opaque_all_the_same(self) -> None:
        status = InterceptorChain([]).failure(make_call(), KeyError("password"))
        assert status.code is grpc.StatusCode.INTERNAL
        assert "password" not in status.message
