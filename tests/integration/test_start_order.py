"""The servers start in any order. Restarting one leaves the others alone."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import permutations
from tempfile import TemporaryDirectory

import grpc
import pytest

from proto import user_pb2, user_pb2_grpc
from testing.chain import NAMES, running_chain
from testing.processes import running
from testing.waiting import LIMIT_SECONDS
from tests.support.services import SERVICES

REQUEST = user_pb2.UserName(name="krithik")
USER = user_pb2.User(name="krithik", **{"class": "7"}, roll=70)


@pytest.fixture
def sockets() -> Iterator[dict[str, str]]:
    """An address for each server, known before the server runs."""
    # Not pytest's tmp_path: the kernel accepts at most 107 bytes of a path.
    with TemporaryDirectory() as folder:
        yield {name: f"unix:{folder}/{name}" for name in NAMES}


def arguments(name: str, sockets: dict[str, str]) -> list[str]:
    upstreams = [sockets[upstream] for upstream in SERVICES[name].upstreams]
    return ["--listen", sockets[name], *(f"--upstream={socket}" for socket in upstreams)]


@pytest.mark.parametrize("order", list(permutations(NAMES)), ids="-".join)
def test_a_call_made_before_anything_runs_is_answered(
    order: tuple[str, ...], sockets: dict[str, str]
) -> None:
    with ExitStack() as stack:
        channel = stack.enter_context(grpc.insecure_channel(sockets["orc1"]))
        method = user_pb2_grpc.Orchestrator1ServiceStub(channel).GetUserByName
        call = method.future(REQUEST, timeout=LIMIT_SECONDS, wait_for_ready=True)
        for name in order:
            stack.enter_context(running(f"services/{name}", *arguments(name, sockets)))
        assert call.result() == USER


@pytest.mark.parametrize("restarted", NAMES)
def test_the_chain_survives_the_death_of_any_server(restarted: str) -> None:
    with ExitStack() as stack:
        chain = stack.enter_context(running_chain())
        channel = stack.enter_context(grpc.insecure_channel(chain.orc1.address))
        method = user_pb2_grpc.Orchestrator1ServiceStub(channel).GetUserByName
        assert method(REQUEST, timeout=LIMIT_SECONDS) == USER

        server = chain.servers[restarted]
        server.signal(signal.SIGKILL)
        server.wait()
        upstreams = {"orc1": chain.orc2.address, "orc2": chain.mock_data.address}
        upstream = ["--upstream", upstreams[restarted]] if restarted in upstreams else []
        stack.enter_context(running(f"services/{restarted}", "--listen", server.address, *upstream))
        assert method(REQUEST, timeout=LIMIT_SECONDS, wait_for_ready=True) == USER
