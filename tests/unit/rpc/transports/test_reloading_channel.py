"""Renewal of a channel's certificates: the upstream sees the files' new contents."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, cast

from rpc.tls.expiry import CertificateExpiry
from rpc.tls.files import ChannelTls, ServerTls, TlsError
from rpc.transports.grpcio.channel import open_channel
from rpc.transports.reloading_channel import ReloadingChannel
from rpc.transports.transport import ChannelOptions
from rpc.upstream.service_config import service_config

import grpc
import pytest

from proto import user_pb2, user_pb2_grpc
from testing.certificates import Authority, Pair
from testing.in_process import serving
from testing.waiting import LIMIT_SECONDS, eventually

SERVICE = "user.MockUserDataService"
RELOADED = "certificate for the upstream reloaded"

Renew = Callable[[str], Awaitable[None]]


class Upstream(user_pb2_grpc.MockUserDataServiceServicer):
    """Responds with the name in its caller's certificate. A call for `slow` waits for `go_on`."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.waiting = 0

    async def GetMockUserData(
        self, request: user_pb2.UserName, context: grpc.aio.ServicerContext[Any, Any]
    ) -> user_pb2.User:
        (name,) = context.auth_context()["x509_common_name"]
        if request.name == "slow":
            self.waiting += 1
            await self.go_on.wait()
        return user_pb2.User(name=name.decode())


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def pair(authority: Authority) -> Pair:
    return authority.issue("first")


@pytest.fixture
async def settings(
    upstream: Upstream, authority: Authority, pair: Pair
) -> AsyncIterator[ChannelOptions]:
    """Options of a channel to an upstream with client certificates required."""
    own, ca = authority.issue("upstream"), authority.certificate
    tls = ServerTls(certificate=own.certificate, key=own.key, client_ca=ca)

    def add_upstream(server: grpc.aio.Server) -> None:
        user_pb2_grpc.add_MockUserDataServiceServicer_to_server(upstream, server)

    async with serving(add_upstream, tls=tls) as server:
        shown = ChannelTls(ca=ca, certificate=pair.certificate, key=pair.key)
        yield ChannelOptions(
            target=server.address,
            tls=shown,
            service_config=service_config(SERVICE),
            expiry=CertificateExpiry(),
            max_message_bytes=64 * 1024,
        )


def open_reloading(settings: ChannelOptions) -> ReloadingChannel:
    channel: Any = open_channel(settings)
    assert isinstance(channel, ReloadingChannel)
    return channel


@pytest.fixture
async def channel(settings: ChannelOptions) -> AsyncIterator[ReloadingChannel]:
    channel = open_reloading(settings)
    yield channel
    await channel.close()


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


@pytest.fixture
def renew(
    channel: ReloadingChannel, authority: Authority, pair: Pair, log: pytest.LogCaptureFixture
) -> Renew:
    """Replaces the channel's pair, and sees the new one presented."""

    async def renew(name: str) -> None:
        log.clear()
        pair.replace_with(authority.issue(name))
        await eventually(lambda: RELOADED in log.messages, "the certificate is reloaded")
        assert await shown_name(channel) == name

    return renew


async def shown_name(channel: ReloadingChannel, request: str = "fast") -> str:
    """The name in the certificate of a call, as seen by the upstream."""
    stub: Any = user_pb2_grpc.MockUserDataServiceStub(cast("grpc.aio.Channel", channel))
    response = await stub.GetMockUserData(
        user_pb2.UserName(name=request), timeout=LIMIT_SECONDS, wait_for_ready=True
    )
    return str(response.name)


async def test_a_new_certificate_is_shown_from_then_on(
    channel: ReloadingChannel, renew: Renew
) -> None:
    assert await shown_name(channel) == "first"
    for name in ("second", "third"):
        await renew(name)


async def test_a_call_under_way_is_answered_over_the_old_connection(
    channel: ReloadingChannel, upstream: Upstream, renew: Renew
) -> None:
    under_way = asyncio.create_task(shown_name(channel, "slow"))
    await eventually(lambda: upstream.waiting == 1, "the upstream has the call")
    await renew("second")
    upstream.go_on.set()
    assert await under_way == "first"


async def test_a_pair_that_does_not_match_is_not_used(
    channel: ReloadingChannel, authority: Authority, pair: Pair, log: pytest.LogCaptureFixture
) -> None:
    right_key = pair.key.read_bytes()
    pair.key.write_bytes(authority.issue("other").key.read_bytes())
    await eventually(lambda: log.messages != [], "the bad pair is seen")
    assert log.messages[0].startswith("keeping the old certificate for the upstream: ")
    assert str(pair.key) in log.messages[0]
    assert await shown_name(channel) == "first"
    pair.key.write_bytes(right_key)
    await eventually(lambda: RELOADED in log.messages, "the good pair is seen")


@pytest.mark.parametrize(
    ("flaw", "reason"), [("expired", "has expired"), ("stranger", "is of no authority in")]
)
async def test_a_pair_that_the_upstream_would_refuse_is_not_used(  # noqa: PLR0913, PLR0917
    channel: ReloadingChannel,
    authority: Authority,
    pair: Pair,
    log: pytest.LogCaptureFixture,
    flaw: str,
    reason: str,
) -> None:
    issuer = Authority(pair.key.parent, "other") if flaw == "stranger" else authority
    pair.replace_with(issuer.issue("second", expired=flaw == "expired"))
    await eventually(lambda: reason in log.text, "the bad pair is seen")
    assert await shown_name(channel) == "first"
    assert RELOADED not in log.messages


async def test_closing_ends_the_calls_of_old_and_new_connections(
    channel: ReloadingChannel, upstream: Upstream, renew: Renew
) -> None:
    calls = [asyncio.create_task(shown_name(channel, "slow"))]
    await eventually(lambda: upstream.waiting == 1, "the upstream has a call")
    await renew("second")
    calls.append(asyncio.create_task(shown_name(channel, "slow")))
    await eventually(lambda: upstream.waiting == 2, "the upstream has another call")
    await channel.close()
    for call in calls:
        with pytest.raises(asyncio.CancelledError):
            await call


async def test_files_that_cannot_be_used_at_the_start_are_an_error(
    settings: ChannelOptions, pair: Pair
) -> None:
    pair.key.unlink()
    with pytest.raises(TlsError, match="No such file"):
        open_reloading(settings)
