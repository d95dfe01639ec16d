"""Callers are read round-robin, and calls are refused after too long a wait."""

import asyncio
from typing import Any

from wire.server.admission import Admission
from wire.server.fair_queue import CALLS_A_TURN, FairQueue


class Waiting:
    """A connection with waiting calls."""

    def __init__(self, caller: str, calls: int, log: list[str], since: float = 1e9) -> None:
        self.caller = (caller,)
        self.calls = calls
        self.waits_since = since
        self.refused = 0
        self._log = log

    @property
    def has_more(self) -> bool:
        return self.calls > 0

    def read_on(self, room: int) -> tuple[int, int]:
        begun = min(32, self.calls, room)
        self.calls -= begun
        self._log += self.caller
        return 2 * begun, 0

    def refuse_late(self, before: float) -> int:
        assert self.waits_since < before
        self.refused, self.calls = self.calls, 0
        return self.refused


def fair_queue(admission: Admission | None = None) -> FairQueue:
    return FairQueue(asyncio.get_running_loop(), 1.0, admission or Admission())


def wait(queue: FairQueue, *connections: Any) -> None:
    for connection in connections:
        queue.wait(connection)


async def test_callers_not_connections_are_read_round_robin() -> None:
    read: list[str] = []
    queue = fair_queue()
    many = [Waiting("many", 32, read) for _ in range(3)]
    wait(queue, *many, Waiting("one", 32, read))
    await asyncio.sleep(0)
    assert read == ["many", "one", "many", "many"]


async def test_a_turn_begins_so_many_calls_and_no_more() -> None:
    read: list[str] = []
    queue = fair_queue()
    wait(queue, *(Waiting("many", 32, read) for _ in range(10)))
    await asyncio.sleep(0)
    assert len(read) == CALLS_A_TURN // 32
    assert queue.left == 0
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(read) == 10
    assert queue.left > 0


async def test_late_calls_are_refused_past_those_of_the_turn() -> None:
    read: list[str] = []
    queue = fair_queue()
    late = Waiting("late", CALLS_A_TURN + 1, read, since=0.0)
    wait(queue, late)
    await asyncio.sleep(0)
    assert late.refused == 1
    assert queue.left == 0


async def test_what_came_in_time_waits_for_the_next_turn() -> None:
    read: list[str] = []
    queue = fair_queue()
    early = Waiting("early", CALLS_A_TURN + 1, read)
    wait(queue, early)
    await asyncio.sleep(0)
    assert (early.refused, early.calls) == (0, 1)
