"""A listening socket: without a free descriptor, and in a forked process."""

import asyncio
import multiprocessing
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.wire.server.connection_log import ConnectionLog
from tests.wire.server.service import METHOD, channel_to, serving
from wire.server.observer import ConnectionRefusal


async def _echo(request: bytes, context: Any) -> bytes:
    return request


@contextmanager
def no_descriptors() -> Iterator[None]:
    """Leaves this process only the descriptors already open."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as last:
        resource.setrlimit(resource.RLIMIT_NOFILE, (last.fileno(), limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


async def test_running_out_of_descriptors_is_reported_and_passes() -> None:
    log = ConnectionLog()
    async with serving("unary_unary", _echo, connection_observer=log) as (_, port):
        with ExitStack() as opened:
            # gRPC's threads close descriptors of earlier tests late: some callers find one.
            callers = [opened.enter_context(socket.socket()) for _ in range(16)]
            with no_descriptors():
                for caller in callers:
                    caller.connect(("127.0.0.1", port))
                told = await asyncio.wait_for(log.refused.get(), 10)
            assert told == ("unknown", ConnectionRefusal.NOT_ACCEPTED, "Too many open files")
        async with channel_to(port) as channel:
            assert await channel.unary_unary(METHOD)(b"hello", timeout=10) == b"hello"


async def test_a_stopped_server_takes_no_callers_in_a_forked_process() -> None:
    async with serving("unary_unary", _echo) as (_, port):
        child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
        child.start()
    try:
        with socket.socket() as caller, pytest.raises(ConnectionRefusedError):
            caller.connect(("127.0.0.1", port))
    finally:
        child.kill()
        child.join()
