"""Asking orc1 for users."""

import os
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from rpc.upstream.stubs import service_of

import grpc

from client.channel import ClientChannel, open_client_channel
from client.in_order import in_order
from client.names import STDIN, names
from client.output import write
from client.result import Result
from client.screen import screen
from client.settings import ClientSettings
from client.tally import Tally
from proto import user_pb2, user_pb2_grpc

SERVICE = service_of(user_pb2_grpc.Orchestrator1ServiceStub)


async def show_users(settings: ClientSettings, given: Sequence[str], jobs: int) -> bool:
    """Requests the users of the names and shows the results, in the names' order.

    Many names have a summary on stderr behind them.

    Args:
        settings: where to ask and what to print.
        given: the names. `-` stands for those on stdin.
        jobs: how many calls are made at once.

    Returns:
        Whether every call succeeded.

    Raises:
        NamesError: stdin holds no names.
        OutputError: the results cannot be written.
    """
    tally = Tally()
    total = None if STDIN in given else len(given)
    with screen(settings.output, total=total, progress=_wants_progress(given)) as shown:
        async with aclosing(_results(settings, given, jobs)) as results:
            async for result in results:
                shown.show(result)
                tally.count(result)
    if summary := tally.summary():
        write(sys.stderr, summary)
    return tally.all_succeeded


def _wants_progress(given: Sequence[str]) -> bool:
    several = len(given) > 1 or STDIN in given
    # Who types names sees the results come one by one.
    typed = STDIN in given and sys.stdin is not None and sys.stdin.isatty()
    return several and not typed and _can_show_a_bar()


def _can_show_a_bar() -> bool:
    if sys.stderr is None or not sys.stderr.isatty():
        return False
    # A dumb terminal cannot go back to the start of a line.
    return os.environ.get("TERM") != "dumb"


async def _results(
    settings: ClientSettings, given: Sequence[str], jobs: int
) -> AsyncGenerator[Result, None]:
    async with open_client_channel(settings, SERVICE) as opened:
        stub = user_pb2_grpc.Orchestrator1ServiceStub(opened.channel)

        async def ask(name: str) -> Result:
            return await _ask(opened, stub, name)

        async with aclosing(in_order(names(given), ask, jobs)) as results:
            async for result in results:
                yield result


async def _ask(
    opened: ClientChannel, stub: "user_pb2_grpc.Orchestrator1ServiceAsyncStub", name: str
) -> Result:
    try:
        user = await stub.GetUserByName(user_pb2.UserName(name=name))
    except grpc.aio.AioRpcError as error:
        return Result(name, opened.request_ids.last, await opened.explain(error))
    return Result(name, opened.request_ids.last, user)
