"""A bound on streams open for as long as their callers like."""

from collections import Counter

from rpc.core.call import Call
from rpc.core.errors import RpcStatusError
from rpc.interceptors.interceptor import ServerInterceptor

import grpc


class OpenStreams(ServerInterceptor):
    """Refuses a further stream of a method with so many open. Unary calls always pass."""

    def __init__(self, most: int) -> None:
        """Takes the number. It holds for each method by itself."""
        self._most = most
        self._open: Counter[str] = Counter()

    def started(self, call: Call) -> None:
        """Counts a stream.

        Raises:
            RpcStatusError: RESOURCE_EXHAUSTED, too many are open.
        """
        if not call.streaming:
            return
        if self._open[call.method] >= self._most:
            raise RpcStatusError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"{self._most} streams of this method are open, its limit; try again later",
            )
        self._open[call.method] += 1

    def closed(self, call: Call) -> None:
        """Counts it no more."""
        if call.streaming:
            self._open[call.method] -= 1
