"""What an interceptor of the server's side can do."""

from collections.abc import Awaitable, Callable
from typing import Any

from rpc.core.call import Call
from rpc.core.errors import RpcStatusError
from rpc.core.outcome import Outcome

Proceed = Callable[[Any], Awaitable[Any]]
"""Hands a request, or the stream of requests, on. Gives the response, or None after a stream."""


class ServerInterceptor:
    """One thing done to every call. A subclass overrides what it needs.

    All methods but `intercept` run on the event loop and must not block. A method not overridden
    costs nothing. Each works for unary and streaming calls alike.
    """

    def started(self, call: Call) -> None:
        """The call has arrived.

        Raises:
            RpcStatusError: the call ends with this status. No further interceptor sees it.
        """

    def entering(self, call: Call) -> None:
        """The servicer is about to run, in the call's task.

        Context variables set here are there for the servicer, and for nothing else.
        """

    def received(self, call: Call, request: Any) -> None:
        """A request has been read, and the servicer is about to see it.

        Raises:
            RpcStatusError: the call ends with this status.
        """

    def failed(self, call: Call, error: Exception) -> RpcStatusError | None:
        """The servicer raised an exception. Returns the status to end the call with, or None."""

    def finished(self, call: Call, outcome: Outcome) -> None:
        """The call's status is known and about to be sent."""

    def closed(self, call: Call) -> None:
        """The response has left this process, or the call is given up."""

    async def intercept(self, call: Call, request: Any, proceed: Proceed) -> Any:
        """Wraps the servicer, for what has to wait: `return await proceed(request)`.

        Args:
            call: the call.
            request: the request, or an asynchronous iterator of requests.
            proceed: hands the request on.

        Raises:
            RpcStatusError: the call ends with this status.
        """
        return await proceed(request)
