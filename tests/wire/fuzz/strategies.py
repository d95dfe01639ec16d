"""Input of a peer, for hypothesis: calls, right frames, wrong frames, and noise."""

from hypothesis import Phase
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.wire.conformance import frames
from tests.wire.conformance.frames import PREFACE

bounded = hypothesis_settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=300,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    report_multiple_bugs=False,
)

streams = st.sampled_from([1, 3, 5, 7, 9, 0, 2, 2**31 - 1])
codes = st.integers(min_value=0, max_value=14)
bodies = st.binary(max_size=60)
sizes = st.integers(min_value=0, max_value=2**32 - 1)
names = st.sampled_from([b"x-a", b"te", b"content-length", b"X-A", b":path", b"connection", b""])
values = st.sampled_from([b"1", b"trailers", b"10", b"", b"a\nb", b"v" * 200])
more_fields = st.lists(st.tuples(names, values), max_size=3)
blocks = st.one_of(
    more_fields.map(lambda more: frames.request(*more)),
    more_fields.map(frames.block),
    st.binary(max_size=30),
)

wrong_frames = st.one_of(
    st.builds(
        frames.frame, st.integers(0, 12), st.integers(0, 255), streams, st.binary(max_size=40)
    ),
    st.builds(frames.data, streams, bodies),
    st.builds(frames.headers, streams, blocks),
    st.builds(frames.continuation, streams, blocks),
    st.builds(frames.rst_stream, streams, codes),
    st.builds(frames.priority, streams, streams),
    st.builds(frames.window_update, streams, sizes),
    st.builds(frames.settings, st.lists(st.tuples(st.integers(0, 8), sizes), max_size=3)),
    st.builds(frames.goaway, streams, codes, bodies),
    st.binary(max_size=30),
)
"""Wrong or doubtful frames, and noise."""

control_frames = st.one_of(
    st.builds(frames.ping, st.binary(min_size=8, max_size=8)),
    st.builds(frames.window_update, st.just(0), st.integers(1, 9999)),
    st.builds(frames.frame, st.integers(16, 255), st.integers(0, 255), streams, bodies),
    st.builds(
        frames.settings,
        st.lists(
            st.sampled_from([(4, 0), (4, 5), (4, 65_535), (1, 0), (1, 4096), (3, 1), (5, 16_384)]),
            max_size=3,
        ),
    ),
)

GREETING = PREFACE + frames.settings()
STEPS = ["call"] * 5 + ["begin"] * 3 + ["body"] * 3 + ["end", "end", "reset", "update", "control"]
STRANGE = ["wrong", "odd field"]


@st.composite
def conversations(draw: st.DrawFn) -> bytes:
    """Input of a client: mostly valid calls, and now and then others."""
    conversation = _Conversation(draw)
    steps = draw(st.lists(st.sampled_from(STEPS * 2 + STRANGE), max_size=25))
    return GREETING + b"".join(conversation.step(step) for step in steps)


class _Conversation:
    """Open streams, and the possible frames on them."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._next = 1
        self._open: list[int] = []

    def step(self, step: str) -> bytes:
        match step:
            case "call":
                return frames.call(self._new(), frames.message(self._draw(bodies)))
            case "begin":
                return self._begin()
            case "odd field":
                return frames.headers(self._new(), frames.request(*self._draw(more_fields)))
            case "control":
                return bytes(self._draw(control_frames))
            case "wrong":
                return bytes(self._draw(wrong_frames))
        return self._on_an_open_stream(step) if self._open else b""

    def _new(self) -> int:
        stream = self._next
        self._next += 2
        return stream

    def _begin(self) -> bytes:
        stream = self._new()
        self._open.append(stream)
        block = frames.request()
        cut = self._draw(st.integers(0, len(block)))
        if cut % 3:
            return frames.headers(stream, block, depends_on=0, padding=cut % 9)
        return frames.headers(stream, block[:cut], end_headers=False) + frames.continuation(
            stream, block[cut:]
        )

    def _on_an_open_stream(self, step: str) -> bytes:
        stream = self._draw(st.sampled_from(self._open))
        if step in ("end", "reset"):
            self._open.remove(stream)
        match step:
            case "body":
                return frames.data(stream, self._draw(bodies), end=False, padding=3)
            case "end":
                return frames.data(stream, self._draw(bodies))
            case "reset":
                return frames.rst_stream(stream, self._draw(codes))
        return frames.window_update(stream, 10)


@st.composite
def splits(draw: st.DrawFn, octets: bytes) -> list[bytes]:
    """The octets in pieces, or one by one."""
    if draw(st.booleans()):
        return [octets[at : at + 1] for at in range(len(octets))]
    places = sorted(draw(st.lists(st.integers(0, len(octets)), max_size=12)))
    return [octets[a:b] for a, b in zip([0, *places], [*places, len(octets)], strict=True)]
