"""Node.js programs before our servers. check.sh installs their libraries and runs this."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from proto import user_pb2
from testing.addresses import reserved_address
from testing.processes import running
from testing.waiting import LIMIT_SECONDS, wait_until
from tests.interop.nodejs import NODE
from tests.support.replicas import Replica

RESTARTS, CALLS_BETWEEN = 10, 300
IN_FLIGHT = 64
PROGRAM = os.environ.get("NODE_PROGRAM")

pytestmark = pytest.mark.skipif(not PROGRAM, reason="it is for tests/interop/check.sh to run")


@pytest.fixture
def descriptors(tmp_path: Path) -> Path:
    """A file with the contract, in the form for Node's program."""
    contract = FileDescriptorSet()
    user_pb2.DESCRIPTOR.CopyToProto(contract.file.add())
    path = tmp_path / "descriptors"
    path.write_bytes(contract.SerializeToString())
    return path


@pytest.fixture
def generations() -> Iterator[tuple[Replica, Replica]]:
    """Two orc1 with one address. The first one serves."""
    with ExitStack() as stack:
        mock_data = stack.enter_context(running("services/mock_data"))
        orc2 = stack.enter_context(running("services/orc2", "--upstream", mock_data.address))
        address = stack.enter_context(reserved_address())
        upstream = ("--upstream", orc2.address)
        first, second = (Replica("services/orc1", address, upstream) for _ in range(2))
        for orc1 in (first, second):
            stack.callback(orc1.close)
        first.start()
        yield first, second


@contextmanager
def load(library: str, address: str, descriptors: Path) -> Iterator["subprocess.Popen[str]"]:
    assert PROGRAM is not None
    command = [NODE, PROGRAM, library, address, str(IN_FLIGHT), str(descriptors)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("library", ["grpc-js", "connect-node"])
def test_a_restart_under_a_node_caller(
    library: str, generations: tuple[Replica, Replica], descriptors: Path
) -> None:
    old, new = generations
    with load(library, old.address, descriptors) as process:
        for _ in range(RESTARTS):
            wait_until(lambda: len(old.server.calls()) > CALLS_BETWEEN, "calls are answered")  # noqa: B023
            new.start()
            assert old.server.stop() == 0
            old, new = new, old
        process.terminate()
        outcomes = json.loads(process.communicate(timeout=LIMIT_SECONDS)[0])
    print(f"{RESTARTS} restarts under {library}, {IN_FLIGHT} calls in flight: {outcomes}")
    assert outcomes.keys() == {"OK"}
