"""Go programs at any hop, before and after ours. check.sh builds them and runs this."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import product
from pathlib import Path

import pytest

from testing.certificates import Authority
from testing.processes import running
from testing.waiting import LIMIT_SECONDS, wait_until
from tests.support.client import PATIENCE, run_client
from tests.support.replicas import replicas

FOREVER = "600"
RESTARTS, CALLS_BETWEEN = 5, 1000
GO, OURS = "go", "ours"
USERS = {
    "krithik": 'name:"krithik" class:"7" roll:70',
    "héllo": 'name:"héllo" class:"6" roll:60',
}
REFUSALS = {
    GO: "code = Unknown desc = invalid name abc. Name length must be atleast 6 characters",
    OURS: 'code = InvalidArgument desc = invalid name "abc": must be at least 6 bytes, got 3',
}
# The kinds of details of a refusal, as seen by a Go client.
DETAILS = {GO: "", OURS: "*errdetails.BadRequest\n"}
REFERENCE = os.environ.get("REFERENCE")

pytestmark = pytest.mark.skipif(not REFERENCE, reason="it is for tests/interop/check.sh to run")


def reference(*arguments: str) -> "subprocess.Popen[str]":
    assert REFERENCE is not None
    return subprocess.Popen([REFERENCE, *arguments], stdout=subprocess.PIPE, text=True)


@contextmanager
def serving_in_go(name: str, *options: str) -> Iterator[str]:
    """Runs a server of Go and gives its address."""
    with reference(name, *options) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.kill()


@contextmanager
def serving(implementation: str, name: str, *options: str) -> Iterator[str]:
    if implementation == GO:
        with serving_in_go(name, *options) as address:
            yield address
    else:
        with running(f"services/{name}", *options) as server:
            yield server.address


def outcome_in_go(target: str, name: str, seconds: float = LIMIT_SECONDS) -> str:
    with reference("client", target, name, str(seconds)) as client:
        return client.communicate()[0]


@pytest.fixture(params=product([GO, OURS], repeat=3), ids="-".join)
def implementations(request: pytest.FixtureRequest) -> tuple[str, str, str]:
    """The implementations of orc1, orc2 and mock_data."""
    chosen: tuple[str, str, str] = request.param
    return chosen


@pytest.fixture
def orc1(implementations: tuple[str, str, str]) -> Iterator[str]:
    """Address of the head of a chain of these implementations."""
    first, second, third = implementations
    with (
        serving(third, "mock_data") as mock_data,
        serving(second, "orc2", "--upstream", mock_data) as orc2,
        serving(first, "orc1", "--upstream", orc2) as orc1,
    ):
        yield orc1


def test_either_client_gets_responses_and_errors_in_any_chain(
    orc1: str, implementations: tuple[str, str, str]
) -> None:
    for name, user in USERS.items():
        response = f"Got response:\n{user}\n"
        assert outcome_in_go(orc1, name) == response
        assert run_client("--target", orc1, *PATIENCE, "-n", name).stdout.decode() == response
    refused_by = implementations[2]
    error = f"Got error:\nrpc error: {REFUSALS[refused_by]}\n"
    assert outcome_in_go(orc1, "abc") == error + DETAILS[refused_by]
    assert error in run_client("--target", orc1, *PATIENCE, "-n", "abc").stderr.decode()


@pytest.mark.parametrize("chain", [(GO, OURS, GO), (OURS, GO, OURS)], ids="-".join)
def test_each_link_may_have_tls(chain: tuple[str, str, str], tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("server")
    serve = ("--tls-certificate", str(pair.certificate), "--tls-key", str(pair.key))
    call = ("--upstream-tls-ca", str(authority.certificate), "--upstream")
    with (
        serving(chain[2], "mock_data", *serve) as mock_data,
        serving(chain[1], "orc2", *serve, *call, mock_data) as orc2,
        serving(chain[0], "orc1", *call, orc2) as orc1,
    ):
        assert outcome_in_go(orc1, "krithik") == f"Got response:\n{USERS['krithik']}\n"


def test_the_deadline_of_a_go_client_reaches_the_last_hop() -> None:
    with (
        running("services/mock_data", "--delay", FOREVER) as mock_data,
        running("services/orc2", "--upstream", mock_data.address) as orc2,
        running("services/orc1", "--upstream", orc2.address) as orc1,
    ):
        assert "code = DeadlineExceeded" in outcome_in_go(orc1.address, "krithik", seconds=2)
        wait_until(lambda: len(mock_data.calls()) > 0, "the call has ended at mock_data, too")
        call = mock_data.calls()[0]
        assert 0 < call["deadline_ms"] < 2000
        # On a busy machine the caller's own end of the call may be there before the timer.
        assert call["code"] in {"DEADLINE_EXCEEDED", "CANCELLED"}


def test_a_go_caller_loses_no_call_by_a_restart() -> None:
    with ExitStack() as stack:
        mock_data = stack.enter_context(serving_in_go("mock_data"))
        orc2 = stack.enter_context(serving_in_go("orc2", "--upstream", mock_data))
        (orc1,) = stack.enter_context(replicas("services/orc1", 1, "--upstream", orc2))
        load = stack.enter_context(reference("load", orc1.address))
        for _ in range(RESTARTS):
            wait_until(lambda: len(orc1.server.calls()) > CALLS_BETWEEN, "calls are answered")
            assert orc1.server.stop() == 0
            orc1.start()
        load.send_signal(signal.SIGTERM)
        counted = load.communicate()[0]
    print(f"restarts under a caller in Go: {counted}")
    assert re.fullmatch(r"map\[OK:\d+\]\n", counted)
