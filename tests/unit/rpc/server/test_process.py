"""A server as a process: it logs its readiness, and ends on a signal."""

import asyncio
import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from rpc.server.application import Application, Servicer
from rpc.server.process import run_server
from rpc.server.ready_file import ReadyFileError
from rpc.server.settings import ServerSettings, ShutdownSettings
from rpc.telemetry.settings import TelemetrySettings
from rpc.transports.settings import ListeningSettings
from rpc.transports.transport import BindError

import grpc
import pytest

from proto import user_pb2, user_pb2_grpc
from services.mock_data import mock_data
from testing.waiting import LIMIT_SECONDS, wait_until
from tests.support.logging_setup import logs_restored
from tests.support.python_program import run_python

STOPPING = [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT]
APPLICATION = mock_data.SERVICE.application


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    handlers = {number: signal.getsignal(number) for number in STOPPING}
    with logs_restored():
        yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def settings(ready: Path, metrics_address: str | None = None, **chosen: Any) -> ServerSettings:
    telemetry = TelemetrySettings(log_format="json", metrics_address=metrics_address)
    return ServerSettings(name="mock_data", telemetry=telemetry, ready_file=ready, **chosen)


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.split("\n")[:-1]]


@pytest.mark.parametrize("number", STOPPING)
def test_a_signal_ends_it_and_the_log_has_its_life(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    ready = tmp_path / "ready"
    seen: list[str] = []

    def stop_when_ready() -> None:
        wait_until(ready.exists, "the server serves")
        seen.append(ready.read_text())
        os.kill(os.getpid(), number)

    stopper = threading.Thread(target=stop_when_ready)
    stopper.start()
    run_server(APPLICATION, settings(ready, metrics_address="127.0.0.1:0"), {})
    stopper.join()
    lines = lines_of(capsys)
    assert [line["event"] for line in lines] == ["serving", "stopping", "stopped"]
    assert [line["service"] for line in lines] == ["mock_data"] * 3
    serving, stopping, _ = lines
    assert seen == [f"{serving['address']}\n{serving['metrics_address']}\n"]
    assert not ready.exists()
    assert serving["pid"] == os.getpid()
    assert (stopping["grace_s"], stopping["drain_delay_s"]) == (5.0, 0.0)
    # The next signal would end the process at once.
    assert signal.getsignal(number) is signal.SIG_DFL


def test_what_goes_wrong_in_a_thread_is_a_line_of_its_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The server sets its own hook from now on.
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    ready = tmp_path / "ready"

    def fail() -> None:
        raise ValueError("in a thread")

    def fail_and_stop() -> None:
        wait_until(ready.exists, "the server serves")
        failing = threading.Thread(target=fail)
        failing.start()
        failing.join()
        os.kill(os.getpid(), signal.SIGTERM)

    stopper = threading.Thread(target=fail_and_stop)
    stopper.start()
    run_server(APPLICATION, settings(ready), {})
    stopper.join()
    lines = lines_of(capsys)
    (error,) = (line for line in lines if line["level"] == "error")
    assert "ValueError: in a thread" in error["exception"]


def test_the_ready_file_of_a_killed_server_is_removed(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    ready.write_text("127.0.0.1:1\n")
    listening = ListeningSettings(address="192.0.2.1:0", insecure=True)
    with pytest.raises(BindError):
        run_server(APPLICATION, settings(ready, listening=listening), {})
    assert not ready.exists()


def test_as_process_1_a_second_signal_ends_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready, pid = tmp_path / "ready", os.getpid()
    codes: list[int] = []
    ended = threading.Event()

    def end(code: int) -> None:
        codes.append(code)
        ended.set()

    def stop_twice() -> None:
        wait_until(ready.exists, "the server serves")
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not ready.exists(), "the server drains")
        os.kill(pid, signal.SIGTERM)
        ended.wait(LIMIT_SECONDS)

    monkeypatch.setattr(os, "getpid", lambda: 1)
    monkeypatch.setattr(os, "_exit", end)
    stopper = threading.Thread(target=stop_twice)
    stopper.start()
    run_server(APPLICATION, settings(ready, shutdown=ShutdownSettings(drain_delay=1.0)), {})
    stopper.join()
    assert codes == [128 + signal.SIGTERM]


class Busy(user_pb2_grpc.MockUserDataServiceServicer):
    """Blocks a thread until it is told to end."""

    begun = threading.Event()
    end = threading.Event()

    def GetMockUserData(self, request: Any, context: Any) -> Any:
        self.begun.set()
        self.end.wait(LIMIT_SECONDS)
        return user_pb2.User()


@pytest.mark.parametrize("transport", ["grpcio", "wire"])
def test_a_busy_thread_does_not_hold_up_the_exit(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    transport: str,
) -> None:
    ready = tmp_path / "ready"
    codes: list[int] = []
    Busy.begun.clear()
    Busy.end.clear()

    def end(code: int) -> None:
        codes.append(code)
        Busy.end.set()

    def call_and_stop() -> None:
        wait_until(ready.exists, "the server serves")
        with grpc.insecure_channel(ready.read_text().strip()) as channel:
            stub = user_pb2_grpc.MockUserDataServiceStub(channel)
            call = stub.GetMockUserData.future(user_pb2.UserName(name="krithik"))
            Busy.begun.wait(LIMIT_SECONDS)
            os.kill(os.getpid(), signal.SIGTERM)
            assert isinstance(call.exception(), grpc.RpcError)

    monkeypatch.setattr(os, "_exit", end)
    register = user_pb2_grpc.add_MockUserDataServiceServicer_to_server
    application = Application("busy", 0, [Servicer(Busy, register)])
    stopper = threading.Thread(target=call_and_stop)
    stopper.start()
    chosen = settings(ready, shutdown=ShutdownSettings(grace=0.1), transport=transport)
    run_server(application, chosen, {})
    stopper.join()
    assert codes == [0]
    events = [line["event"] for line in lines_of(capsys)]
    warning = "a blocking method is left behind, which still runs on its thread"
    assert events[: events.index("stopped")][-1] == warning


# In a process without gRPC's core, which may crash in a forked child.
FORKING = """
import asyncio, multiprocessing, time, uvloop
from rpc.server.signals import spare_forked_children, stop_on_signal

async def main():
    spare_forked_children()
    stop = stop_on_signal()
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(3,))
    child.start()
    child.terminate()
    await asyncio.to_thread(child.join)
    print(child.exitcode, stop.is_set())

uvloop.run(main())
"""


def test_a_signal_to_a_forked_child_does_not_stop_the_server() -> None:
    ended = run_python(FORKING)
    assert (ended.stdout, ended.stderr) == (f"-{int(signal.SIGTERM)} False\n", "")


class Flushing(mock_data.MockUserData):
    """Has a task of its own that writes in a thread when it is cancelled."""

    written: ClassVar[list[str]] = []

    def __init__(self) -> None:
        super().__init__()
        self._flushing = asyncio.create_task(self._flush())

    async def _flush(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.to_thread(self.written.append, "all")


class Stubborn(mock_data.MockUserData):
    """Has a task of its own that no cancellation ends."""

    end: asyncio.Event

    def __init__(self) -> None:
        super().__init__()
        Stubborn.end = asyncio.Event()
        self._waiting = asyncio.create_task(self._wait())

    async def _wait(self) -> None:
        while not self.end.is_set():
            with suppress(asyncio.CancelledError):
                await self.end.wait()


def run_and_stop(servicer: type[mock_data.MockUserData], ready: Path, **chosen: Any) -> None:
    def stop_when_ready() -> None:
        wait_until(ready.exists, "the server serves")
        os.kill(os.getpid(), signal.SIGTERM)

    register = user_pb2_grpc.add_MockUserDataServiceServicer_to_server
    application = Application("with_tasks", 0, [Servicer(servicer, register)])
    stopper = threading.Thread(target=stop_when_ready)
    stopper.start()
    run_server(application, settings(ready, **chosen), {})
    stopper.join()


def test_tasks_of_a_service_may_use_threads_to_their_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Flushing.written.clear()
    run_and_stop(Flushing, tmp_path / "ready")
    assert Flushing.written == ["all"]
    assert [line["event"] for line in lines_of(capsys)] == ["serving", "stopping", "stopped"]


def test_a_task_that_does_not_end_does_not_hold_up_the_exit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    codes: list[int] = []

    def end(code: int) -> None:
        codes.append(code)
        Stubborn.end.set()

    monkeypatch.setattr(os, "_exit", end)
    run_and_stop(Stubborn, tmp_path / "ready", shutdown=ShutdownSettings(grace=0.1))
    assert codes == [0]
    warning = "a task is left behind, which its cancellation does not end"
    assert [line["event"] for line in lines_of(capsys)][2:] == [warning, "stopped"]


def test_a_ready_file_that_cannot_be_written_ends_it(tmp_path: Path) -> None:
    with pytest.raises(ReadyFileError, match="No such file"):
        run_server(APPLICATION, settings(tmp_path / "missing" / "ready"), {})
