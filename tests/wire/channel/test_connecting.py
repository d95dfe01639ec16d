"""A channel connects: states, error texts, policies, new connections."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import grpc
import pytest

from tests.wire.channel.scripted_server import Peer, reserved_port, respond_to_all, serving
from wire.channel import ChannelOptions, channel
from wire.errors import TransportError

_PATH = "/test.Service/Method"
_ROUND_ROBIN: dict[str, Any] = {"loadBalancingConfig": [{"round_robin": {}}]}


def _options() -> ChannelOptions:
    return ChannelOptions(service_config=_ROUND_ROBIN, initial_backoff=0.01, max_backoff=0.02)


@pytest.fixture
def port() -> Iterator[int]:
    with reserved_port() as reserved:
        yield reserved


async def test_a_channel_is_idle_until_it_is_called() -> None:
    async with serving(respond_to_all) as server, channel(server.target) as opened:
        assert opened.get_state() is grpc.ChannelConnectivity.IDLE
        assert opened.last_error is None

        assert await opened.unary_unary(_PATH)(b"") == b"response"
        assert opened.get_state() is grpc.ChannelConnectivity.READY


async def test_a_change_of_state_can_be_waited_for() -> None:
    async with serving(respond_to_all) as server, channel(server.target) as opened:
        waiting = asyncio.ensure_future(opened.wait_for_state_change(grpc.ChannelConnectivity.IDLE))
        await asyncio.sleep(0)
        assert not waiting.done()
        await opened.channel_ready()
        await waiting


async def test_an_impatient_call_fails_with_the_reason(port: int) -> None:
    target = f"127.0.0.1:{port}"
    async with channel(target) as opened:
        with pytest.raises(TransportError) as caught:
            await opened.unary_unary(_PATH)(b"")

        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert target not in (caught.value.details() or "")
        assert caught.value.debug_error_string() == f"{target}: connection refused"
        assert opened.last_error == f"{target}: connection refused"


async def test_a_patient_call_waits_for_the_server(port: int) -> None:
    async with channel(f"127.0.0.1:{port}", options=_options()) as opened:
        call = opened.unary_unary(_PATH)(b"", timeout=10, wait_for_ready=True)
        while opened.get_state() is not grpc.ChannelConnectivity.TRANSIENT_FAILURE:
            await opened.wait_for_state_change(opened.get_state())
        async with serving(respond_to_all, port=port):
            assert await call == b"response"


async def test_a_patient_calls_deadline_names_the_reason(port: int) -> None:
    async with channel(f"127.0.0.1:{port}") as opened:
        with pytest.raises(TransportError) as caught:
            await opened.unary_unary(_PATH)(b"", timeout=0.1, wait_for_ready=True)

    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert "connection refused" in (caught.value.debug_error_string() or "")


async def _speak_http1(peer: Peer) -> None:
    peer.raw(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


async def _close(peer: Peer) -> None:
    peer.is_deaf = True
    await peer.changed.wait()
    peer.transport.close()


async def _say_nothing(peer: Peer) -> None:
    peer.is_deaf = True
    await peer.lost.wait()


@pytest.mark.parametrize(
    ("script", "seconds", "words"),
    [
        (_speak_http1, 20.0, "the server speaks HTTP/1"),
        (_close, 20.0, "the peer closed the connection"),
        (_say_nothing, 0.2, "the connection timed out"),
    ],
)
async def test_a_server_that_is_none_is_named(
    script: Callable[[Peer], Awaitable[None]], seconds: float, words: str
) -> None:
    options = ChannelOptions(connect_timeout=seconds)
    async with serving(script) as server, channel(server.target, options=options) as opened:
        with pytest.raises(TransportError) as caught:
            await opened.unary_unary(_PATH)(b"")

    assert caught.value.debug_error_string() == f"{server.target}: {words}"


async def test_a_name_that_does_not_exist_is_named() -> None:
    async with channel("dns:///name.invalid:9000") as opened:
        with pytest.raises(TransportError) as caught:
            await opened.unary_unary(_PATH)(b"")

    assert "name.invalid" in (caught.value.debug_error_string() or "")


async def test_a_name_is_resolved() -> None:
    async with serving(respond_to_all) as server, channel(f"localhost:{server.port}") as opened:
        assert await opened.unary_unary(_PATH)(b"", timeout=10) == b"response"


@pytest.fixture
def socket_path() -> Iterator[Path]:
    # A socket's path has at most 107 bytes, and pytest's folders may be longer.
    with TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder) / "socket"


async def test_a_unix_socket_is_called(socket_path: Path) -> None:
    peers: list[Peer] = []

    def connect() -> Peer:
        peers.append(Peer(respond_to_all))
        return peers[-1]

    listener = await asyncio.get_running_loop().create_unix_server(connect, socket_path)
    async with channel(f"unix:{socket_path}") as opened:
        assert await opened.unary_unary(_PATH)(b"", timeout=10) == b"response"
        assert peers[0].requests[1].headers[b":authority"] == b"localhost"
    listener.close()
    peers[0].stop()


async def test_round_robin_shares_the_calls() -> None:
    async with serving(respond_to_all) as one, serving(respond_to_all) as two:
        target = f"ipv4:{one.target},{two.target}"
        async with channel(target, options=_options()) as opened:
            method = opened.unary_unary(_PATH)
            while not (one.peers and two.peers):
                await method(b"", timeout=10)
            before = [len(server.peers[0].requests) for server in (one, two)]
            await asyncio.gather(*[method(b"", timeout=10) for _ in range(20)])
            after = [len(server.peers[0].requests) for server in (one, two)]

    assert abs((after[0] - before[0]) - (after[1] - before[1])) <= 2


async def test_pick_first_takes_the_first_that_responds(port: int) -> None:
    async with serving(respond_to_all) as one, serving(respond_to_all) as two:
        target = f"ipv4:127.0.0.1:{port},{one.target},{two.target}"
        async with channel(target) as opened:
            method = opened.unary_unary(_PATH)
            for _ in range(5):
                assert await method(b"", timeout=10) == b"response"

    assert len(one.peers[0].requests) == 5
    assert not two.peers


async def test_pick_first_continues_with_another_address() -> None:
    async with serving(respond_to_all) as two:
        async with serving(respond_to_all) as one:
            opened = channel(f"ipv4:{one.target},{two.target}")
            method = opened.unary_unary(_PATH)
            assert await method(b"", timeout=10) == b"response"
        assert await _eventually_answered(method) == b"response"
        assert two.peers
        await opened.close()


async def _eventually_answered(method: Callable[..., Awaitable[bytes]]) -> bytes:
    while True:
        try:
            return await method(b"", timeout=10, wait_for_ready=True)
        except TransportError as error:
            # The call was in flight when the server stopped.
            assert error.code() is grpc.StatusCode.UNAVAILABLE  # noqa: PT017


async def test_a_server_that_restarts_is_found_again(port: int) -> None:
    async with channel(f"127.0.0.1:{port}", options=_options()) as opened:
        method = opened.unary_unary(_PATH)
        for _ in range(3):
            async with serving(respond_to_all, port=port):
                assert await _eventually_answered(method) == b"response"


async def test_a_name_is_resolved_again_where_a_connection_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving(respond_to_all) as one, serving(respond_to_all) as two:
        found = [one]
        looked_up = asyncio.Event()
        loop = asyncio.get_running_loop()

        def look_up(host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
            assert (host, port) == ("orc2.example", 9001)
            loop.call_soon_threadsafe(looked_up.set)
            return [(0, 0, 0, "", ("127.0.0.1", server.port)) for server in found]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        options = ChannelOptions(service_config=_ROUND_ROBIN, resolution_interval=0.01)
        async with channel("dns:///orc2.example:9001", options=options) as opened:
            method = opened.unary_unary(_PATH)
            assert await method(b"", timeout=10) == b"response"
            found[:] = [two]
            looked_up.clear()
            one.peers[0].transport.abort()
            await looked_up.wait()
            while not two.peers:
                await _eventually_answered(method)


async def test_a_new_look_up_does_not_cut_a_pause_short(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(_close) as closing, serving(respond_to_all) as server:
        look_ups = iter([[closing], [closing, server]])

        def look_up(host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
            return [(0, 0, 0, "", ("127.0.0.1", found.port)) for found in next(look_ups)]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        options = ChannelOptions(initial_backoff=60, max_backoff=60, resolution_interval=0.01)
        async with channel("dns:///orc2.example:9001", options=options) as opened:
            call = opened.unary_unary(_PATH)(b"", timeout=10, wait_for_ready=True)
            assert await call == b"response"
            assert len(closing.peers) == 1


async def test_pick_first_passes_over_an_address_in_its_pause(port: int) -> None:
    async with serving(respond_to_all) as server:
        options = ChannelOptions(initial_backoff=60, max_backoff=60)
        target = f"ipv4:127.0.0.1:{port},{server.target}"
        async with channel(target, options=options) as opened:
            assert await opened.unary_unary(_PATH)(b"", timeout=10) == b"response"
            server.peers[0].transport.abort()
            await opened.wait_for_state_change(grpc.ChannelConnectivity.READY)
            state = opened.get_state(try_to_connect=True)
            assert state is grpc.ChannelConnectivity.CONNECTING


async def test_the_end_of_any_pause_begins_another_round(port: int) -> None:
    async with serving(_close, respond_to_all) as server:
        options = ChannelOptions(initial_backoff=60, max_backoff=60)
        target = f"ipv4:{server.target},127.0.0.1:{port}"
        async with channel(target, options=options) as opened:
            assert await opened.unary_unary(_PATH)(b"").code() is grpc.StatusCode.UNAVAILABLE
            policy: Any = opened._dispatcher._policy  # noqa: SLF001 - pauses are long.
            first = policy._subchannels[0]  # noqa: SLF001 - as above.
            first._next_attempt = 0  # noqa: SLF001 - its pause is over, and the other's is not.
            first._may_connect_again()  # noqa: SLF001 - as above.
            call = opened.unary_unary(_PATH)(b"", timeout=10, wait_for_ready=True)
            assert await call == b"response"


async def test_a_look_up_without_a_thread_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start
    failures = iter([RuntimeError("can't start new thread")])

    def start_later(thread: threading.Thread) -> None:
        if (failure := next(failures, None)) is not None:
            raise failure
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_later)
    options = ChannelOptions(resolution_interval=0.01)
    async with (
        serving(respond_to_all) as server,
        channel(f"localhost:{server.port}", options=options) as opened,
    ):
        call = opened.unary_unary(_PATH)(b"", timeout=10, wait_for_ready=True)
        assert await call == b"response"
        assert "can't start new thread" in (opened.last_error or "")


async def test_round_robin_continues_while_a_replica_is_away(port: int) -> None:
    async with serving(respond_to_all) as alive:
        target = f"ipv4:127.0.0.1:{port},{alive.target}"
        async with channel(target, options=_options()) as opened:
            method = opened.unary_unary(_PATH)
            for _ in range(10):
                assert await method(b"", timeout=10) == b"response"
            assert opened.get_state() is grpc.ChannelConnectivity.READY


async def test_pick_first_begins_anew_when_all_have_failed(port: int) -> None:
    # Nobody listens on port 1.
    target = f"ipv4:127.0.0.1:{port},127.0.0.1:1"
    options = ChannelOptions(initial_backoff=0.01, max_backoff=0.02)
    async with channel(target, options=options) as opened:
        method = opened.unary_unary(_PATH)
        with pytest.raises(TransportError):
            await method(b"", timeout=10)
        async with serving(respond_to_all, port=port):
            assert await method(b"", timeout=10, wait_for_ready=True) == b"response"


async def test_a_silent_address_holds_up_no_other() -> None:
    async with serving(_say_nothing) as silent, serving(respond_to_all) as server:
        target = f"ipv4:{silent.target},{server.target}"
        async with channel(target) as opened:
            assert await opened.unary_unary(_PATH)(b"", timeout=10) == b"response"
            assert await opened.unary_unary(_PATH)(b"", timeout=10) == b"response"
            await asyncio.wait_for(silent.peers[0].lost.wait(), 10)
            assert len(server.peers) == 1


async def test_a_closed_channel_leaves_no_socket_open(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[asyncio.Transport] = []
    loop = asyncio.get_running_loop()
    connect = loop.create_connection

    async def connect_and_note(*arguments: Any, **options: Any) -> Any:
        transport, protocol = await connect(*arguments, **options)
        made.append(transport)
        return transport, protocol

    monkeypatch.setattr(loop, "create_connection", connect_and_note)
    async with serving(respond_to_all) as server, channel(server.target) as opened:
        assert await opened.unary_unary(_PATH)(b"", timeout=10) == b"response"
        await opened.close()
        # asyncio.run may end the loop now.
        assert [transport.get_extra_info("socket").fileno() for transport in made] == [-1]


async def test_a_closed_channel_changes_no_more() -> None:
    opened = channel("127.0.0.1:1")
    await opened.close()
    with pytest.raises(grpc.aio.UsageError):
        await asyncio.wait_for(opened.wait_for_state_change(grpc.ChannelConnectivity.SHUTDOWN), 10)


async def test_a_closed_channel_is_not_waited_for(port: int) -> None:
    opened = channel(f"127.0.0.1:{port}")
    waiting = asyncio.ensure_future(opened.channel_ready())
    call = opened.unary_unary(_PATH)(b"", wait_for_ready=True)
    await asyncio.sleep(0)
    await opened.close()

    with pytest.raises(grpc.aio.UsageError):
        await waiting
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_an_old_connections_end_does_not_hurt_a_new_one() -> None:
    """The old one drains, and ends while the new one waits for its SETTINGS."""

    async def draining(peer: Peer) -> None:
        peer.greet()
        await peer.request()
        # GOAWAY with 2^31-1 as the last stream: the request is still answered.
        peer.raw(bytes.fromhex("0000080700000000007fffffff00000000"))
        await waiting.wait()
        peer.transport.abort()
        await peer.lost.wait()
        gone.set()

    async def slow(peer: Peer) -> None:
        connected.set()
        await gone.wait()
        await respond_to_all(peer)

    connected, waiting, gone = asyncio.Event(), asyncio.Event(), asyncio.Event()
    async with (
        serving(draining, slow) as server,
        channel(server.target, options=_options()) as opened,
    ):
        method = opened.unary_unary(_PATH)
        lost = method(b"", timeout=10)
        await connected.wait()
        call = method(b"", timeout=10, wait_for_ready=True)
        waiting.set()

        assert await lost.code() is grpc.StatusCode.UNAVAILABLE
        assert await call == b"response"
        assert len(server.peers) == 2
