"""TLS credentials: from valid files, and from their later contents."""

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rpc.tls.files import ChannelTls, ServerTls, TlsError
from rpc.transports.grpcio.credentials import channel_credentials, server_credentials

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from proto import user_pb2, user_pb2_grpc
from services.mock_data import mock_data
from testing.certificates import Authority, Pair
from testing.in_process import serving
from testing.waiting import LIMIT_SECONDS

REQUEST = user_pb2.UserName(name="krithik")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def pair(authority: Authority) -> Pair:
    return authority.issue("server")


@pytest.fixture
async def address(pair: Pair) -> AsyncIterator[str]:
    tls = ServerTls(certificate=pair.certificate, key=pair.key)
    async with serving(mock_data.SERVICE, tls=tls) as server:
        yield server.address


async def roll(address: str, credentials: grpc.ChannelCredentials) -> int:
    async with grpc.aio.secure_channel(address, credentials) as channel:
        stub = user_pb2_grpc.MockUserDataServiceStub(channel)
        return (await stub.GetMockUserData(REQUEST, timeout=LIMIT_SECONDS)).roll


class TestReload:
    async def test_a_new_pair_is_used_from_the_next_handshake_on(
        self, address: str, authority: Authority, pair: Pair, tmp_path: Path
    ) -> None:
        assert (
            await roll(address, channel_credentials(ChannelTls(ca=authority.certificate))()) == 70
        )
        successor = Authority(tmp_path, "successor")
        pair.replace_with(successor.issue("replacement"))
        assert (
            await roll(address, channel_credentials(ChannelTls(ca=successor.certificate))()) == 70
        )

    @pytest.mark.parametrize("damage", ["mismatch", "garbage", "missing"])
    async def test_a_bad_pair_is_not_used(
        self,
        address: str,
        authority: Authority,
        pair: Pair,
        caplog: pytest.LogCaptureFixture,
        damage: str,
    ) -> None:
        if damage == "mismatch":
            pair.key.write_bytes(authority.issue("other").key.read_bytes())
        elif damage == "garbage":
            pair.certificate.write_text("half a certifi")
        else:
            pair.certificate.unlink()
        assert (
            await roll(address, channel_credentials(ChannelTls(ca=authority.certificate))()) == 70
        )
        warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
        assert [record.getMessage()[:28] for record in warnings] == [
            "keeping the old certificate: "[:28]
        ]


class TestServer:
    def test_a_missing_file_is_named(self, pair: Pair, tmp_path: Path) -> None:
        tls = ServerTls(certificate=pair.certificate, key=tmp_path / "missing")
        with pytest.raises(TlsError, match=r"cannot read .*missing: No such file"):
            server_credentials(tls)

    def test_a_file_of_another_kind_is_named(self, pair: Pair) -> None:
        tls = ServerTls(certificate=pair.key, key=pair.key)
        with pytest.raises(TlsError, match=r"server\.key holds no PEM block of type CERTIFICATE"):
            server_credentials(tls)

    def test_a_key_of_another_certificate_is_named(self, authority: Authority, pair: Pair) -> None:
        tls = ServerTls(certificate=pair.certificate, key=authority.issue("other").key)
        with pytest.raises(TlsError, match=r"other\.key is not the unencrypted key of .*server"):
            server_credentials(tls)

    def test_an_encrypted_key_is_refused_without_a_password_prompt(self, pair: Pair) -> None:
        key = load_pem_private_key(pair.key.read_bytes(), None)
        encryption = BestAvailableEncryption(b"x")
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
        pair.key.write_bytes(pem)
        with pytest.raises(TlsError, match="is not the unencrypted key"):
            server_credentials(ServerTls(certificate=pair.certificate, key=pair.key))

    def test_a_certificate_with_a_short_key_is_named(self, pair: Pair) -> None:
        key = rsa.generate_private_key(65537, 1024)  # noqa: S505 - that is the point.
        pair.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "short")])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + timedelta(days=1))
            .sign(key, SHA256())
        )
        pair.certificate.write_bytes(made.public_bytes(Encoding.PEM))
        with pytest.raises(TlsError, match=r"server\.pem is too weak \(its key is too short\)"):
            server_credentials(ServerTls(certificate=pair.certificate, key=pair.key))

    def test_a_file_without_end_is_refused(self, pair: Pair) -> None:
        tls = ServerTls(certificate=Path("/dev/zero"), key=pair.key)
        with pytest.raises(TlsError, match="/dev/zero is larger than"):
            server_credentials(tls)

    def test_client_authorities_that_cannot_be_read_are_named(
        self, pair: Pair, tmp_path: Path
    ) -> None:
        bad = tmp_path / "bad"
        bad.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        tls = ServerTls(certificate=pair.certificate, key=pair.key, client_ca=bad)
        with pytest.raises(TlsError, match="bad holds a certificate that cannot be read"):
            server_credentials(tls)


class TestChannel:
    def test_nothing_has_to_be_given(self) -> None:
        assert channel_credentials(ChannelTls())()

    def test_a_pair_that_matches_is_taken(self, authority: Authority, pair: Pair) -> None:
        tls = ChannelTls(ca=authority.certificate, certificate=pair.certificate, key=pair.key)
        assert channel_credentials(tls)()

    def test_a_pair_that_does_not_match_is_refused(self, authority: Authority, pair: Pair) -> None:
        other = authority.issue("other")
        with pytest.raises(TlsError, match="is not the unencrypted key"):
            channel_credentials(ChannelTls(certificate=pair.certificate, key=other.key))()
