"""Whether a failed call is tried again, and when (gRFC A6).

Source: https://github.com/grpc/proposal/blob/master/A6-client-retries.md.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import grpc

    from wire.channel.service_config import RetryPolicy, Throttling
    from wire.protocol.metadata import Field

PUSHBACK = b"grpc-retry-pushback-ms"
"""The server's trailer with the time to come back, or a refusal of any retry."""

PREVIOUS_ATTEMPTS = b"grpc-previous-rpc-attempts"
"""The header with the number of earlier attempts."""

_JITTER = 0.2
_MAX_PUSHBACK_DIGITS = 9


class Throttle:
    """A channel's tokens: at half of them, or below, no call is tried again."""

    __slots__ = ("_max", "_ratio", "_threshold", "tokens")

    def __init__(self, throttling: Throttling) -> None:
        self._max = throttling.max_tokens
        self._ratio = throttling.token_ratio
        self._threshold = throttling.max_tokens / 2
        self.tokens = throttling.max_tokens

    def succeeded(self) -> None:
        """Gives a part of a token back."""
        if self.tokens < self._max:
            self.tokens = min(self.tokens + self._ratio, self._max)

    def failed(self) -> bool:
        """Takes a token. Returns whether the call may be tried again."""
        self.tokens = max(self.tokens - 1, 0.0)
        return self.tokens > self._threshold


def pushback_of(trailers: Iterable[Field]) -> bytes | None:
    """A server's pushback, if it has sent one."""
    return next((value for name, value in trailers if name == PUSHBACK), None)


def delay_before_retry(  # noqa: PLR0913, PLR0917 - all of them decide.
    policy: RetryPolicy | None,
    throttle: Throttle | None,
    attempts: int,
    backoffs: int,
    code: grpc.StatusCode,
    pushback: bytes | None,
) -> float | None:
    """Seconds until the next attempt of a call, or None for no further attempt.

    Args:
        policy: of the call's method.
        throttle: of the channel. A failure named by the policy costs a token.
        attempts: made so far, the failed one included.
        backoffs: those of them since the last pushback. With it the backoff begins anew.
        code: the failed attempt's status.
        pushback: the failed attempt's, from `pushback_of`.
    """
    if policy is None:
        return None
    stop = pushback is not None and _pushback_seconds(pushback) is None
    if code not in policy.retryable and not stop:
        return None
    allowed = throttle is None or throttle.failed()
    if stop or not allowed or code not in policy.retryable or attempts >= policy.max_attempts:
        return None
    if pushback is not None:
        return _pushback_seconds(pushback)
    exponential = policy.initial_backoff * policy.backoff_multiplier ** (backoffs - 1)
    # A jitter is no secret.
    return min(exponential, policy.max_backoff) * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311


def _pushback_seconds(value: bytes) -> float | None:
    # Whatever is no number of milliseconds means: do not come back.
    if not value.isdigit() or len(value) > _MAX_PUSHBACK_DIGITS:
        return None
    return int(value) / 1000
