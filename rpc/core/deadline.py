"""How long a call to an upstream may take, given the deadline of the call it serves."""

import time

MARGIN = 0.01
"""Seconds kept back at each hop, so an upstream's DEADLINE_EXCEEDED still gets home."""

ROUNDING = 0.01
"""Share kept back as well: gRPC rounds a deadline up to two or three digits on the wire."""

MARGIN_SHARE = 0.1
"""The largest share kept back, so a short deadline is not used up by it."""

LONGEST = 1_000_000.0
"""The longest time, in seconds (eleven days): gRPC's clocks overflow with far more."""


def upstream_timeout(expires: float | None, default_timeout: float) -> float:
    """Seconds for a call to an upstream.

    Args:
        expires: when the caller gives up, in seconds of `time.perf_counter`. None means never.
        default_timeout: seconds for a call without a caller's deadline.

    Returns:
        What is left of the caller's time, less a margin. 0 if the time is up, `LONGEST` at most.
    """
    if expires is None:
        return default_timeout
    remaining = expires - time.perf_counter()
    if not 0.0 < remaining < LONGEST:
        remaining = 0.0 if remaining <= 0.0 else LONGEST
    return remaining - margin(remaining)


def margin(seconds: float) -> float:
    """How far, in seconds, the two ends of a call may disagree on a deadline so far away."""
    # Not by min(), which takes as long as all else of this.
    usual, share = MARGIN + seconds * ROUNDING, seconds * MARGIN_SHARE
    return usual if usual < share else share  # noqa: FURB136
