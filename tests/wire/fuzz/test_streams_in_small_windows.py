"""Streams end whole, however small the windows and queues of both sides."""

import asyncio
from collections.abc import AsyncIterator

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.wire.conformance.echo import serving
from tests.wire.fuzz.strategies import bounded
from wire.channel import ChannelOptions, channel
from wire.http2.limits import Limits

TIME = 30.0

limits = st.builds(
    lambda stream, connection, queue, streams: Limits(
        initial_window=stream,
        connection_window=connection,
        max_stream_queue=queue,
        max_concurrent_streams=streams,
    ),
    st.sampled_from([1000, 65_535, 1 << 20]),
    st.sampled_from([65_535, 100_000, 4 << 20]),
    st.sampled_from([1, 1000, 65_536]),
    st.sampled_from([1, 2, 100]),
)
sizes = st.one_of(st.integers(0, 300), st.sampled_from([16_379, 16_380, 70_000, 200_000]))
chats = st.lists(st.lists(sizes, max_size=6), min_size=1, max_size=4)


async def chat(
    limits_of_server: Limits, limits_of_channel: Limits, wanted: list[list[int]]
) -> None:
    options = ChannelOptions(limits=limits_of_channel)
    async with (
        serving(limits_of_server) as port,
        channel(f"ipv4:127.0.0.1:{port}", options=options) as calls,
    ):
        method = calls.stream_stream("/test.Echo/Chat")

        async def one(number: int, messages: list[int]) -> None:
            async def requests() -> AsyncIterator[bytes]:
                for size in messages:
                    yield bytes((number,)) * size

            responses = [response async for response in method(requests(), timeout=TIME)]
            assert responses == [bytes((number,)) * size for size in messages]

        await asyncio.gather(*(one(number, sizes) for number, sizes in enumerate(wanted)))


@hypothesis_settings(bounded, max_examples=100)
@given(limits, limits, chats)
def test_chats_end_whole(
    limits_of_server: Limits, limits_of_channel: Limits, wanted: list[list[int]]
) -> None:
    asyncio.run(chat(limits_of_server, limits_of_channel, wanted))
