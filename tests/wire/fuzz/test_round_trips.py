"""The h2 package gets its data back, with any window and table sizes."""

import asyncio
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, ResponseReceived, StreamEnded
from h2.settings import SettingCodes, Settings
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.fuzz.recorder import Recorder, settle
from tests.wire.fuzz.strategies import bounded
from wire.http2.fields import Fields
from wire.http2.limits import Limits

names = st.from_regex(r"x-[a-z0-9]{1,20}", fullmatch=True).map(str.encode)
values = st.from_regex(r"([!-~]([ -~]{0,40}[!-~])?)?", fullmatch=True).map(str.encode)
requests = st.lists(
    st.tuples(
        st.lists(st.tuples(names, values), max_size=6), st.integers(min_value=0, max_value=150_000)
    ),
    min_size=1,
    max_size=5,
)
windows = st.sampled_from([1_000, 65_535, 1 << 20])
tables = st.sampled_from([0, 100, 4096, 65_536])
frame_sizes = st.sampled_from([16_384, 100_000])

LIMITS = Limits(initial_window=40_000, connection_window=100_000)
REQUEST: Fields = [
    (b":method", b"POST"),
    (b":scheme", b"http"),
    (b":path", b"/test.Echo/Echo"),
    (b":authority", b"localhost"),
]


@dataclass
class Exchange:
    """A request and its response."""

    fields: Fields
    unsent: bytes
    body: bytes
    response: bytes = b""
    status: bytes | None = None
    ended: bool = False


@dataclass
class Client:
    """The h2 package's client. It sends as its windows allow."""

    connection: H2Connection
    exchanges: dict[int, Exchange] = field(default_factory=dict)

    def begin(self, more: Fields, size: int) -> None:
        stream = self.connection.get_next_available_stream_id()
        body = bytes((stream,)) * size
        self.exchanges[stream] = Exchange(REQUEST + more, body, body)
        self.connection.send_headers(stream, REQUEST + more)

    def send_bodies(self) -> None:
        for stream, exchange in self.exchanges.items():
            while exchange.unsent:
                room = min(
                    self.connection.local_flow_control_window(stream),
                    self.connection.max_outbound_frame_size,
                )
                if room <= 0:
                    break
                self.connection.send_data(stream, exchange.unsent[:room])
                exchange.unsent = exchange.unsent[room:]
            else:
                if exchange.status is None:
                    exchange.status = b""
                    self.connection.end_stream(stream)

    def receive(self, octets: bytes) -> None:
        for event in self.connection.receive_data(octets):
            self._take(event)

    def _take(self, event: Event) -> None:
        if isinstance(event, ResponseReceived):
            self.exchanges[event.stream_id].status = dict(event.headers)[b":status"]
        elif isinstance(event, DataReceived):
            self.exchanges[event.stream_id].response += event.data
            if event.flow_controlled_length:
                self.connection.acknowledge_received_data(
                    event.flow_controlled_length, event.stream_id
                )
        elif isinstance(event, StreamEnded):
            self.exchanges[event.stream_id].ended = True


async def converse(client: Client, server: Recorder) -> None:
    """Passes octets in both directions until neither side has any."""
    while True:
        client.send_bodies()
        octets = client.connection.data_to_send()
        await server.feed([octets] if octets else [])
        await settle()
        written, server.transport.written = server.transport.written, b""
        if not octets and not written:
            return
        client.receive(written)


async def round_trips(
    settings: dict[SettingCodes, int],
    requests: list[tuple[Fields, int]],
    changed: dict[SettingCodes | int, int],
) -> None:
    configuration = H2Configuration(client_side=True, header_encoding=None)
    client = Client(H2Connection(configuration))
    client.connection.local_settings = Settings(client=True, initial_values=settings)
    client.connection.max_inbound_frame_size = settings[SettingCodes.MAX_FRAME_SIZE]
    client.connection.initiate_connection()
    server = Recorder(LIMITS)
    await converse(client, server)
    for number, (more, size) in enumerate(requests):
        client.begin(more, size)
        if number == 1:
            client.connection.update_settings(changed)
    await converse(client, server)
    received = {event[1]: event[2] for event in server.events if event[0] == "headers"}
    for stream, exchange in client.exchanges.items():
        assert received[stream] == exchange.fields
        assert exchange.status == b"200"
        assert exchange.response == exchange.body
        assert exchange.ended


@bounded
@given(windows, tables, frame_sizes, requests, windows, tables)
def test_h2_gets_back_what_it_sends(  # noqa: PLR0913, PLR0917 - one parameter a strategy.
    window: int,
    table: int,
    frame_size: int,
    requests: list[tuple[Fields, int]],
    later_window: int,
    later_table: int,
) -> None:
    settings = {
        SettingCodes.INITIAL_WINDOW_SIZE: window,
        SettingCodes.HEADER_TABLE_SIZE: table,
        SettingCodes.MAX_FRAME_SIZE: frame_size,
    }
    changed: dict[SettingCodes | int, int] = {
        SettingCodes.INITIAL_WINDOW_SIZE: later_window,
        SettingCodes.HEADER_TABLE_SIZE: later_table,
    }
    asyncio.run(round_trips(settings, requests, changed))
