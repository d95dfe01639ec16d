"""Calls expired before they begin."""

from rpc.core.call import Call
from rpc.core.errors import RpcStatusError
from rpc.interceptors.interceptor import ServerInterceptor

import grpc


class ExpiredCalls(ServerInterceptor):
    """Ends a call whose deadline has passed on arrival, so no hop works for nobody."""

    def started(self, call: Call) -> None:
        """Checks the deadline.

        Raises:
            RpcStatusError: DEADLINE_EXCEEDED, the time is up.
        """
        if call.expires is not None and call.expires <= call.started:
            raise RpcStatusError(
                grpc.StatusCode.DEADLINE_EXCEEDED, "the deadline passed before the call began"
            )
