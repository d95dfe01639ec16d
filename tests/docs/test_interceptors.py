"""The interceptors that docs/interceptors.md shows do what it says, for all kinds of RPC."""

import re
from pathlib import Path

import grpc
import pytest

from docs.interceptors import Permission, RateLimit, SendToken, TokenCheck
from tests.support.calls import make_call
from tests.support.streams.log import call_lines
from tests.support.streams.servicers import Streams
from tests.support.streams.streams_pb2 import Ask
from tests.support.streams.ways import (
    EVERY_KIND,
    EVERY_WAY,
    THROUGH_HOP,
    Way,
    answers,
    begin,
    failure,
    hop_of,
    service_of,
)

ASK = Ask(sizes=[1])
TOKEN = (("authorization", "Bearer s3cret"),)


def test_the_page_shows_the_code_that_is_tested() -> None:
    page = Path("docs/interceptors.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    code = Path("docs/interceptors.py").read_text()
    assert len(blocks) == 5
    for block in blocks[1:]:
        assert block in code


@EVERY_WAY
@EVERY_KIND
async def test_a_token_is_asked_for(
    way: Way, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    check = [TokenCheck("s3cret")]
    first = {"hop": hop_of(interceptors=check)} if way.through_hop else {}
    last = service_of(Streams(), interceptors=[] if first else check)
    async with way.to(last, log_format="json", **first) as path:
        for metadata in ((), (("authorization", "Bearer ☺".encode().hex()),), (("x", "s3cret"),)):
            error = await failure(begin(path.stub, kind, ASK, metadata=metadata))
            assert error.code() is grpc.StatusCode.UNAUTHENTICATED
        refused = call_lines(capsys)
        assert [line["code"] for line in refused] == ["UNAUTHENTICATED"] * 3
        assert {line["service"] for line in refused} == {path.first}
        assert len(await answers(begin(path.stub, kind, ASK, metadata=TOKEN))) == 1


@THROUGH_HOP
@EVERY_KIND
async def test_a_token_is_sent_to_the_upstream(way: Way, kind: str) -> None:
    last = service_of(Streams, interceptors=[TokenCheck("s3cret")])
    async with way.to(last, hop_of(upstream_interceptors=[SendToken("s3cret")])) as path:
        assert len(await answers(begin(path.stub, kind, ASK))) == 1
    async with way.to(last, hop_of()) as path:
        assert (await failure(begin(path.stub, kind, ASK))).code() is (
            grpc.StatusCode.UNAUTHENTICATED
        )


@EVERY_WAY
@EVERY_KIND
async def test_a_caller_is_limited(way: Way, kind: str) -> None:
    # So few a second that none is given back before the end.
    last = service_of(Streams(), interceptors=[RateLimit(at_once=2, per_second=0.001)])
    async with way.to(last) as path:
        for _ in range(2):
            assert len(await answers(begin(path.stub, kind, ASK))) == 1
        for _ in range(2):
            error = await failure(begin(path.stub, kind, ASK))
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_callers_calls_come_back_at_the_rate() -> None:
    limit = RateLimit(at_once=2, per_second=4)

    def is_let_through(at: float, peer: str = "ipv4:10.0.0.1:5000") -> bool:
        call = make_call()
        call.started, call.peer = at, peer
        try:
            limit.started(call)
        except Exception:  # noqa: BLE001  # the one that it raises
            return False
        return True

    assert [is_let_through(100.0) for _ in range(3)] == [True, True, False]
    # Another connection of the same caller, and another caller.
    assert not is_let_through(100.0, "ipv4:10.0.0.1:5001")
    assert is_let_through(100.0, "ipv4:10.0.0.2:5000")
    assert [is_let_through(100.25) for _ in range(2)] == [True, False]
    assert [is_let_through(200.0) for _ in range(3)] == [True, True, False]


def test_callers_do_not_fill_the_memory() -> None:
    limit = RateLimit(at_once=1, per_second=1)
    limit.MOST_CALLERS = 3
    for number in range(100):
        call = make_call()
        call.peer = f"ipv4:10.0.0.{number}:5000"
        limit.started(call)
    assert len(limit._used) == 3  # noqa: SLF001


@EVERY_WAY
@EVERY_KIND
async def test_permission_is_asked_for(way: Way, kind: str) -> None:
    asked: list[str] = []

    async def may_call(peer: str, method: str) -> bool:
        assert peer.startswith("ipv4:127.0.0.1:")
        asked.append(method)
        return len(asked) > 1

    last = service_of(Streams(), interceptors=[Permission(may_call)])
    async with way.to(last) as path:
        error = await failure(begin(path.stub, kind, ASK))
        assert error.code() is grpc.StatusCode.PERMISSION_DENIED
        assert len(await answers(begin(path.stub, kind, ASK))) == 1
    assert asked == [f"/streams.StreamService/{kind}"] * 2
