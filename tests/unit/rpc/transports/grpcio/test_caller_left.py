"""What gRPC logs of a caller that has gone."""

import logging

from rpc.transports.grpcio.caller_left import quieten_caller_left

import pytest

LOGGER = logging.getLogger("grpc._cython.cygrpc")


def test_a_caller_that_has_gone_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(2):
        quieten_caller_left()
    LOGGER.error(
        "ExecuteBatchError raised in core by servicer method [%s]",
        "/s/m",
        exc_info=RuntimeError("failed"),
    )
    (record,) = caplog.records
    assert (record.levelname, record.levelno) == ("INFO", logging.INFO)
    assert record.exc_info is None
    assert record.getMessage().endswith("[/s/m]")


def test_another_error_stays_one(caplog: pytest.LogCaptureFixture) -> None:
    quieten_caller_left()
    LOGGER.error("failed", exc_info=RuntimeError("why"))
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert record.exc_info is not None
