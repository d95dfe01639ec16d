"""Working on many things at once while their results come out in the order of the things."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Coroutine
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


async def in_order(
    items: AsyncIterable[Item],
    work: Callable[[Item], Coroutine[Any, Any, Result]],
    limit: int,
) -> AsyncGenerator[Result, None]:
    """Yields each item's result as soon as it is there and all before it are.

    Endless items are fine: no more are taken than are worked on.

    Args:
        items: to work on. An error they raise is raised after the results before it.
        work: makes a result of an item.
        limit: how many items are worked on, or wait for their turn to come out, at once.
    """
    slots = asyncio.Semaphore(limit)
    tasks: asyncio.Queue[asyncio.Task[Result] | None] = asyncio.Queue()

    async def start_each() -> None:
        try:
            async for item in items:
                await slots.acquire()
                tasks.put_nowait(asyncio.create_task(work(item)))
        finally:
            tasks.put_nowait(None)

    starting = asyncio.create_task(start_each())
    try:
        while (task := await tasks.get()) is not None:
            yield await task
            slots.release()
        await starting
    finally:
        starting.cancel()
        while not tasks.empty():
            if (task := tasks.get_nowait()) is not None:
                task.cancel()
