"""What an interceptor of the upstream side can do."""

from rpc.core.call import UpstreamCall

import grpc


class UpstreamInterceptor:
    """One thing done to every call to an upstream. A subclass overrides what it needs.

    Its methods run on the event loop and must not block. Each works for unary and streaming calls
    alike.
    """

    def started(self, call: UpstreamCall) -> None:
        """The call is about to be sent. Adds to `call.metadata` what should travel with it.

        Raises:
            RpcStatusError: the call is not made.
        """

    def finished(self, call: UpstreamCall, code: grpc.StatusCode, seconds: float) -> None:
        """The call is over."""
