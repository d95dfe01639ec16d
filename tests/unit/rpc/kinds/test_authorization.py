"""Authorization by mTLS: each kind of RPC, on each transport."""

from pathlib import Path
from typing import Any

from rpc.tls.files import ServerTls
from rpc.transports.grpcio.core_calls import mend_calls

import grpc
import pytest

from testing.certificates import Authority, Pair
from testing.channels import OWN_CONNECTION
from testing.in_process import serving
from tests.support.streams.log import call_lines
from tests.support.streams.servicers import Streams
from tests.support.streams.streams_pb2 import Request
from tests.support.streams.streams_pb2_grpc import StreamServiceStub
from tests.support.streams.ways import EVERY_KIND, begin, failure, responses, service_of

SPIFFE_ID = "spiffe://td.example/ns/prod/sa/orc1"
TRANSPORTS = pytest.mark.parametrize("transport", ["wire", "grpcio"])
Output = pytest.CaptureFixture[str]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def server_tls(authority: Authority) -> ServerTls:
    pair = authority.issue("server")
    return ServerTls(certificate=pair.certificate, key=pair.key, client_ca=authority.certificate)


def channel(address: str, authority: Authority, pair: Pair) -> grpc.aio.Channel:
    pems = (authority.certificate, pair.key, pair.certificate)
    credentials = grpc.ssl_channel_credentials(*(pem.read_bytes() for pem in pems))
    return mend_calls(grpc.aio.secure_channel(address, credentials, OWN_CONNECTION))


@TRANSPORTS
@EVERY_KIND
@pytest.mark.parametrize(
    ("allowed", "names", "code"),
    [
        ("orc1.example", ["orc1.example"], "OK"),
        ("spiffe://td.example/ns/*/sa/orc1", ["other.example", SPIFFE_ID], "OK"),
        ("orc1.example", ["orc2.example", SPIFFE_ID], "PERMISSION_DENIED"),
        # Neither an address nor the common name (here `orc1`) counts as a name.
        ("orc1", ["127.0.0.1"], "UNAUTHENTICATED"),
        ("orc1", [], "UNAUTHENTICATED"),
    ],
)
async def test_a_certificates_names_decide(  # noqa: PLR0913, PLR0917  # a table
    transport: str,
    kind: str,
    allowed: str,
    names: list[str],
    code: str,
    authority: Authority,
    capsys: Output,
) -> None:
    told: dict[str, Any] = {"transport": transport, "allow_caller": (allowed,)}
    tls = server_tls(authority)
    pair = authority.issue("orc1", names=names)
    async with (
        serving(service_of(Streams()), tls=tls, log_format="json", **told) as server,
        channel(server.address, authority, pair) as opened,
    ):
        call = begin(StreamServiceStub(opened), kind, Request(sizes=[1]))
        if code == "OK":
            await responses(call)
        else:
            assert (await failure(call)).code().name == code
    (line,) = call_lines(capsys)
    assert line["code"] == code
    assert line["level"] == ("info" if code == "OK" else "warning")
    shown = " ".join(name for name in names if name != "127.0.0.1")
    assert line.get("caller", "") == shown


@TRANSPORTS
async def test_nobody_is_named_where_no_certificate_is_requested(
    transport: str, authority: Authority, capsys: Output
) -> None:
    tls = server_tls(authority)
    asking_nobody = ServerTls(certificate=tls.certificate, key=tls.key)
    pair = authority.issue("orc1", names=["orc1.example"])
    async with (
        serving(
            service_of(Streams()), tls=asking_nobody, log_format="json", transport=transport
        ) as server,
        channel(server.address, authority, pair) as opened,
    ):
        await responses(begin(StreamServiceStub(opened), "Unary", Request()))
    (line,) = call_lines(capsys)
    assert "caller" not in line
