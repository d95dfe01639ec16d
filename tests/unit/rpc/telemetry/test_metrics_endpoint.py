"""The metrics' HTTP endpoint: where it listens, and what it says when it cannot."""

import socket
import ssl
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from rpc.telemetry.metrics_endpoint import MetricsEndpointError, metrics_endpoint
from rpc.tls.files import ServerTls, TlsError

import pytest
from prometheus_client import CollectorRegistry, Gauge

from tests.support.certificates import Authority, Pair
from tests.support.waiting import LIMIT_SECONDS


@pytest.fixture
def registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    Gauge("answer", "The answer.", registry=registry).set(42)
    return registry


def read(address: str, context: ssl.SSLContext | None = None) -> str:
    url = f"{'https' if context else 'http'}://{address}/metrics"
    with urlopen(url, timeout=LIMIT_SECONDS, context=context) as response:  # noqa: S310
        return str(response.read().decode())


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_metrics_are_served_while_the_context_is_open(
    registry: CollectorRegistry, host: str
) -> None:
    with metrics_endpoint(registry, f"{host}:0", None) as address:
        assert address.startswith(f"{host}:")
        assert "answer 42.0\n" in read(address)
    with pytest.raises(URLError, match="refused"):
        read(address)


def test_a_taken_address_is_an_error(registry: CollectorRegistry) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        with (
            pytest.raises(MetricsEndpointError, match=f"{taken}: Address already in use"),
            metrics_endpoint(registry, taken, None),
        ):
            pass


class TestTls:
    @pytest.fixture
    def authority(self, tmp_path: Path) -> Authority:
        return Authority(tmp_path)

    def test_it_has_the_servers_certificate(
        self, registry: CollectorRegistry, authority: Authority
    ) -> None:
        pair = authority.issue("server")
        tls = ServerTls(certificate=pair.certificate, key=pair.key)
        context = ssl.create_default_context(cafile=authority.certificate)
        with metrics_endpoint(registry, "127.0.0.1:0", tls) as address:
            assert "answer 42.0\n" in read(address, context)

    def test_files_that_cannot_be_used_are_named(
        self, registry: CollectorRegistry, authority: Authority, tmp_path: Path
    ) -> None:
        pair, missing = authority.issue("server"), tmp_path / "missing"
        for tls in (
            ServerTls(certificate=missing, key=pair.key),
            ServerTls(certificate=pair.certificate, key=pair.key, client_ca=missing),
        ):
            with (
                pytest.raises(TlsError, match=r"cannot read .*missing: No such file"),
                metrics_endpoint(registry, "127.0.0.1:0", tls),
            ):
                pass

    def test_it_follows_the_servers_certificate(
        self, registry: CollectorRegistry, authority: Authority, tmp_path: Path
    ) -> None:
        pair, successor = authority.issue("server"), Authority(tmp_path, "successor")
        tls = ServerTls(certificate=pair.certificate, key=pair.key)
        new = ssl.create_default_context(cafile=successor.certificate)
        with metrics_endpoint(registry, "127.0.0.1:0", tls) as address:
            pair.replace_with(successor.issue("replacement"))
            assert "answer 42.0\n" in read(address, new)
            pair.key.write_text("no key")
            for _ in range(2):
                assert "answer 42.0\n" in read(address, new)

    def test_it_asks_for_a_certificate_where_the_server_does(
        self, registry: CollectorRegistry, authority: Authority
    ) -> None:
        pair, client = authority.issue("server"), authority.issue("client")
        ca = authority.certificate
        tls = ServerTls(certificate=pair.certificate, key=pair.key, client_ca=ca)
        with metrics_endpoint(registry, "127.0.0.1:0", tls) as address:
            with pytest.raises(OSError, match=r"certificate required|reset|closed|EOF"):
                read(address, ssl.create_default_context(cafile=ca))
            assert "answer 42.0\n" in read(address, with_certificate(ca, client))

    def test_it_follows_the_authorities_that_callers_must_have(
        self, registry: CollectorRegistry, authority: Authority, tmp_path: Path
    ) -> None:
        pair, successor = authority.issue("server"), Authority(tmp_path, "successor")
        ca = authority.certificate
        accepted = tmp_path / "accepted.pem"
        accepted.write_bytes(ca.read_bytes())
        tls = ServerTls(certificate=pair.certificate, key=pair.key, client_ca=accepted)
        with metrics_endpoint(registry, "127.0.0.1:0", tls) as address:
            accepted.write_bytes(successor.certificate.read_bytes())
            assert "answer 42.0\n" in read(address, with_certificate(ca, successor.issue("new")))
            with pytest.raises(OSError, match=r"unknown ca|reset|closed|EOF"):
                read(address, with_certificate(ca, authority.issue("old")))


def with_certificate(ca: Path, pair: Pair) -> ssl.SSLContext:
    """What a caller has that shows a certificate."""
    context = ssl.create_default_context(cafile=ca)
    context.load_cert_chain(pair.certificate, pair.key)
    return context
