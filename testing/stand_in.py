"""A servicer in the place of a service's upstream, for tests of the service alone."""

import asyncio
from typing import Any, Generic, TypeVar

import grpc

REFUSAL_DETAILS = ("grpc-status-details-bin", b"\x08\x03")
"""Trailing metadata of each of its refusals."""

Request = TypeVar("Request")
Response = TypeVar("Response")


class StandIn(Generic[Request, Response]):
    """Responds or refuses as its attributes say, and keeps its requests.

    A subclass is a generated servicer too, and handles its method by `respond`.

    Attributes:
        response: to each request.
        requests: that it got.
        refusal: code and message to refuse each request with, in place of the response.
        endless: whether it keeps its callers waiting.
        abandoned: whether a caller that was kept waiting has gone.
    """

    def __init__(self, response: Response) -> None:
        self.response = response
        self.requests: list[Request] = []
        self.refusal: tuple[grpc.StatusCode, str] | None = None
        self.endless = False
        self.abandoned = False

    async def respond(
        self, request: Request, context: grpc.aio.ServicerContext[Any, Any]
    ) -> Response:
        """Returns the response, refuses, or waits until the caller has gone."""
        self.requests.append(request)
        if self.refusal is not None:
            await context.abort(*self.refusal, (REFUSAL_DETAILS,))
        if self.endless:
            await self._wait_for_the_end()
        return self.response

    async def _wait_for_the_end(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.abandoned = True
