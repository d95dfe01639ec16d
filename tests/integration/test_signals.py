"""Signals: the first stops a server gracefully, the second at once. SIGHUP rereads files."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rpc.core.address import split_host_port

import grpc
import pytest

from proto import user_pb2, user_pb2_grpc
from testing.certificates import Authority
from testing.channels import OWN_CONNECTION
from testing.metrics import wait_until_in_flight
from testing.processes import ServerProcess, run_to_end, running
from testing.waiting import LIMIT_SECONDS, wait_until
from tests.support.services import SERVICES

REQUEST = user_pb2.UserName(name="krithik")
FOREVER = "600"
METRICS = ["--metrics-address", "127.0.0.1:0"]
STOPPING = [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT]
HARMLESS = [signal.SIGUSR1, signal.SIGUSR2]


@pytest.fixture
def endless_call() -> Iterator[ServerProcess]:
    """mock_data with one endless call in flight."""
    arguments = ["--delay", FOREVER, "--grace", FOREVER, *METRICS]
    with running("services/mock_data", *arguments) as server:
        call = start_call(server)
        yield server
        call.cancel()


def start_call(server: ServerProcess) -> "grpc._CallFuture[user_pb2.User]":
    channel = grpc.insecure_channel(server.address)
    method = user_pb2_grpc.MockUserDataServiceStub(channel).GetMockUserData
    call = method.future(REQUEST, timeout=LIMIT_SECONDS)
    wait_until_in_flight(server, 1)
    return call


def is_stopping(server: ServerProcess) -> bool:
    return any(line["event"] == "stopping" for line in server.log())


def ignored(server: ServerProcess) -> list[str]:
    return [line["signal"] for line in server.log() if line["event"] == "signal ignored"]


def takes_no_connection(server: ServerProcess) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(split_host_port(server.address)) != 0


@pytest.mark.parametrize("number", STOPPING)
@pytest.mark.parametrize("name", SERVICES)
def test_an_idle_server_exits_with_0(name: str, number: signal.Signals) -> None:
    with running(f"services/{name}") as server:
        server.signal(number)
        assert server.wait() == 0


@pytest.mark.parametrize("number", STOPPING)
def test_a_call_in_flight_is_answered(number: signal.Signals) -> None:
    arguments = ["--delay", "1", "--grace", "60", *METRICS]
    with running("services/mock_data", *arguments) as server:
        call = start_call(server)
        server.signal(number)
        assert call.result() == user_pb2.User(name="krithik", **{"class": "7"}, roll=70)
        assert server.wait() == 0


@pytest.mark.parametrize("number", HARMLESS)
def test_other_signals_are_logged_and_change_nothing(number: signal.Signals) -> None:
    with running("services/mock_data") as server:
        server.signal(number)
        wait_until(lambda: number.name in ignored(server), "the signal is in the log")
        call(server)
        assert server.stop() == 0


def test_other_signals_are_harmless_while_a_server_stops(endless_call: ServerProcess) -> None:
    endless_call.signal(signal.SIGTERM)
    wait_until(lambda: is_stopping(endless_call), "the server is stopping")
    endless_call.signal(signal.SIGUSR1)
    wait_until(lambda: "SIGUSR1" in ignored(endless_call), "the signal is in the log")
    endless_call.signal(signal.SIGHUP)
    wait_until(lambda: bool(events(endless_call, "reloaded")), "the level is read anew")
    assert endless_call.process.poll() is None


class TestReload:
    """SIGHUP rereads the certificates and the log level."""

    def test_the_log_level_is_that_of_the_file(self, tmp_path: Path) -> None:
        file = tmp_path / "level"
        with running("services/mock_data", "--log-level-file", str(file)) as server:
            file.write_text("warning\n")
            server.signal(signal.SIGHUP)
            # The line at the old level.
            wait_until(lambda: bool(events(server, "reloading")), "the signal is in the log")
            call(server)
            file.unlink()
            server.signal(signal.SIGHUP)
            # The line at the new level, the option's value again.
            wait_until(lambda: bool(events(server, "reloaded")), "the level is read anew")
            call(server)
            assert server.stop() == 0
            assert len(server.calls()) == 1

    def test_an_unusable_file_leaves_the_level(self, tmp_path: Path) -> None:
        file = tmp_path / "level"
        with running("services/mock_data", "--log-level-file", str(file)) as server:
            file.write_text("loud")
            server.signal(signal.SIGHUP)
            kept = "keeping the old log level"
            wait_until(lambda: bool(events(server, kept)), "the fault is in the log")
            (line,) = events(server, kept)
            assert line["reason"].endswith("has none of debug, info, warning, error in it")
            call(server)
            assert len(server.calls()) == 1

    def test_a_server_does_not_start_with_such_a_file(self, tmp_path: Path) -> None:
        file = tmp_path / "level"
        file.write_text("loud")
        ended = run_to_end("services/mock_data", "--log-level-file", str(file))
        assert ended.returncode == 2
        assert ended.stderr.count("\n") == 1
        assert f"--log-level-file {file} has none of debug, " in ended.stderr

    def test_certificates_are_read_without_a_handshake(self, tmp_path: Path) -> None:
        authority = Authority(tmp_path)
        pair = authority.issue("server")
        tls = ["--tls-certificate", str(pair.certificate), "--tls-key", str(pair.key)]
        with running("services/mock_data", *tls, *METRICS) as server:
            server.signal(signal.SIGHUP)
            read = ("certificate reloaded", "certificate of the metrics reloaded")
            wait_until(lambda: len(events(server, *read)) == len(read), "both are read anew")
            pair.key.write_text("torn")
            server.signal(signal.SIGHUP)

            def kept() -> bool:
                starts = "keeping the old certificate: "
                return any(line["event"].startswith(starts) for line in server.log())

            wait_until(kept, "the fault is in the log")

    def test_calls_continue_over_a_channel_that_is_made_anew(self, tmp_path: Path) -> None:
        authority = Authority(tmp_path)
        pair = authority.issue("server", names=["localhost"])
        tls = ["--tls-certificate", str(pair.certificate), "--tls-key", str(pair.key)]
        with running("services/mock_data", *tls) as mock_data:
            port = mock_data.address.rpartition(":")[2]
            upstream = ["--upstream", f"localhost:{port}", "--upstream-tls-ca"]
            with running("services/orc2", *upstream, str(authority.certificate)) as orc2:
                for _ in range(2):
                    orc2.signal(signal.SIGHUP)
                wait_until(
                    lambda: bool(events(orc2, "certificate for the upstream reloaded")),
                    "it is made anew",
                )
                with grpc.insecure_channel(orc2.address) as channel:
                    method = user_pb2_grpc.Orchestrator2ServiceStub(channel).GetUser
                    user = user_pb2.User(name="krithik")
                    assert method(user, timeout=LIMIT_SECONDS).name == "krithik"


def events(server: ServerProcess, *names: str) -> list[dict[str, Any]]:
    return [line for line in server.log() if line["event"] in names]


def call(server: ServerProcess) -> None:
    with grpc.insecure_channel(server.address) as channel:
        method = user_pb2_grpc.MockUserDataServiceStub(channel).GetMockUserData
        assert method(REQUEST, timeout=LIMIT_SECONDS).name == "krithik"


def test_a_call_that_outlasts_the_grace_is_cut_off() -> None:
    arguments = ["--delay", FOREVER, "--grace", "0.1", *METRICS]
    with running("services/mock_data", *arguments) as server:
        call = start_call(server)
        assert server.stop() == 0
        assert call.exception() is not None
        assert call.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}


def test_a_new_call_is_refused_while_the_server_stops(endless_call: ServerProcess) -> None:
    endless_call.signal(signal.SIGTERM)
    # Until then calls are answered.
    wait_until(lambda: takes_no_connection(endless_call), "the server has stopped listening")
    with grpc.insecure_channel(endless_call.address, options=OWN_CONNECTION) as channel:
        method = user_pb2_grpc.MockUserDataServiceStub(channel).GetMockUserData
        with pytest.raises(grpc.RpcError) as raised:
            method(REQUEST, timeout=LIMIT_SECONDS)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("number", STOPPING)
def test_a_second_signal_ends_the_server_at_once(
    endless_call: ServerProcess, number: signal.Signals
) -> None:
    endless_call.signal(signal.SIGTERM)
    wait_until(lambda: is_stopping(endless_call), "the server is stopping")
    endless_call.signal(number)
    assert endless_call.wait() == -number
