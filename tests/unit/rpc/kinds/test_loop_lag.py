"""A blocking coroutine delays everybody: the log warns, and metrics show the time."""

import time
from functools import partial
from typing import Any

from rpc.telemetry.log_setup import configure_logs

import grpc
import pytest

from testing.in_process import serving
from testing.metrics import metric
from testing.waiting import LIMIT_SECONDS, eventually
from tests.support.logging_setup import logs_restored
from tests.support.streams.streams_pb2 import Request, Response
from tests.support.streams.streams_pb2_grpc import (
    StreamServiceServicer,
    StreamServiceStub,
    add_StreamServiceServicer_to_server,
)
from tests.support.streams.ways import TRANSPORTS

BLOCK_SECONDS = 1.0


class Careless(StreamServiceServicer):
    """Blocks the event loop, against the rules for a coroutine."""

    async def Unary(self, request: Request, context: Any) -> Response:
        time.sleep(BLOCK_SECONDS)  # noqa: ASYNC251  # the mistake that is looked for
        return Response()


class Lines:
    """The stderr of the servers in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self._written = ""

    def have(self, text: str) -> bool:
        """True once their output contains the text."""
        self._written += self._capsys.readouterr().err
        return text in self._written


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_coroutine_that_blocks_is_warned_about(
    transport: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lines, add = Lines(capsys), partial(add_StreamServiceServicer_to_server, Careless())
    with logs_restored():
        configure_logs("test", "json")
        async with (
            serving(add, transport=transport, metrics_address="127.0.0.1:0") as server,
            grpc.aio.insecure_channel(server.address) as channel,
        ):
            await StreamServiceStub(channel).Unary(Request(), timeout=LIMIT_SECONDS)
            await eventually(lambda: lines.have("event loop blocked"), "the log warns")
            assert metric(server, "event_loop_lag_seconds_sum") > BLOCK_SECONDS / 2
