"""How a server's connection ends without the loss of a call (RFC 9113, section 6.8)."""

from __future__ import annotations

from time import perf_counter

from wire.http2 import frames
from wire.http2.error_codes import NO_ERROR
from wire.server.answers import Answers

_DRAIN_PING = b"draining"


class Draining(Answers):
    """The end of a connection that still has calls."""

    draining = False
    drain_started = 0.0
    drain_grace = 0.0

    def drain(self, grace: float) -> None:
        """Take no further calls, in two steps (RFC 9113, section 6.8).

        The first GOAWAY lets calls through that are on their way. Once the caller has answered
        the PING behind it, no such call can come any more, and the second one says so.

        Args:
          grace: seconds after which the connection is closed in any case.
        """
        if self.draining or self.ended:
            return
        self.draining = True
        self.drain_grace = grace
        self.drain_started = perf_counter()
        self.send_goaway(frames.LARGEST_STREAM, NO_ERROR, b"the server is going down")
        self.send_ping(_DRAIN_PING)

    def ping_acknowledged(self, payload: bytes) -> None:
        """The caller is alive, or has seen the first GOAWAY."""
        if payload == _DRAIN_PING and self.draining:
            self.finish_draining()

    def finish_draining(self) -> None:
        """Send the second GOAWAY, and close when the last call is answered."""
        if self.goaway_last is None and not self.ended:
            self.send_goaway(self.highest_peer_stream)
            self.close_if_drained()

    def close_if_drained(self) -> None:
        """Close the connection when it is drained and its calls are answered."""
        if self.goaway_last is not None and not self.streams and not self.ended:
            self.close()
