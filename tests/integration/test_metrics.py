"""Metrics: a server's call figures, access to them, and their format."""

import socket
import ssl
from pathlib import Path
from urllib.request import urlopen

import grpc
import psutil
import pytest

from proto import user_pb2, user_pb2_grpc
from testing.certificates import Authority
from testing.chain import running_chain
from testing.metrics import metric
from testing.processes import ServerProcess, run_to_end, running
from testing.waiting import LIMIT_SECONDS

METRICS = ["--metrics-address", "127.0.0.1:0"]
GET_USER_BY_NAME = "user.Orchestrator1Service/GetUserByName"
GET_USER = "user.Orchestrator2Service/GetUser"


def get_user(orc1: ServerProcess, name: str) -> grpc.StatusCode:
    with grpc.insecure_channel(orc1.address) as channel:
        method = user_pb2_grpc.Orchestrator1ServiceStub(channel).GetUserByName
        call = method.future(user_pb2.UserName(name=name), timeout=LIMIT_SECONDS)
        call.exception()
        return call.code()


def test_both_sides_are_counted_by_the_names_of_grfc_a66() -> None:
    with running_chain(orc1=METRICS) as chain:
        assert get_user(chain.orc1, "krithik") is grpc.StatusCode.OK
        assert get_user(chain.orc1, "abc") is grpc.StatusCode.INVALID_ARGUMENT
        for side, method in (("server", GET_USER_BY_NAME), ("client", GET_USER)):
            prefix, labels = f"grpc_{side}_call", {"grpc_method": method}
            assert metric(chain.orc1, f"{prefix}_started_total", **labels) == 2
            assert metric(chain.orc1, f"{prefix}_in_flight", **labels) == 0
            for status in ("OK", "INVALID_ARGUMENT"):
                duration = f"{prefix}_duration_seconds"
                count = metric(chain.orc1, f"{duration}_count", **labels, grpc_status=status)
                assert count == 1
                assert metric(chain.orc1, f"{duration}_sum", **labels, grpc_status=status) > 0


def test_the_process_itself_is_measured() -> None:
    with running("services/mock_data", *METRICS) as server:
        assert metric(server, "process_resident_memory_bytes") > 0


@pytest.mark.parametrize("name", ["PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir"])
def test_metrics_are_the_process_own_whatever_it_inherits(tmp_path: Path, name: str) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with running("services/mock_data", *METRICS, environment={name: str(folder)}) as server:
            assert metric(server, "process_resident_memory_bytes") > 0
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_served_by_default() -> None:
    with running("services/mock_data") as server:
        assert server.metrics_address is None
        listening = [
            connection.laddr
            for connection in psutil.Process(server.pid).net_connections(kind="tcp")
            if connection.status == psutil.CONN_LISTEN
        ]
        assert len(listening) == 1


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "metrics.example:0"])
def test_an_address_beyond_loopback_is_refused(address: str) -> None:
    ended = run_to_end("services/orc1", "--listen", "127.0.0.1:0", "--metrics-address", address)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "--metrics-address" in ended.stderr
    assert "--insecure" in ended.stderr


def test_an_address_beyond_loopback_is_served_with_the_option() -> None:
    with running("services/mock_data", "--metrics-address", "0.0.0.0:0", "--insecure") as server:
        assert metric(server, "process_open_fds") > 0


def test_ipv6_loopback_serves() -> None:
    with running("services/mock_data", "--metrics-address", "[::1]:0") as server:
        assert server.metrics_address is not None
        assert server.metrics_address.startswith("[::1]:")
        assert metric(server, "process_open_fds") > 0


def test_a_taken_port_is_one_line_and_exit_code_1() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        ended = run_to_end("services/orc1", "--listen", "127.0.0.1:0", "--metrics-address", taken)
    assert ended.returncode == 1
    why = "Address already in use. Choose another with --metrics-address"
    assert ended.stderr == f"orc1: cannot serve metrics on {taken}: {why}\n"


class TestTls:
    """With TLS, the metrics endpoint uses the server's own certificate and authorities."""

    def test_a_caller_with_a_certificate_reads_them(self, tmp_path: Path) -> None:
        authority = Authority(tmp_path)
        client = authority.issue("client")
        context = ssl.create_default_context(cafile=authority.certificate)
        context.load_cert_chain(client.certificate, client.key)
        with running("services/mock_data", *self.mutual_tls(authority)) as server:
            url = f"https://{server.metrics_address}/metrics"
            with urlopen(url, timeout=LIMIT_SECONDS, context=context) as response:
                assert b"process_open_fds" in response.read()

    def test_a_caller_without_one_is_refused(self, tmp_path: Path) -> None:
        authority = Authority(tmp_path)
        context = ssl.create_default_context(cafile=authority.certificate)
        with running("services/mock_data", *self.mutual_tls(authority)) as server:
            url = f"https://{server.metrics_address}/metrics"
            with pytest.raises(OSError, match=r"certificate required|reset|closed|EOF|Broken pipe"):
                urlopen(url, timeout=LIMIT_SECONDS, context=context)

    def test_a_silent_caller_holds_up_neither_others_nor_the_exit(self, tmp_path: Path) -> None:
        authority = Authority(tmp_path)
        client = authority.issue("client")
        context = ssl.create_default_context(cafile=authority.certificate)
        context.load_cert_chain(client.certificate, client.key)
        with running("services/mock_data", *self.mutual_tls(authority)) as server:
            assert server.metrics_address is not None
            host, _, port = server.metrics_address.rpartition(":")
            with socket.create_connection((host, int(port))):
                url = f"https://{server.metrics_address}/metrics"
                urlopen(url, timeout=LIMIT_SECONDS, context=context).close()
                assert server.stop() == 0

    @staticmethod
    def mutual_tls(authority: Authority) -> list[str]:
        server = authority.issue("server")
        return [
            *METRICS,
            *("--tls-certificate", str(server.certificate), "--tls-key", str(server.key)),
            *("--tls-client-ca", str(authority.certificate)),
        ]
