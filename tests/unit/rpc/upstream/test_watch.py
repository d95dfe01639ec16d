"""The state of an upstream's connection, and its observers."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from rpc.transports.choice import transport_named
from rpc.transports.transport import ChannelOptions
from rpc.upstream import watch
from rpc.upstream.channel import UpstreamChannel
from rpc.upstream.service_config import service_config
from rpc.upstream.watch import UpstreamObserver, UpstreamWatch

import grpc
import pytest

from proto import user_pb2, user_pb2_grpc
from services.mock_data import mock_data
from testing.addresses import reserved_address
from testing.in_process import serving
from testing.transports import transport
from testing.waiting import LIMIT_SECONDS, eventually

SERVICE = "user.MockUserDataService"
REQUEST = user_pb2.UserName(name="krithik")
FOREVER = 600.0


class Told(UpstreamObserver):
    """Records its notifications."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.waiting: list[int] = []

    def watched(self, upstream: UpstreamWatch) -> None:
        self.events.append("watched")

    def unusable(self, upstream: UpstreamWatch) -> None:
        self.events.append(f"unusable: {upstream.cause}")

    def still_unusable(self, upstream: UpstreamWatch) -> None:
        self.events.append(f"still unusable: {upstream.cause}")
        self.waiting.append(upstream.waiting)

    def usable(self, upstream: UpstreamWatch, seconds: float) -> None:
        self.events.append("usable")


class Watched:
    """A channel to a target, with all its observers.

    `told` is notified last, after the given observers.
    """

    def __init__(self, target: str, *observers: UpstreamObserver, keeps_connected: bool) -> None:
        carrier = transport_named(transport())
        options = ChannelOptions(
            target=target,
            tls=None,
            service_config=service_config(SERVICE),
            max_message_bytes=65536,
        )
        self.channel = carrier.channel(options)
        self.told = Told()
        self.watch = UpstreamWatch(
            "mock_data",
            target,
            self.channel,
            lambda: carrier.why_unusable(self.channel),
            [*observers, self.told],
            keeps_connected=keeps_connected,
        )
        self.upstream = UpstreamChannel(self.channel, FOREVER, watch=self.watch)
        self.stub = user_pb2_grpc.MockUserDataServiceStub(cast("grpc.aio.Channel", self.upstream))

    def call(self, seconds: float = LIMIT_SECONDS) -> "asyncio.Task[user_pb2.User]":
        async def respond() -> user_pb2.User:
            user: user_pb2.User = await self.stub.GetMockUserData(REQUEST, timeout=seconds)
            return user

        return asyncio.create_task(respond())


@asynccontextmanager
async def watching(
    target: str, *observers: UpstreamObserver, keeps_connected: bool = True
) -> AsyncIterator[Watched]:
    watched = Watched(target, *observers, keeps_connected=keeps_connected)
    try:
        yield watched
    finally:
        await watched.upstream.close()


async def test_a_name_that_is_gone_is_the_cause() -> None:
    async with watching("dns:///no-such-host.invalid:9001") as watched:
        await eventually(lambda: len(watched.told.events) == 2, "the cause is told")
        assert watched.told.events == ["watched", "unusable: the name cannot be resolved"]
        expected = "mock_data at dns:///no-such-host.invalid:9001: the name cannot be resolved, for"
        assert watched.watch.words.startswith(expected)


async def test_nothing_is_connected_to_before_a_call_unless_it_is_kept() -> None:
    with reserved_address() as nobody:
        async with watching(nobody, keeps_connected=False) as watched:
            assert watched.watch.words == f"mock_data at {nobody}: not connected yet"
            await asyncio.sleep(0)
            with pytest.raises(grpc.aio.AioRpcError):
                await watched.call(seconds=0.2)
            await eventually(lambda: len(watched.told.events) == 2, "the cause is told")


async def test_a_server_that_does_not_greet_is_one_without_a_cause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch, "CONNECT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with watching(f"127.0.0.1:{silent.getsockname()[1]}") as watched:
            await eventually(lambda: len(watched.told.events) == 2, "it is told")
            assert watched.told.events[1] == "unusable: no connection yet, and no error"


async def test_the_cause_is_checked_again_with_the_waiting_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch, "LOOK_SECONDS", 0.05)
    with reserved_address() as nobody:
        async with watching(nobody) as watched:
            calls = [watched.call() for _ in range(3)]
            await eventually(lambda: 3 in watched.told.waiting, "three calls wait")
            for call in calls:
                call.cancel()
            await eventually(lambda: watched.watch.waiting == 0, "no call waits")
            assert watched.told.events[-1] == f"still unusable: {nobody}: connection refused"


async def test_what_can_be_used_has_no_line_and_no_waiting_call(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving(mock_data.SERVICE) as server, watching(server.address) as watched:
        assert (await watched.call()).roll == 70
        await eventually(lambda: watched.watch.is_ready, "it is ready")
        assert watched.told.events == ["watched"]
        assert watched.watch.words == f"mock_data at {server.address}: connected"
        assert watched.watch.waiting == 0
    # The end of a watched channel is no error.
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_a_draining_upstream_is_unusable_until_another_serves() -> None:
    with reserved_address() as address:
        async with watching(address) as watched:
            for returns in range(2):
                await eventually(lambda: watched.watch.cause != "", "it is unusable")
                async with serving(mock_data.SERVICE, listen=address, reuse_port=True):
                    await eventually(lambda: watched.watch.is_ready, "it is ready")
                    assert watched.watch.reconnects == returns
            await eventually(lambda: watched.watch.cause != "", "it is unusable")
        assert [event.partition(":")[0] for event in watched.told.events] == [
            "watched",
            *("unusable", "usable", "unusable", "usable", "unusable"),
        ]


async def test_an_observer_that_fails_keeps_no_other_from_hearing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(UpstreamObserver):
        def unusable(self, upstream: UpstreamWatch) -> None:
            raise RuntimeError("broken")

    with reserved_address() as nobody:
        async with watching(nobody, Broken()) as watched:
            await eventually(lambda: len(watched.told.events) == 2, "the other one is told")
    assert "an observer of upstreams failed" in caplog.text
