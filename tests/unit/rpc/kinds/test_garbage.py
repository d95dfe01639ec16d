"""A finished call leaves the garbage collector no work. Later calls would pay for it."""

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.streams.servicers import Streams
from tests.support.streams.streams_pb2 import Request
from tests.support.streams.ways import Way, begin, responses

CALLS = 20


@contextmanager
def garbage() -> Iterator[Counter[str]]:
    """Counts this project's objects found only by the collector, by type."""
    found: Counter[str] = Counter()
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield found
        gc.collect()
        types = [type(one) for one in gc.garbage]
        found.update(f"{one.__module__}.{one.__name__}" for one in types if _is_ours(one))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def _is_ours(one: type) -> bool:
    return str(one.__module__).startswith(("rpc.", "wire."))


@pytest.mark.parametrize("kind", ["Unary", "ServerStream", "ClientStream", "BidiStream"])
async def test_a_call_leaves_no_cycles(kind: str) -> None:
    async with Way("wire", through_hop=True).to(Streams()) as path:

        async def call() -> None:
            await responses(begin(path.stub, kind, Request(sizes=[1])))

        await call()
        with garbage() as found:
            for _ in range(CALLS):
                await call()
        assert not {name: count for name, count in found.items() if count >= CALLS}
