"""Calls arrive after their deadline: later hops do no useless work."""

import socket

import grpc

from testing.chain import running_chain
from testing.channels import OWN_CONNECTION
from testing.metrics import metric
from tests.support.chain_calls import caller
from tests.wire.conformance.frames import PREFACE, SETTINGS_ACK, call, message, settings

CALLS, TIMEOUT = 50, 20
METHOD = b"/user.Orchestrator1Service/GetUserByName"
NO_TIME = (b"grpc-timeout", b"0n")


async def test_expired_calls_end_at_the_first_hop() -> None:
    name = message(b"\x0a\x07krithik")
    calls = b"".join(call(s, name, NO_TIME, path=METHOD) for s in range(1, 2 * CALLS, 2))
    with running_chain(orc1=["--metrics-address", "127.0.0.1:0"]) as chain:
        host, _, port = chain.orc1.address.rpartition(":")
        with socket.create_connection((host, int(port)), TIMEOUT) as peer:
            peer.sendall(PREFACE + settings() + SETTINGS_ACK + calls)
            async with grpc.aio.insecure_channel(chain.orc1.address, OWN_CONNECTION) as channel:
                await caller(channel, TIMEOUT)()
        # Not even begun: a call to an upstream with an expired deadline would reach no hop either.
        assert metric(chain.orc1, "grpc_client_call_started_total") == 1
        for hop in (chain.orc2, chain.mock_data):
            assert len(hop.calls()) == 1
