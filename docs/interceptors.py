"""The interceptors that interceptors.md shows."""

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from rpc.service import (
    Call,
    Proceed,
    RpcStatusError,
    ServerInterceptor,
    UpstreamCall,
    UpstreamInterceptor,
)

import grpc


class TokenCheck(ServerInterceptor):
    """Refuses callers without a token."""

    def __init__(self, token: str) -> None:
        self._wanted = f"Bearer {token}".encode()

    def started(self, call: Call) -> None:
        sent = dict(call.context.invocation_metadata() or ()).get("authorization", "")
        if not hmac.compare_digest(str(sent).encode(), self._wanted):
            raise RpcStatusError(grpc.StatusCode.UNAUTHENTICATED, "the token is not valid")


class RateLimit(ServerInterceptor):
    """Lets each caller begin so many calls at once, and so many a second in the long run."""

    MOST_CALLERS = 10_000

    def __init__(self, at_once: int, per_second: float) -> None:
        self._interval = 1 / per_second
        self._ahead = at_once / per_second
        # When a caller has used up what it may, in seconds of call.started. Longest idle first.
        self._used: dict[str, float] = {}

    def started(self, call: Call) -> None:
        caller = call.peer.rpartition(":")[0]
        full = call.started - self._ahead
        used = max(self._used.pop(caller, full), full)
        allowed = used + self._interval <= call.started
        self._used[caller] = used + self._interval if allowed else used
        if len(self._used) > self.MOST_CALLERS:
            del self._used[next(iter(self._used))]
        if not allowed:
            raise RpcStatusError(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many calls; slow down")


class Permission(ServerInterceptor):
    """Asks somebody else who may call what."""

    def __init__(self, may_call: Callable[[str, str], Awaitable[bool]]) -> None:
        self._may_call = may_call

    async def intercept(self, call: Call, request: Any, proceed: Proceed) -> Any:
        if not await self._may_call(call.peer, call.method):
            raise RpcStatusError(grpc.StatusCode.PERMISSION_DENIED, "not for this caller")
        return await proceed(request)


class SendToken(UpstreamInterceptor):
    """Sends a token to the upstream."""

    def __init__(self, token: str) -> None:
        self._metadata = (("authorization", f"Bearer {token}"),)

    def started(self, call: UpstreamCall) -> None:
        call.metadata += self._metadata
