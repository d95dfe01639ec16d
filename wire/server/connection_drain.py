"""How a server's connection ends without the loss of a call (RFC 9113, section 6.8).

1. PINGs, until no response was given during the round trip of one, or one is not acknowledged.
2. A GOAWAY that names the largest stream number, and a PING. Calls on their way are still answered.
3. A GOAWAY that names the last stream, and the close behind its last response.

The first step is for callers on nghttp2, such as all of Node.js. A program makes its next calls as
it reads responses. Those that nghttp2 has not sent before it reads a GOAWAY fail in the caller, as
refused (`nghttp2_session_check_request_allowed`). So a GOAWAY must not be read together with
responses. No response waits for that: the GOAWAY does.
"""

from __future__ import annotations

from time import perf_counter

from wire.http2 import frames
from wire.http2.error_codes import NO_ERROR
from wire.server.responses import Responses

# Seconds for which a GOAWAY waits, at most, for a round trip without responses. With 64 calls in
# flight on a busy machine it takes up to a second.
_LONGEST_LOOK = 2.0
ACK_TIME = 0.5
"""Seconds that a peer may take to acknowledge a PING of these steps."""

_QUIET_PING = b"is quiet"
_DRAIN_PING = b"draining"


class ConnectionDrain(Responses):
    """The end of a connection that still has calls."""

    draining = False
    _announced_at: float | None = None

    def drain(self, grace: float) -> None:
        """Take no further calls, in the steps of this module.

        Args:
          grace: seconds after which the connection is closed in any case.
        """
        if self.draining or self.ended:
            return
        self.draining = True
        self._grace = grace
        self._longest_look = min(_LONGEST_LOOK, grace / 2)
        self._started = perf_counter()
        self._look_for_quiet()

    def _look_for_quiet(self) -> None:
        self._pinged_at = perf_counter()
        self._responses_at_ping = self.streams_completed
        self.send_ping(_QUIET_PING)

    def ping_acknowledged(self, payload: bytes) -> None:
        """The caller is alive. It has read all that was sent before the PING."""
        if not self.draining:
            return
        if payload == _DRAIN_PING:
            self.finish_draining()
        elif payload == _QUIET_PING and self._announced_at is None:
            if self.streams_completed == self._responses_at_ping:
                self._announce()
            else:
                self._look_for_quiet()

    def _announce(self) -> None:
        """Send the first GOAWAY. Once its PING is acknowledged, no call can be on its way."""
        if self._announced_at is None and not self.ended:
            self._announced_at = perf_counter()
            self.send_goaway(frames.LARGEST_STREAM, NO_ERROR, b"the server is going down")
            self.send_ping(_DRAIN_PING)

    def finish_draining(self) -> None:
        """Send the second GOAWAY, and close when the last call is answered."""
        if self.goaway_last is None and not self.ended:
            self.send_goaway(self.highest_peer_stream)
            self.close_if_drained()

    def close_if_drained(self) -> None:
        """Close the connection when it is drained and its calls are answered."""
        if self.goaway_last is not None and not self.streams and not self.ended:
            self.close()

    def go_on_draining(self, now: float) -> None:
        """Take the step that is due, whatever the peer has acknowledged."""
        if now - self._started > self._grace:
            self.close(NO_ERROR, b"the connection's grace is over")
        elif self._announced_at is not None:
            if now - self._announced_at > ACK_TIME:
                self.finish_draining()
        elif now - self._pinged_at > ACK_TIME or now - self._started > self._longest_look:
            self._announce()
