"""For any h2 settings of a server, a channel's requests arrive, and its responses return."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, RequestReceived, StreamEnded
from h2.settings import SettingCodes
from h2.settings import Settings as LocalSettings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.wire.fuzz.strategies import bounded
from wire.channel import Channel, channel

Settings = dict[SettingCodes, int]
_WINDOW = SettingCodes.INITIAL_WINDOW_SIZE
HEAD = [(":status", "200"), ("content-type", "application/grpc")]
OK = [("grpc-status", "0")]

settings_of_a_server = st.builds(
    lambda window, table, frame_size, streams: {
        SettingCodes.INITIAL_WINDOW_SIZE: window,
        SettingCodes.HEADER_TABLE_SIZE: table,
        SettingCodes.MAX_FRAME_SIZE: frame_size,
        SettingCodes.MAX_CONCURRENT_STREAMS: streams,
    },
    st.sampled_from([1_000, 65_535, 1 << 20]),
    st.sampled_from([0, 100, 4096, 65_536]),
    st.sampled_from([16_384, 100_000]),
    st.sampled_from([1, 3, 100]),
)
metadata = st.lists(
    st.tuples(
        st.sampled_from(["x-a", "x-request-id", "x-bin-not"]),
        st.from_regex(r"[!-~]{1,30}", fullmatch=True),
    ),
    max_size=4,
)
calls = st.lists(
    st.tuples(st.sampled_from(["A", "B", "C"]), metadata, st.integers(0, 150_000)),
    min_size=1,
    max_size=8,
)


class Server(asyncio.Protocol):
    """The h2 package's server: answers each request with its body, as the windows allow."""

    def __init__(self, settings: Settings, changed: Settings) -> None:
        self._connection = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self._connection.local_settings = LocalSettings(client=False, initial_values=settings)
        self._connection.max_inbound_frame_size = settings[SettingCodes.MAX_FRAME_SIZE]
        self._changed: dict[SettingCodes | int, int] = {
            # The package stalls when a window in use shrinks. It counts frames right
            # behind an ACK against the size of before.
            _WINDOW: max(settings[_WINDOW], changed[_WINDOW]),
            SettingCodes.HEADER_TABLE_SIZE: changed[SettingCodes.HEADER_TABLE_SIZE],
            SettingCodes.MAX_CONCURRENT_STREAMS: changed[SettingCodes.MAX_CONCURRENT_STREAMS],
        }
        self._bodies: dict[int, bytes] = {}
        self._responses: dict[int, bytes] = {}
        self.requests: list[dict[str, str]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # No isinstance: uvloop's are no subclass of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._connection.initiate_connection()
        self._transport.write(self._connection.data_to_send())

    def data_received(self, octets: bytes) -> None:
        for event in self._connection.receive_data(octets):
            self._take(event)
        for stream in list(self._responses):
            self._respond(stream)
        self._transport.write(self._connection.data_to_send())

    def _take(self, event: Event) -> None:
        if isinstance(event, RequestReceived):
            self.requests.append({str(name): str(value) for name, value in event.headers})
            self._bodies[event.stream_id] = b""
            if len(self.requests) == 3:
                self._connection.update_settings(self._changed)
        elif isinstance(event, DataReceived):
            self._bodies[event.stream_id] += event.data
            if event.flow_controlled_length:
                self._connection.acknowledge_received_data(
                    event.flow_controlled_length, event.stream_id
                )
        elif isinstance(event, StreamEnded):
            self._connection.send_headers(event.stream_id, HEAD)
            self._responses[event.stream_id] = self._bodies.pop(event.stream_id)

    def _respond(self, stream: int) -> None:
        body = self._responses[stream]
        while body:
            room = min(
                self._connection.local_flow_control_window(stream),
                self._connection.max_outbound_frame_size,
            )
            if room <= 0:
                self._responses[stream] = body
                return
            self._connection.send_data(stream, body[:room])
            body = body[room:]
        del self._responses[stream]
        self._connection.send_headers(stream, OK, end_stream=True)


@asynccontextmanager
async def calling(server: Server) -> AsyncIterator[Channel]:
    listening = await asyncio.get_running_loop().create_server(lambda: server, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        async with channel(f"ipv4:127.0.0.1:{port}") as calls:
            yield calls
    finally:
        listening.close()


async def round_trips(
    server: Server, wanted: list[tuple[str, list[tuple[str, str]], int]], *, at_once: bool
) -> None:
    async with calling(server) as calls:
        under_way = []
        for number, (name, fields, size) in enumerate(wanted):
            method = calls.unary_unary(f"/test.Echo/{name}")
            call = method(bytes((number,)) * size, metadata=fields, timeout=30)
            if not at_once:
                await call
            under_way.append(call)
        for number, (_, _, size) in enumerate(wanted):
            assert await under_way[number] == bytes((number,)) * size
    assert len(server.requests) == len(wanted)
    for (name, fields, _), request in zip(wanted, server.requests, strict=True):
        assert request[":path"] == f"/test.Echo/{name}"
        assert dict(fields).items() <= request.items()


@hypothesis_settings(bounded, max_examples=150)
@given(settings_of_a_server, settings_of_a_server, calls, st.booleans())
def test_channel_gets_back_what_it_sends(
    settings: Settings,
    changed: Settings,
    wanted: list[tuple[str, list[tuple[str, str]], int]],
    at_once: bool,  # noqa: FBT001
) -> None:
    asyncio.run(round_trips(Server(settings, changed), wanted, at_once=at_once))
