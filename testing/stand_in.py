"""A servicer in the place of a service's upstream, for tests of the service alone."""

import asyncio
from typing import Any

import grpc

from proto import user_pb2

SOMEBODY = user_pb2.User(name="somebody", **{"class": "8"}, roll=80)
"""The user it answers with."""

REFUSAL_DETAILS = ("grpc-status-details-bin", b"\x08\x03")
"""Trailing metadata of each of its refusals."""


class StandIn:
    """Answers and refuses as it is told, and keeps what it was asked.

    A subclass is a generated servicer too, and answers its method by `answer`.
    """

    def __init__(self) -> None:
        self.asked: list[user_pb2.User | user_pb2.UserName] = []
        self.refusal: tuple[grpc.StatusCode, str] | None = None
        self.endless = False
        self.abandoned = False

    async def answer(
        self,
        request: user_pb2.User | user_pb2.UserName,
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> user_pb2.User:
        """The user, or the refusal it was told, or nothing until the caller has gone."""
        self.asked.append(request)
        if self.refusal is not None:
            await context.abort(*self.refusal, (REFUSAL_DETAILS,))
        if self.endless:
            await self._wait_for_the_end()
        return SOMEBODY

    async def _wait_for_the_end(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.abandoned = True
