"""The metrics' HTTP endpoint: its address, and its error messages."""

import errno
import json
import socket
import ssl
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPMessage
from pathlib import Path
from socketserver import BaseRequestHandler
from typing import NoReturn
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from rpc.core.errors import UsageError
from rpc.telemetry import metrics_server
from rpc.telemetry.log_setup import configure_logs
from rpc.telemetry.metrics_endpoint import MetricsEndpointError, metrics_endpoint
from rpc.telemetry.metrics_server import MetricsServer
from rpc.tls.files import ServerTls, TlsError

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from testing.certificates import Authority, Pair
from testing.waiting import LIMIT_SECONDS, wait_until
from tests.support.logging_setup import logs_restored


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


def test_it_listens_without_the_resolver(
    registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getfqdn", None)
    with metrics_endpoint(registry, "127.0.0.1:0", None) as address:
        assert "answer 42.0\n" in read(address)


def response(address: str, method: str = "GET", **headers: str) -> tuple[HTTPMessage, bytes]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request(f"http://{address}/metrics", headers=named, method=method)
    with urlopen(request, timeout=LIMIT_SECONDS) as opened:  # noqa: S310
        return opened.headers, opened.read()


def test_a_head_request_gets_the_headers_alone(registry: CollectorRegistry) -> None:
    with metrics_endpoint(registry, "127.0.0.1:0", None) as address:
        of_get, body = response(address)
        of_head, nothing = response(address, "HEAD")
    assert nothing == b""
    assert of_head["Content-Length"] == str(len(body))
    assert of_head["Content-Type"] == of_get["Content-Type"]


OPEN_METRICS = "application/openmetrics-text"


@pytest.mark.parametrize(
    ("accept", "content"),
    [
        (f"{OPEN_METRICS};version=1.0.0", OPEN_METRICS),
        (f'{OPEN_METRICS}; version="1.0.0"', OPEN_METRICS),
        (f"text/plain;version=1.0.0;q=0.3,{OPEN_METRICS};version=1.0.0;q=0.5", OPEN_METRICS),
        (f"{OPEN_METRICS};version=1.0.0;q=0", "text/plain"),
        (f"{OPEN_METRICS};version=new", "text/plain"),
        (f"{OPEN_METRICS};version=1.0.0-rc1,text/plain;version=x", "text/plain"),
        ("*/*", "text/plain"),
    ],
)
def test_the_preferred_readable_format_is_sent(
    registry: CollectorRegistry, accept: str, content: str
) -> None:
    with metrics_endpoint(registry, "127.0.0.1:0", None) as address:
        headers, body = response(address, Accept=accept, Accept_Encoding="gzip;q=0")
    assert headers.get_content_type() == content
    assert b"answer 42.0\n" in body


class _Exhausted(socket.socket):
    def accept(self) -> NoReturn:
        raise OSError(errno.EMFILE, "Too many open files")


def test_it_waits_for_a_free_descriptor(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    server = MetricsServer(("127.0.0.1", 0), socket.AF_INET, BaseRequestHandler, print)
    server.socket.close()
    server.socket = _Exhausted()
    with closing(server.socket), pytest.raises(OSError, match="Too many"):
        server.get_request()
    assert len(pauses) == 1


class _BrokenCollector(Collector):
    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        raise ValueError("broken")


class TestFaults:
    """A failure is one line of the log, without a traceback."""

    @pytest.fixture(autouse=True)
    def _json_log(self) -> Iterator[None]:
        with logs_restored():
            configure_logs("orc1", "json")
            yield

    def test_scrapers_that_reset_their_connections_leave_one_line(
        self, registry: CollectorRegistry, capsys: pytest.CaptureFixture[str]
    ) -> None:
        written = ""

        def has_line() -> bool:
            nonlocal written
            written += capsys.readouterr().err
            return "\n" in written

        with metrics_endpoint(registry, "127.0.0.1:0", None) as address:
            host, _, port = address.rpartition(":")
            for _ in range(3):
                reset_connection(host, int(port))
            wait_until(has_line, "a line")
            assert "answer 42.0\n" in read(address)
        (line,) = (written + capsys.readouterr().err).splitlines()
        fields = json.loads(line)
        assert (fields["event"], fields["level"]) == ("metrics not sent", "warning")
        assert fields["reason"] == "Connection reset by peer"
        assert fields["peer"].startswith("127.0.0.1:")

    def test_the_oldest_connection_makes_room(
        self,
        registry: CollectorRegistry,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(metrics_server, "MOST_CONNECTIONS", 2)
        with metrics_endpoint(registry, "127.0.0.1:0", None) as address, ExitStack() as stack:
            host, _, port = address.rpartition(":")
            silent = [
                stack.enter_context(socket.create_connection((host, int(port)), LIMIT_SECONDS))
                for _ in range(2)
            ]
            assert "answer 42.0\n" in read(address)
            assert silent[0].recv(1) == b""
            silent[1].sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            assert silent[1].recv(4) == b"HTTP"
        (line,) = capsys.readouterr().err.splitlines()
        assert json.loads(line)["reason"] == "more than 2 connections are open"

    def test_a_collector_that_fails_leaves_one_line(
        self, registry: CollectorRegistry, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with metrics_endpoint(registry, "127.0.0.1:0", None) as address:
            registry.register(_BrokenCollector())
            with pytest.raises(HTTPError, match="500"):
                read(address)
        (line,) = capsys.readouterr().err.splitlines()
        assert "ValueError: broken" in json.loads(line)["exception"]


def reset_connection(host: str, port: int) -> None:
    """Connects, sends part of a request, and resets."""
    with socket.create_connection((host, port)) as scraper:
        scraper.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        scraper.sendall(b"GET /met")


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

    def test_it_requests_a_certificate_where_the_server_does(
        self, registry: CollectorRegistry, authority: Authority
    ) -> None:
        pair, client = authority.issue("server"), authority.issue("client")
        ca = authority.certificate
        tls = ServerTls(certificate=pair.certificate, key=pair.key, client_ca=ca)
        with metrics_endpoint(registry, "127.0.0.1:0", tls) as address:
            with pytest.raises(OSError, match=r"certificate required|reset|closed|EOF|Broken pipe"):
                read(address, ssl.create_default_context(cafile=ca))
            assert "answer 42.0\n" in read(address, with_certificate(ca, client))

    @pytest.mark.parametrize(
        ("names", "is_let_in"),
        [
            (["prometheus.example"], True),
            (["other.example", "spiffe://td.example/ns/monitoring/sa/prometheus"], True),
            (["other.example"], False),
            ([], False),
        ],
    )
    def test_it_lets_in_by_name(
        self,
        registry: CollectorRegistry,
        authority: Authority,
        names: list[str],
        is_let_in: bool,  # noqa: FBT001  # what holds
    ) -> None:
        pair, client = authority.issue("server"), authority.issue("client", names=names)
        ca = authority.certificate
        tls = ServerTls(certificate=pair.certificate, key=pair.key, client_ca=ca)
        allowed = ["prometheus.example", "spiffe://td.example/ns/*/sa/prometheus"]
        context = with_certificate(ca, client)
        with metrics_endpoint(registry, "127.0.0.1:0", tls, allowed) as address:
            if is_let_in:
                assert "answer 42.0\n" in read(address, context)
            else:
                with pytest.raises(HTTPError, match="403: the caller may not read the metrics"):
                    read(address, context)

    def test_names_need_certificates_to_stand_in(
        self, registry: CollectorRegistry, authority: Authority
    ) -> None:
        pair = authority.issue("server")
        tls = ServerTls(certificate=pair.certificate, key=pair.key)
        for its in (None, tls):
            with (
                pytest.raises(UsageError, match="--metrics-allow-caller needs --tls-client-ca"),
                metrics_endpoint(registry, "127.0.0.1:0", its, ["prometheus.example"]),
            ):
                pass

    def test_what_is_no_name_is_refused(
        self, registry: CollectorRegistry, authority: Authority
    ) -> None:
        pair, ca = authority.issue("server"), authority.certificate
        tls = ServerTls(certificate=pair.certificate, key=pair.key, client_ca=ca)
        with (
            pytest.raises(
                UsageError, match=r"--metrics-allow-caller 'a\.\.b' is no DNS name or URI"
            ),
            metrics_endpoint(registry, "127.0.0.1:0", tls, ["a..b"]),
        ):
            pass

    def test_a_revoked_caller_is_refused(
        self, registry: CollectorRegistry, authority: Authority
    ) -> None:
        pair, ca = authority.issue("server"), authority.certificate
        good, bad = authority.issue("good"), authority.issue("bad")
        crl = authority.revoke(bad)
        tls = ServerTls(certificate=pair.certificate, key=pair.key, client_ca=ca, crl=crl)
        with metrics_endpoint(registry, "127.0.0.1:0", tls) as address:
            assert "answer 42.0\n" in read(address, with_certificate(ca, good))
            with pytest.raises(OSError, match=r"certificate revoked|reset|closed|EOF|Broken pipe"):
                read(address, with_certificate(ca, bad))

    @pytest.mark.parametrize(
        ("ciphers", "is_spoken"),
        [("ECDHE-ECDSA-AES128-GCM-SHA256", True), ("ECDHE-ECDSA-AES128-SHA", False)],
    )
    def test_ciphers_are_forward_secret_and_authenticated(
        self,
        registry: CollectorRegistry,
        authority: Authority,
        ciphers: str,
        is_spoken: bool,  # noqa: FBT001  # what holds
    ) -> None:
        pair = authority.issue("server")
        assert is_answered_over(registry, authority, pair, ciphers) is is_spoken

    @pytest.mark.parametrize("ciphers", ["AES128-GCM-SHA256", "AES256-SHA", "kRSA"])
    def test_ciphers_without_forward_secrecy_are_refused(
        self, registry: CollectorRegistry, authority: Authority, ciphers: str
    ) -> None:
        pair = authority.issue("server", key=rsa.generate_private_key(65537, 2048))
        assert is_answered_over(registry, authority, pair, "ECDHE-RSA-AES128-GCM-SHA256")
        assert not is_answered_over(registry, authority, pair, ciphers)

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
            with pytest.raises(OSError, match=r"unknown ca|reset|closed|EOF|Broken pipe"):
                read(address, with_certificate(ca, authority.issue("old")))


def is_answered_over(
    registry: CollectorRegistry, authority: Authority, pair: Pair, ciphers: str
) -> bool:
    """True if a caller with TLS 1.2 and only these ciphers gets a response."""
    context = ssl.create_default_context(cafile=authority.certificate)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(ciphers)
    tls = ServerTls(certificate=pair.certificate, key=pair.key)
    with metrics_endpoint(registry, "127.0.0.1:0", tls) as address:
        try:
            return "answer 42.0\n" in read(address, context)
        except URLError:
            return False


def with_certificate(ca: Path, pair: Pair) -> ssl.SSLContext:
    """The TLS context of a caller with a certificate."""
    context = ssl.create_default_context(cafile=ca)
    context.load_cert_chain(pair.certificate, pair.key)
    return context
