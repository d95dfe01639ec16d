"""Several upstreams of one service: each has its own address, TLS and deadline."""

import asyncio
from pathlib import Path
from typing import Any

from rpc.cli.options import server_settings
from rpc.core.address import AddressError
from rpc.server.settings import ServerSettings
from rpc.service import Service, Upstream
from rpc.tls.files import ChannelTls, ServerTls

import click
import grpc
import pytest

from testing.certificates import Authority
from testing.in_process import serving
from testing.waiting import LIMIT_SECONDS
from tests.support.streams.servicers import Context, Streams
from tests.support.streams.streams_pb2 import Request, Response
from tests.support.streams.streams_pb2_grpc import (
    StreamServiceServicer,
    StreamServiceStub,
    add_StreamServiceServicer_to_server,
)
from tests.support.streams.ways import TRANSPORTS, begin, calling, failure, responses, service_of

EVERY_TRANSPORT = pytest.mark.parametrize("transport", TRANSPORTS)


class Sum(StreamServiceServicer):
    """Adds up the responses of two upstreams."""

    def __init__(self, near: Any, far_away: Any) -> None:
        self._near = near
        self._far_away = far_away

    async def Unary(self, request: Request, context: Context) -> Response:
        calls = [self._near.Unary(request), self._far_away.Unary(request)]
        return Response(
            received=sum(response.received for response in await asyncio.gather(*calls))
        )


SUM = Service(
    "sum",
    port=7000,
    servicer=Sum,
    register=add_StreamServiceServicer_to_server,
    upstreams=[
        Upstream("near", StreamServiceStub, port=7001),
        Upstream("far_away", StreamServiceStub, port=7002),
    ],
)


def settings(*arguments: str) -> ServerSettings:
    """A server's settings from its command line."""
    values = SUM.command().make_context("sum", list(arguments)).params
    return server_settings("sum", values, {"near": 7001, "far_away": 7002})


def test_each_upstream_has_a_default_address() -> None:
    upstreams = settings().upstreams
    assert upstreams["near"].target == "127.0.0.1:7001"
    assert upstreams["far_away"].target == "127.0.0.1:7002"


def test_each_upstream_has_options_of_its_name(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    given = settings(
        "--upstream-near",
        "10.0.0.1:1",
        "--upstream-far-away",
        "dns:///far:2",
        "--upstream-far-away-tls-ca",
        str(authority.certificate),
        "--upstream-far-away-default-timeout",
        "0.5",
    )
    near, far_away = given.upstreams["near"], given.upstreams["far_away"]
    assert (near.target, near.tls, near.default_timeout) == ("10.0.0.1:1", None, 5.0)
    assert (far_away.target, far_away.default_timeout) == ("dns:///far:2", 0.5)
    assert far_away.tls == ChannelTls(ca=authority.certificate)


def test_each_upstream_has_environment_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUM_UPSTREAM_FAR_AWAY", "10.0.0.2:2")
    assert settings().upstreams["far_away"].target == "10.0.0.2:2"


def test_an_option_without_a_name_is_refused() -> None:
    with pytest.raises(click.NoSuchOption, match="--upstream"):
        settings("--upstream", "10.0.0.1:1")


@EVERY_TRANSPORT
async def test_each_upstream_is_called(transport: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("server", names=["localhost"])
    tls = ServerTls(certificate=pair.certificate, key=pair.key)
    async with (
        serving(service_of(Streams()), transport=transport) as near,
        serving(service_of(Streams()), tls=tls, transport=transport) as far_away,
        serving(
            SUM,
            transport=transport,
            upstream_near=near.address,
            upstream_far_away=far_away.address.replace("127.0.0.1", "localhost"),
            upstream_far_away_tls_ca=authority.certificate,
        ) as server,
        calling(server.address) as channel,
    ):
        call = begin(StreamServiceStub(channel), "Unary", Request(payload=b"12345"))
        assert await responses(call) == [Response(received=10)]


@EVERY_TRANSPORT
async def test_each_upstream_has_its_own_deadline(transport: str) -> None:
    near_streams, far_streams = Streams(), Streams()
    async with (
        serving(service_of(near_streams), transport=transport) as near,
        serving(service_of(far_streams), transport=transport) as far_away,
        serving(
            SUM,
            transport=transport,
            upstream_near=near.address,
            upstream_near_default_timeout=LIMIT_SECONDS,
            upstream_far_away=far_away.address,
            upstream_far_away_default_timeout=0.3,
        ) as server,
        calling(server.address) as channel,
    ):
        call = begin(StreamServiceStub(channel), "Unary", Request(hold=True), timeout=None)
        await asyncio.wait_for(near_streams.holding.wait(), LIMIT_SECONDS)
        assert (await failure(call)).code() is grpc.StatusCode.DEADLINE_EXCEEDED


@EVERY_TRANSPORT
async def test_plaintext_to_each_upstream_is_checked(transport: str) -> None:
    with pytest.raises(AddressError, match=r"10\.0\.0\.2"):
        async with serving(
            SUM,
            transport=transport,
            upstream_near="127.0.0.1:1",
            upstream_far_away="10.0.0.2:2",
        ):
            pass
