"""Case 7: mTLS. A wrong certificate is refused, a right one passes, a rotation loses no call."""

import asyncio
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rpc.core.address import split_host_port
from rpc.tls.files import ChannelTls
from rpc.transports.grpcio.credentials import channel_credentials

import grpc
import pytest

from proto import user_pb2, user_pb2_grpc
from testing.certificates import Authority, Pair
from testing.chain import Chain, running_chain
from testing.channels import OWN_CONNECTION, open_channel
from testing.load import steady_load
from testing.processes import ServerProcess, running
from testing.waiting import eventually
from tests.support.chain_calls import REQUEST, caller

TIMEOUT = 20
IN_FLIGHT = 32
SLOW_RESPONSE = "0.1"
# Callers with a new handshake for each call.
NEWCOMERS = 4
ROTATIONS, BETWEEN_ROTATIONS = 3, 0.7


@dataclass(frozen=True, slots=True)
class Trust:
    """An authority, and the certificates of servers and callers."""

    authority: Authority
    server: Pair
    client: Pair

    def serving(self) -> list[str]:
        """The options of a server with client certificates required."""
        return options("tls", self.server, {"client-ca": self.authority.certificate})

    def calling(self) -> list[str]:
        """The options of a server with a client certificate for its upstream."""
        return options("upstream-tls", self.client, {"ca": self.authority.certificate})

    def channel_tls(self) -> ChannelTls:
        """The caller's credentials."""
        pair = self.client
        return ChannelTls(ca=self.authority.certificate, certificate=pair.certificate, key=pair.key)

    def channel(self, server: ServerProcess) -> grpc.aio.Channel:
        """A channel with its own connection and so a new handshake."""
        credentials = channel_credentials(self.channel_tls())()
        return grpc.aio.secure_channel(server.address, credentials, options=OWN_CONNECTION)


def options(prefix: str, pair: Pair, others: dict[str, Path]) -> list[str]:
    files = {"certificate": pair.certificate, "key": pair.key, **others}
    return [text for name, file in files.items() for text in (f"--{prefix}-{name}", str(file))]


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    authority = Authority(tmp_path)
    return Trust(authority, authority.issue("server"), authority.issue("client", names=()))


@pytest.fixture
def elsewhere(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "elsewhere")


@contextmanager
def chain_with(trust: Trust) -> Iterator[Chain]:
    head, link = trust.serving(), [*trust.serving(), *trust.calling()]
    with running_chain(orc1=link, orc2=link, mock_data=[*head, "--delay", SLOW_RESPONSE]) as chain:
        yield chain


async def refusal(server: ServerProcess, tls: ChannelTls) -> str:
    """The error text of a call with these certificates, failed before its deadline."""
    async with open_channel(server.address, "user.MockUserDataService", tls) as channel:
        method = user_pb2_grpc.MockUserDataServiceStub(channel).GetMockUserData
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await method(REQUEST, timeout=TIMEOUT)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
    return raised.value.details() or ""


async def test_the_right_certificates_pass_at_every_hop(trust: Trust) -> None:
    with chain_with(trust) as chain:
        async with trust.channel(chain.orc1) as channel:
            await caller(channel, TIMEOUT)()


async def test_plaintext_is_refused(trust: Trust) -> None:
    with chain_with(trust) as chain:
        async with grpc.aio.insecure_channel(chain.orc1.address) as channel:
            method = user_pb2_grpc.Orchestrator1ServiceStub(channel).GetUserByName
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await method(REQUEST, timeout=TIMEOUT)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("flaw", ["no certificate", "wrong CA", "expired"])
async def test_a_caller_is_refused(trust: Trust, elsewhere: Authority, flaw: str) -> None:
    pairs = {
        "no certificate": None,
        "wrong CA": elsewhere.issue("stranger"),
        "expired": trust.authority.issue("late", names=(), expired=True),
    }
    pair = pairs[flaw]
    tls = ChannelTls(ca=trust.authority.certificate)
    if pair is not None:
        tls = replace(tls, certificate=pair.certificate, key=pair.key)
    with running("services/mock_data", *trust.serving()) as server:
        text = await refusal(server, tls)
        assert server.calls() == []
    print(f"caller with {flaw}: {text}")
    # In TLS 1.3 a server checks the certificate after its caller's handshake is over, and gRPC does
    # not pass the alert on. The caller only sees a closed connection.
    assert re.search("Socket closed|reset|handshake", text)


def with_flawed_server(trust: Trust, elsewhere: Authority, flaw: str) -> Trust:
    """The same trust, with a server certificate nobody should accept."""
    pairs = {
        "wrong name": trust.authority.issue("other", names=["other.example"]),
        "wrong CA": elsewhere.issue("stranger"),
        "expired": trust.authority.issue("late", expired=True),
    }
    return replace(trust, server=pairs[flaw])


@pytest.mark.parametrize(
    ("flaw", "reason"),
    [
        ("wrong name", "Hostname Verification Check failed"),
        ("wrong CA", "unable to get local issuer certificate"),
        ("expired", "certificate has expired"),
    ],
)
async def test_a_server_is_refused(
    trust: Trust, elsewhere: Authority, flaw: str, reason: str
) -> None:
    flawed = with_flawed_server(trust, elsewhere, flaw)
    with running("services/mock_data", *flawed.serving()) as server:
        text = await refusal(server, trust.channel_tls())
        assert server.calls() == []
    print(f"server with {flaw}: {text}")
    assert reason in text


@pytest.mark.parametrize("flaw", ["wrong name", "wrong CA", "expired"])
async def test_an_upstream_that_is_refused_is_called_by_nobody(
    trust: Trust, elsewhere: Authority, flaw: str
) -> None:
    flawed = with_flawed_server(trust, elsewhere, flaw)
    with (
        running("services/mock_data", *flawed.serving()) as mock_data,
        running(
            "services/orc2", "--upstream", mock_data.address, *trust.serving(), *trust.calling()
        ) as orc2,
    ):
        async with trust.channel(orc2) as channel:
            method = user_pb2_grpc.Orchestrator2ServiceStub(channel).GetUser
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await method(user_pb2.User(name="krithik"), timeout=1)
        assert mock_data.calls() == []
    assert raised.value.code() in {
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.UNAVAILABLE,
    }


async def call_on_new_connection(trust: Trust, server: ServerProcess) -> None:
    async with trust.channel(server) as channel:
        await caller(channel, TIMEOUT)()


def certificate_of(server: ServerProcess, trust: Trust) -> bytes | None:
    """A server's certificate on a new connection."""
    context = ssl.create_default_context(cafile=trust.authority.certificate)
    context.load_cert_chain(trust.client.certificate, trust.client.key)
    context.set_alpn_protocols(["h2"])
    host, port = split_host_port(server.address)
    with (
        socket.create_connection((host, port), TIMEOUT) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        return secure.getpeercert(binary_form=True)


async def test_a_rotation_loses_no_call(trust: Trust) -> None:
    with chain_with(trust) as chain:
        old = certificate_of(chain.orc1, trust)
        async with (
            trust.channel(chain.orc1) as channel,
            steady_load(caller(channel, TIMEOUT), IN_FLIGHT) as standing,
            steady_load(partial(call_on_new_connection, trust, chain.orc1), NEWCOMERS) as new,
        ):
            for number in range(ROTATIONS):
                await asyncio.sleep(BETWEEN_ROTATIONS)
                trust.server.replace_with(trust.authority.issue(f"rotated{number}"))
            await asyncio.sleep(BETWEEN_ROTATIONS)
        shown = [certificate_of(server, trust) for server in (chain.orc1, chain.mock_data)]
    print(f"{ROTATIONS} rotations, one connection: {standing}")
    print(f"{ROTATIONS} rotations, a new connection for each call: {new}")
    latest = ssl.PEM_cert_to_DER_cert(trust.server.certificate.read_text())
    assert old != latest
    assert shown == [latest, latest]
    assert standing.failed == 0
    assert new.failed == 0
    assert new.calls > 0


async def test_a_rotation_of_the_callers_certificate_loses_no_call(trust: Trust) -> None:
    with chain_with(trust) as chain:
        callers = (chain.orc1, chain.orc2)
        async with (
            trust.channel(chain.orc1) as channel,
            steady_load(caller(channel, TIMEOUT), IN_FLIGHT) as figures,
        ):
            for number in range(1, ROTATIONS + 1):
                trust.client.replace_with(trust.authority.issue(f"rotated{number}", names=()))
                await eventually(
                    lambda: [reloads(server) for server in callers] == [number, number],  # noqa: B023
                    "both callers have the new certificate",
                )
        connections = {line["peer"] for line in chain.mock_data.calls()}
    print(f"{ROTATIONS} rotations of the callers' certificate: {figures}")
    assert figures.failed == 0
    assert len(connections) > 1


def reloads(server: ServerProcess) -> int:
    """The number of times a server has loaded a new certificate for its upstream."""
    events = [line["event"] for line in server.log()]
    return events.count("certificate for the upstream reloaded")
