"""What a peer may make this process do, hold and wait for."""

from __future__ import annotations

from dataclasses import dataclass

from wire.http2.frames import DEFAULT_WINDOW, LARGEST_WINDOW

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something may happen: `burst` times at once, then `per_second`."""

    burst: int
    per_second: float


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a server or a channel. The defaults fit a process of 256 MiB.

    Sizes are bytes, times are seconds. A time of `None` is without limit. Fields that say "server"
    mean nothing to a channel.
    """

    max_message_bytes: int = 4 * MIB
    """A received message, before and after decompression, and a server's response.

    RESOURCE_EXHAUSTED beyond.
    """

    max_header_block: int = 32 * KIB
    """The HPACK bytes of one header block. The connection ends beyond."""
    max_header_list: int = 16 * KIB
    """A header list, decoded, by RFC 9113 section 10.5.1. Announced. The stream ends beyond."""
    max_continuations: int = 8
    """CONTINUATION frames of one header block. The connection ends beyond."""

    max_concurrent_streams: int = 1000
    """Announced to a peer. A stream beyond is refused with REFUSED_STREAM (server)."""
    initial_window: int = 1 * MIB
    """Bytes a peer may send on a stream before they are taken."""
    connection_window: int = 4 * MIB
    """Bytes a peer may send on a connection before they are seen."""

    max_stream_queue: int = 64 * KIB
    """Bytes queued on one stream before its writer waits."""
    max_unwritten: int = 1 * MIB
    """Bytes of frames unread by the peer. The connection ends beyond."""

    max_connections: int = 1000
    """Connections in all. One beyond is closed at once (server)."""
    max_bytes_in_flight: int = 48 * MIB
    """Bytes of requests and responses held by the whole server. RESOURCE_EXHAUSTED beyond.

    A request is held as bytes, as a message and as what the servicer makes of it. A process
    takes up to four times this, and its own 50 MiB.
    """

    handshake_timeout: float = 10.0
    """Until TLS, the preface and the first SETTINGS are through."""
    max_connection_idle: float | None = 300.0
    """A connection without a call is closed after this time, with GOAWAY (server)."""
    max_connection_age: float | None = None
    """A connection is closed after this time, with GOAWAY, give or take a tenth (server)."""
    max_connection_age_grace: float = 30.0
    """What calls on such a connection may still take (server)."""
    request_timeout: float = 30.0
    """From the headers of a call to its first message, or its end (server)."""
    max_wait: float = 0.4
    """From a call's arrival until it is begun; RESOURCE_EXHAUSTED beyond (server)."""
    max_call_duration: float | None = None
    """The longest time of a call, whatever deadline its caller gives (server)."""
    stalled_timeout: float = 60.0
    """A peer that takes none of its waiting bytes for this time loses its connection."""
    keepalive_interval: float | None = 60.0
    """A connection silent for this time is sent a PING."""
    keepalive_timeout: float = 20.0
    """A PING not acknowledged in this time closes the connection."""

    resets: Rate = Rate(burst=1200, per_second=100.0)
    """Streams reset by the peer, or through its fault. GOAWAY ENHANCE_YOUR_CALM beyond.

    An honest caller may cancel all of its concurrent streams at once. It may reset a closed stream
    for each DATA frame that was on its way.
    """
    pings: Rate = Rate(burst=100, per_second=10.0)
    """PING frames without traffic between them."""
    settings: Rate = Rate(burst=50, per_second=1.0)
    priorities: Rate = Rate(burst=1000, per_second=100.0)
    window_updates: Rate = Rate(burst=2000, per_second=500.0)
    """WINDOW_UPDATE frames by less than 1 KiB, or for no open stream."""
    empty_frames: Rate = Rate(burst=100, per_second=10.0)
    """DATA without bytes and without END_STREAM."""
    unknown_frames: Rate = Rate(burst=100, per_second=10.0)

    def __post_init__(self) -> None:
        """Refuses windows that HTTP/2 does not have (RFC 9113, sections 6.5.2 and 6.9.2).

        Raises:
          ValueError: a window is one of those.
        """
        if not 0 <= self.initial_window <= LARGEST_WINDOW:
            raise ValueError(f"initial_window is not from 0 to {LARGEST_WINDOW}")
        if not DEFAULT_WINDOW <= self.connection_window <= LARGEST_WINDOW:
            # It begins with this, whatever a peer is told later.
            raise ValueError(f"connection_window is not from {DEFAULT_WINDOW} to {LARGEST_WINDOW}")
