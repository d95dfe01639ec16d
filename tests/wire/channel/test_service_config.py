"""The supported parts of a service config."""

import json
from typing import Any

import grpc
import pytest

from wire.channel.service_config import (
    MethodConfig,
    RetryPolicy,
    ServiceConfig,
    ServiceConfigError,
    Throttling,
    parse_service_config,
)

_RETRY = {
    "maxAttempts": 3,
    "initialBackoff": "0.05s",
    "maxBackoff": "1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE", 4],
}


def test_no_config_is_a_config() -> None:
    assert parse_service_config(None) == ServiceConfig()
    assert parse_service_config("{}") == ServiceConfig()


def test_all_that_a_channel_follows_is_read() -> None:
    config = {
        "loadBalancingConfig": [{"xds": {}}, {"round_robin": {}}],
        "healthCheckConfig": {"serviceName": "a.B"},
        "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1},
        "methodConfig": [
            {"name": [{"service": "a.B", "method": "C"}], "timeout": "1.5s"},
            {"name": [{"service": "a.B"}], "waitForReady": True},
            {"name": [{}], "retryPolicy": _RETRY},
        ],
        "futureField": 1,
    }

    read = parse_service_config(json.dumps(config))

    assert read.policy == "round_robin"
    assert read.health_service == "a.B"
    assert read.throttling == Throttling(10, 0.1)
    assert read.method("/a.B/C") == MethodConfig(timeout=1.5)
    assert read.method("/a.B/D") == MethodConfig(wait_for_ready=True)
    codes = frozenset((grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED))
    assert read.method("/x.Y/Z").retry == RetryPolicy(3, 0.05, 1, 2, codes)


def test_attempts_are_bounded() -> None:
    policy = _RETRY | {"maxAttempts": 100}
    config = {"methodConfig": [{"name": [{}], "retryPolicy": policy}]}

    retry = parse_service_config(config).method("/a/b").retry

    assert retry is not None
    assert retry.max_attempts == 5


@pytest.mark.parametrize(
    "config",
    [
        "no JSON",
        "[]",
        {"loadBalancingConfig": [{"xds": {}}]},
        {"retryThrottling": {"maxTokens": 0, "tokenRatio": 0.1}},
        {"retryThrottling": {"maxTokens": 2000, "tokenRatio": 0.1}},
        {"retryThrottling": {"maxTokens": 10}},
        {"methodConfig": [{"name": [{}], "timeout": "1"}]},
        {"methodConfig": [{"name": [{}], "timeout": "-1s"}]},
        {"methodConfig": [{"name": [{}], "retryPolicy": _RETRY | {"maxAttempts": 1}}]},
        {"methodConfig": [{"name": [{}], "retryPolicy": _RETRY | {"maxBackoff": "0s"}}]},
        {"methodConfig": [{"name": [{}], "retryPolicy": _RETRY | {"retryableStatusCodes": ["X"]}}]},
    ],
)
def test_a_malformed_config_is_refused(config: Any) -> None:
    with pytest.raises(ServiceConfigError):
        parse_service_config(config)
