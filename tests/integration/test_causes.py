"""An unusable upstream: the log names the cause, and metrics and health show it."""

import signal
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from proto import user_pb2, user_pb2_grpc
from testing.addresses import REUSE_PORT, reserved_address
from testing.certificates import Authority, Pair
from testing.metrics import metric
from testing.processes import ServerProcess, running
from testing.waiting import LIMIT_SECONDS, wait_until

METRICS = ("--metrics-address", "127.0.0.1:0")
SERVICE = "user.Orchestrator2Service"
# Enough to find each cause. Each of these tests takes as long.
PATIENCE_SECONDS = 2.0


def call(orc2: ServerProcess, timeout: float = PATIENCE_SECONDS) -> Any:
    """A finished call to orc2."""
    with grpc.insecure_channel(orc2.address) as channel:
        method = user_pb2_grpc.Orchestrator2ServiceStub(channel).GetUser
        called = method.future(user_pb2.User(name="krithik"), timeout=timeout)
        called.exception()
        return called


def events(server: ServerProcess, event: str) -> list[dict[str, Any]]:
    return [line for line in server.log() if line["event"] == event]


def assert_cause_is_named(target: str, cause: str, *options: str) -> None:
    """Calls an orc2 with an unusable upstream, and checks every report of the cause."""
    with running("services/orc2", "--upstream", target, *METRICS, *options) as orc2:
        failed = call(orc2)
        assert failed.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert target not in failed.details()
        (unusable,) = events(orc2, "upstream unusable")
        assert (unusable["upstream"], unusable["target"]) == ("mock_data", target)
        assert unusable["cause"].endswith(cause)
        assert unusable["calls_waiting"] == 1
        assert unusable["since"].endswith("Z")
        (line,) = orc2.calls()
        assert f"mock_data at {target}: {unusable['cause']}, for " in line["diagnosis"]
        for state, value in (("TRANSIENT_FAILURE", 1), ("READY", 0)):
            assert metric(orc2, "grpc_client_connection_state", state=state) == value


def tls_of(pair: Pair) -> list[str]:
    return ["--tls-certificate", str(pair.certificate), "--tls-key", str(pair.key)]


def test_nobody_listens() -> None:
    with reserved_address() as nobody:
        assert_cause_is_named(nobody, f"{nobody}: connection refused")


def test_the_upstream_wants_tls(tmp_path: Path) -> None:
    with running("services/mock_data", *tls_of(Authority(tmp_path).issue("server"))) as upstream:
        assert_cause_is_named(
            upstream.address,
            f"{upstream.address}: the server closes new connections: does it want TLS, or another"
            " certificate?",
        )


def test_the_upstream_speaks_no_tls(tmp_path: Path) -> None:
    with running("services/mock_data") as upstream:
        assert_cause_is_named(
            upstream.address,
            f"{upstream.address}: TLS: the server does not speak it",
            *("--upstream-tls-ca", str(Authority(tmp_path).certificate)),
        )


def test_the_upstream_has_a_certificate_of_another_authority(tmp_path: Path) -> None:
    other = Authority(tmp_path, "other")
    with running("services/mock_data", *tls_of(Authority(tmp_path).issue("server"))) as upstream:
        assert_cause_is_named(
            upstream.address,
            "TLS: the server's certificate is not trusted: unable to get local issuer certificate",
            *("--upstream-tls-ca", str(other.certificate)),
        )


class _Http1(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.rfile.readline()
        self.wfile.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


@contextmanager
def http1_server() -> Iterator[str]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Http1) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_the_upstream_speaks_http1() -> None:
    with http1_server() as address:
        assert_cause_is_named(address, f"{address}: the server does not speak HTTP/2")


def test_the_upstream_is_another_service() -> None:
    with running("services/orc1") as other:
        assert_cause_is_named(
            other.address, f"{other.address}: the server does not serve this service, or not now"
        )


def test_a_slow_upstream_is_connected_and_not_blamed_for_more() -> None:
    with (
        running("services/mock_data") as upstream,
        running("services/orc2", "--upstream", upstream.address) as orc2,
    ):
        assert call(orc2, LIMIT_SECONDS).code() is grpc.StatusCode.OK
        # Not by --delay: the upstream would report the deadline itself, perhaps first.
        upstream.signal(signal.SIGSTOP)
        assert call(orc2).code() is grpc.StatusCode.DEADLINE_EXCEEDED
        said = orc2.calls()[-1]["diagnosis"]
        assert said.endswith(f"mock_data at {upstream.address}: connected")
        assert events(orc2, "upstream unusable") == []


def test_its_return_is_a_line_and_each_further_one_a_reconnect() -> None:
    with (
        reserved_address() as address,
        running("services/orc2", "--upstream", address, *METRICS) as orc2,
    ):
        call(orc2, 0.5)
        for returns in range(2):
            with running("services/mock_data", "--listen", address, REUSE_PORT):
                assert call(orc2, LIMIT_SECONDS).code() is grpc.StatusCode.OK
                wait_until(
                    lambda: metric(orc2, "grpc_client_connection_state", state="READY") == 1,
                    "ready",
                )
                assert metric(orc2, "grpc_client_reconnects_total", upstream="mock_data") == returns
                assert metric(orc2, "grpc_client_calls_waiting", upstream="mock_data") == 0
        (usable,) = events(orc2, "upstream usable")
        (unusable,) = events(orc2, "upstream unusable")
        assert usable["target"] == address
        assert usable["seconds"] > 0
        assert usable["timestamp"] > unusable["timestamp"]


def health(server: ServerProcess, service: str) -> str:
    with grpc.insecure_channel(server.address) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service=service)
        status = stub.Check(request, timeout=LIMIT_SECONDS).status
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(status))


def test_health_follows_the_upstream_without_a_call() -> None:
    with (
        reserved_address() as address,
        running("services/orc2", "--upstream", address, "--health-follows-upstream", "0.1") as orc2,
    ):
        wait_until(lambda: health(orc2, SERVICE) == "NOT_SERVING", "health follows")
        # A restart of the server would not bring its upstream back.
        assert health(orc2, "") == "SERVING"
        with running("services/mock_data", "--listen", address, REUSE_PORT):
            wait_until(lambda: health(orc2, SERVICE) == "SERVING", "health follows again")


def test_health_does_not_follow_by_default() -> None:
    with reserved_address() as nobody, running("services/orc2", "--upstream", nobody) as orc2:
        call(orc2, 0.5)
        assert events(orc2, "upstream unusable")
        assert health(orc2, SERVICE) == "SERVING"
