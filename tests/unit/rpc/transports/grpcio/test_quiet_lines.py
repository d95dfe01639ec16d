"""Harmless errors in gRPC's log."""

import logging

from rpc.transports.grpcio.quiet_lines import quieten

import pytest

LOGGER = logging.getLogger("grpc._cython.cygrpc")


def test_a_caller_that_has_gone_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(2):
        quieten()
    LOGGER.error(
        "ExecuteBatchError raised in core by servicer method [%s]",
        "/s/m",
        exc_info=RuntimeError("failed"),
    )
    (record,) = caplog.records
    assert (record.levelname, record.levelno) == ("INFO", logging.INFO)
    assert record.exc_info is None
    assert record.getMessage().endswith("[/s/m]")


def test_text_that_is_not_utf_8_is_for_debugging(caplog: pytest.LogCaptureFixture) -> None:
    quieten()
    for level in (logging.INFO, logging.DEBUG):
        caplog.set_level(level)
        LOGGER.error("Invalid encoding on %s", b"\xff", exc_info=UnicodeError("why"))
    (record,) = caplog.records
    assert record.levelname == "DEBUG"
    assert record.exc_info is None


def test_another_error_stays_one(caplog: pytest.LogCaptureFixture) -> None:
    quieten()
    LOGGER.error("failed", exc_info=RuntimeError("why"))
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert record.exc_info is not None
