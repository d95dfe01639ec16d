"""The service config: its balancing, health checks and retries."""

import json

from rpc.upstream.service_config import MAX_ATTEMPTS, service_config

import grpc

CONFIG = json.loads(service_config("user.Orchestrator2Service"))


def test_calls_go_round_robin_to_healthy_replicas() -> None:
    assert CONFIG["loadBalancingConfig"] == [{"round_robin": {}}]
    assert CONFIG["healthCheckConfig"] == {"serviceName": "user.Orchestrator2Service"}


def test_only_unavailable_is_tried_again_and_at_most_twice() -> None:
    (method,) = CONFIG["methodConfig"]
    assert method["name"] == [{"service": "user.Orchestrator2Service"}]
    assert method["retryPolicy"]["maxAttempts"] == MAX_ATTEMPTS == 3
    assert method["retryPolicy"]["retryableStatusCodes"] == ["UNAVAILABLE"]


def test_retries_are_throttled() -> None:
    assert 0 < CONFIG["retryThrottling"]["tokenRatio"] < 1


async def test_grpc_takes_it() -> None:
    # With an unusable one, a channel is in TRANSIENT_FAILURE from the start.
    options = [("grpc.service_config", service_config("user.Orchestrator2Service"))]
    async with grpc.aio.insecure_channel("127.0.0.1:1", options=options) as channel:
        assert channel.get_state() is grpc.ChannelConnectivity.IDLE
