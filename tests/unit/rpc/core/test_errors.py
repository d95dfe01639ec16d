"""Errors raised by a servicer on purpose."""

from rpc.core.errors import RpcStatusError, invalid_argument
from rpc.core.metadata_keys import STATUS_DETAILS

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2


def test_an_invalid_argument_names_its_field() -> None:
    with pytest.raises(RpcStatusError, match="too short") as raised:
        invalid_argument("name", "too short")
    error = raised.value
    assert (error.code, error.message) == (grpc.StatusCode.INVALID_ARGUMENT, "too short")
    ((key, value),) = error.trailers
    assert key == STATUS_DETAILS
    assert isinstance(value, bytes)
    status = status_pb2.Status.FromString(value)
    assert (status.code, status.message) == (3, "too short")
    detail = error_details_pb2.BadRequest()
    assert status.details[0].Unpack(detail)
    (violation,) = detail.field_violations
    assert (violation.field, violation.description) == ("name", "too short")


def test_an_error_has_nothing_but_what_it_is_given() -> None:
    error = RpcStatusError(grpc.StatusCode.ABORTED, "no")
    assert (error.trailers, error.diagnosis) == ((), None)


def test_details_travel_in_a_status_beside_other_trailers() -> None:
    details = [
        error_details_pb2.ErrorInfo(reason="SOLD_OUT", domain="shop.example"),
        error_details_pb2.Help(),
    ]
    code = grpc.StatusCode.FAILED_PRECONDITION
    error = RpcStatusError(code, "sold out", (("left", "0"),), details=details)
    left, (key, value) = error.trailers
    assert (left, key) == (("left", "0"), STATUS_DETAILS)
    assert isinstance(value, bytes)
    status = status_pb2.Status.FromString(value)
    assert (status.code, status.message) == (9, "sold out")
    info, help_ = error_details_pb2.ErrorInfo(), error_details_pb2.Help()
    assert status.details[0].Unpack(info)
    assert status.details[1].Unpack(help_)
    assert [info, help_] == details
