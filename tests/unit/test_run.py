"""A server as a process: it says that it serves, and ends when it is told to."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rpc.ready import ReadyFileError
from rpc.run import run_server
from rpc.settings import ServerSettings

import grpc
import pytest

from proto import user_pb2_grpc
from services.mock_data import MockUserData
from tests.support.logging_setup import logs_restored
from tests.support.waiting import wait_until

SERVICE = "user.MockUserDataService"


def add_mock_data(server: grpc.aio.Server, _: object) -> None:
    user_pb2_grpc.add_MockUserDataServiceServicer_to_server(MockUserData(), server)


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    with logs_restored():
        yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def settings(ready: Path, **chosen: Any) -> ServerSettings:
    return ServerSettings(
        name="mock_data", listen="127.0.0.1:0", log_format="json", ready_file=ready, **chosen
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_the_log_tells_its_life(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    ready = tmp_path / "ready"

    def stop_when_ready() -> None:
        wait_until(ready.exists, "the server serves")
        os.kill(os.getpid(), number)

    stopper = threading.Thread(target=stop_when_ready)
    stopper.start()
    run_server(SERVICE, add_mock_data, settings(ready, metrics_address="127.0.0.1:0"))
    stopper.join()
    lines = [json.loads(line) for line in capsys.readouterr().err.split("\n")[:-1]]
    assert [line["event"] for line in lines] == ["serving", "stopping", "stopped"]
    assert [line["service"] for line in lines] == ["mock_data"] * 3
    serving, stopping, _ = lines
    assert ready.read_text() == f"{serving['address']}\n{serving['metrics_address']}\n"
    assert serving["pid"] == os.getpid()
    assert (stopping["grace_s"], stopping["drain_delay_s"]) == (5.0, 0.0)
    # The next signal would end the process at once.
    assert signal.getsignal(number) is signal.SIG_DFL


def test_a_ready_file_that_cannot_be_written_ends_it(tmp_path: Path) -> None:
    with pytest.raises(ReadyFileError, match="No such file"):
        run_server(SERVICE, add_mock_data, settings(tmp_path / "missing" / "ready"))
