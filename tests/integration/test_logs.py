"""Logs: one line a call, one request id at all hops, and nothing forgeable by a caller."""

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest

from proto import user_pb2, user_pb2_grpc
from testing.chain import Chain, running_chain
from testing.processes import ServerProcess, running
from testing.runfiles import command_line
from testing.waiting import LIMIT_SECONDS, wait_until

REQUEST_ID = "x-request-id"
# 64 KiB on Linux.
MORE_LINES_THAN_A_PIPE_HOLDS = 600
# key=value or key="value". Inside the quotes, a backslash precedes each quote or backslash.
_LOGFMT_VALUE = r'(?:"(?:[^"\\]|\\.)*"|[^ ="]*)'
LOGFMT_LINE = re.compile(rf"(?:(?:^| )[a-z_]+={_LOGFMT_VALUE})+")
LOGFMT_KEY = re.compile(rf"(?:^| )([a-z_]+)={_LOGFMT_VALUE}")


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with running_chain() as chain:
        yield chain


def call_orc1(
    orc1: ServerProcess, name: str = "krithik", *metadata: tuple[str, str]
) -> "grpc._CallFuture[user_pb2.User]":
    with grpc.insecure_channel(orc1.address) as channel:
        method = user_pb2_grpc.Orchestrator1ServiceStub(channel).GetUserByName
        call = method.future(user_pb2.UserName(name=name), timeout=LIMIT_SECONDS, metadata=metadata)
        call.exception()
        return call


def call_mock_data(address: str, name: str) -> grpc.StatusCode:
    with grpc.insecure_channel(address) as channel:
        method = user_pb2_grpc.MockUserDataServiceStub(channel).GetMockUserData
        call = method.future(user_pb2.UserName(name=name), timeout=LIMIT_SECONDS)
        call.exception()
        return call.code()


class TestJson:
    def test_each_call_has_a_line_at_each_hop(self, chain: Chain) -> None:
        call_orc1(chain.orc1)
        for server, service, method in (
            (chain.orc1, "orc1", "/user.Orchestrator1Service/GetUserByName"),
            (chain.orc2, "orc2", "/user.Orchestrator2Service/GetUser"),
            (chain.mock_data, "mock_data", "/user.MockUserDataService/GetMockUserData"),
        ):
            line = server.calls()[-1]
            assert (line["service"], line["method"], line["code"]) == (service, method, "OK")
            assert line["level"] == "info"
            assert line["duration_ms"] > 0
            assert line["peer"].startswith("ipv4:127.0.0.1:")
            assert line["deadline_ms"] <= LIMIT_SECONDS * 1000

    def test_the_callers_request_id_is_at_all_hops(self, chain: Chain) -> None:
        call_orc1(chain.orc1, "krithik", (REQUEST_ID, "order-66/a"))
        for server in (chain.orc1, chain.orc2, chain.mock_data):
            assert server.calls()[-1]["request_id"] == "order-66/a"

    def test_a_call_without_one_gets_one_that_is_at_all_hops(self, chain: Chain) -> None:
        call_orc1(chain.orc1)
        servers = (chain.orc1, chain.orc2, chain.mock_data)
        (request_id,) = {server.calls()[-1]["request_id"] for server in servers}
        assert re.fullmatch("[0-9a-f]{32}", request_id)

    def test_a_failed_call_sends_its_caller_the_request_id(self, chain: Chain) -> None:
        call = call_orc1(chain.orc1, "abc", (REQUEST_ID, "order-66"))
        assert (REQUEST_ID, "order-66") in call.trailing_metadata()

    @pytest.mark.parametrize(
        "forged", ["a b", 'a"b', "a=\\", "x" * 129, "", "level=error code=OK", "{}", "a;b"]
    )
    def test_an_id_that_could_forge_a_line_is_replaced(self, chain: Chain, forged: str) -> None:
        call_orc1(chain.orc1, "krithik", (REQUEST_ID, forged))
        assert re.fullmatch("[0-9a-f]{32}", chain.orc1.calls()[-1]["request_id"])

    @pytest.mark.parametrize("name", ['"}\n{', "\u2028\n", "\x00\x1b[", "\\"])
    def test_names_in_messages_stay_in_their_line(self, chain: Chain, name: str) -> None:
        before = len(chain.orc1.calls())
        call_orc1(chain.orc1, name)
        lines = chain.orc1.calls()
        assert len(lines) == before + 1
        assert lines[-1]["code"] == "INVALID_ARGUMENT"

    def test_a_life_is_logged_from_serving_to_stopped(self) -> None:
        with running("services/mock_data") as server:
            assert server.stop() == 0
            events = [line["event"] for line in server.log()]
            assert events == ["serving", "stopping", "stopped"]
            assert server.log()[0]["address"] == server.address


@pytest.fixture(scope="module")
def text_server() -> Iterator[ServerProcess]:
    with running("services/mock_data", "--log-format", "text") as server:
        yield server


class TestText:
    @pytest.mark.parametrize(
        "name",
        [
            "a\nb=c",
            "\r\n\v\f",
            "\x00\x1b[1",
            "\u2028",
            "\u2029x",
            "\u202e",
            "\x85",
            '" x="',
            '\\" =',
            "\\",
        ],
        ids=ascii,
    )
    def test_no_name_can_forge_a_line_or_a_field(
        self, text_server: ServerProcess, name: str
    ) -> None:
        before = text_server.log_file.read_bytes().decode()
        code = call_mock_data(text_server.address, name)
        assert code is grpc.StatusCode.INVALID_ARGUMENT
        written = text_server.log_file.read_bytes().decode().removeprefix(before)
        # One line, for any reader's definition of a line's end.
        (line,) = written.removesuffix("\n").splitlines()
        assert line.isprintable()
        assert LOGFMT_LINE.fullmatch(line)
        assert LOGFMT_KEY.findall(line) == [
            *("timestamp", "level", "service", "event", "method", "code", "duration_ms", "peer"),
            *("request_id", "deadline_ms", "message"),
        ]


class TestStderr:
    """An unwritable log loses lines, but no calls, and the exit is not delayed."""

    def test_full(self) -> None:
        with Path("/dev/full").open("wb") as full:
            self.assert_serves(command_line("services/mock_data"), full.fileno())

    def test_closed(self) -> None:
        without_stderr = ["sh", "-c", 'exec "$@" 2>&-', "sh"]
        self.assert_serves([*without_stderr, *command_line("services/mock_data")], None)

    def test_a_pipe_that_is_not_read_for_a_while(self) -> None:
        read, write = os.pipe()
        with (
            os.fdopen(read, "rb") as pipe,
            served_by(command_line("services/mock_data"), write) as (process, address),
        ):
            for _ in range(MORE_LINES_THAN_A_PIPE_HOLDS):
                assert call_mock_data(address, "krithik") is grpc.StatusCode.OK
            os.set_blocking(read, False)
            before = pipe.read()
            assert call_mock_data(address, "abc") is grpc.StatusCode.INVALID_ARGUMENT
            after = pipe.read().decode().splitlines()
            process.send_signal(signal.SIGTERM)
            assert process.wait(LIMIT_SECONDS) == 0
        answered = before.count(b"code=OK")
        (loss,) = (line for line in after if "lines lost" in line)
        assert int(loss.rpartition("lines=")[2]) == MORE_LINES_THAN_A_PIPE_HOLDS - answered
        assert "code=INVALID_ARGUMENT" in after[-1]

    def test_a_pipe_that_nobody_reads_any_more(self) -> None:
        self.assert_serves(command_line("services/mock_data"), subprocess.PIPE)

    @staticmethod
    def assert_serves(command: list[str], stderr: int | None) -> None:
        with served_by(command, stderr) as (process, address):
            for _ in range(100):
                assert call_mock_data(address, "krithik") is grpc.StatusCode.OK
            assert call_mock_data(address, "abc") is grpc.StatusCode.INVALID_ARGUMENT
            process.send_signal(signal.SIGTERM)
            assert process.wait(LIMIT_SECONDS) == 0


@contextmanager
def served_by(
    command: list[str], stderr: int | None
) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    """A mock_data with this stderr, and its address."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder, "ready")
        environment = {
            "MOCK_DATA_LISTEN": "127.0.0.1:0",
            "MOCK_DATA_READY_FILE": str(ready),
        }
        process = subprocess.Popen(command, env=os.environ | environment, stderr=stderr)
        try:
            if process.stderr is not None:
                process.stderr.close()
            wait_until(lambda: ready.exists() or process.poll() is not None, "the server serves")
            yield process, ready.read_text().strip()
        finally:
            process.kill()
            process.wait()
