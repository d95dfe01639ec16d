"""Channelz: a server's connections in grpcdebug."""

import grpc
import pytest
from grpc_channelz.v1 import channelz_pb2, channelz_pb2_grpc

from proto import user_pb2, user_pb2_grpc
from testing.processes import running
from testing.waiting import LIMIT_SECONDS

CALLS = 3
CHANNELZ = ("--channelz", "--transport", "grpcio")


def test_a_server_counts_its_calls() -> None:
    with (
        running("services/mock_data", *CHANNELZ) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        method = user_pb2_grpc.MockUserDataServiceStub(channel).GetMockUserData
        for _ in range(CALLS):
            method(user_pb2.UserName(name="krithik"), timeout=LIMIT_SECONDS)
        stub = channelz_pb2_grpc.ChannelzStub(channel)
        request = channelz_pb2.GetServersRequest()
        (described,) = stub.GetServers(request, timeout=LIMIT_SECONDS).server
    # The request for the figures is a call too, and still in flight.
    assert described.data.calls_started == CALLS + 1
    assert described.data.calls_succeeded == CALLS


def test_a_server_shows_its_channel_to_the_upstream() -> None:
    with (
        running("services/mock_data") as mock_data,
        running("services/orc2", "--upstream", mock_data.address, *CHANNELZ) as orc2,
        grpc.insecure_channel(orc2.address) as channel,
    ):
        method = user_pb2_grpc.Orchestrator2ServiceStub(channel).GetUser
        method(user_pb2.User(name="krithik"), timeout=LIMIT_SECONDS)
        stub = channelz_pb2_grpc.ChannelzStub(channel)
        request = channelz_pb2.GetTopChannelsRequest()
        (upstream,) = stub.GetTopChannels(request, timeout=LIMIT_SECONDS).channel
    assert upstream.data.target.endswith(mock_data.address)
    assert upstream.data.calls_started == 1
    assert upstream.data.calls_succeeded == 1


def test_it_is_left_out_by_default() -> None:
    with (
        running("services/mock_data") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        stub = channelz_pb2_grpc.ChannelzStub(channel)
        with pytest.raises(grpc.RpcError) as raised:
            stub.GetServers(channelz_pb2.GetServersRequest(), timeout=LIMIT_SECONDS)
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED
