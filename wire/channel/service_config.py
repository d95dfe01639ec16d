"""A channel's service config: balancing, health checks, and the retries of each method.

Format: https://github.com/grpc/grpc/blob/master/doc/service_config.md. The channel reads the fields
it carries out. It ignores the others, as the format asks.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc

if TYPE_CHECKING:
    from collections.abc import Mapping

_DURATION = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?s")
_POLICIES = ("round_robin", "pick_first")
# gRFC A6 bounds what a config may set.
_MAX_ATTEMPTS = 5
_MAX_TOKENS = 1000
_CODES = {code.name: code for code in grpc.StatusCode}
_CODES_BY_NUMBER = {code.value[0]: code for code in grpc.StatusCode}


class ServiceConfigError(ValueError):
    """An unusable service config. The message names the field."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When and how often a failed call is tried again (gRFC A6). Times are in seconds."""

    max_attempts: int
    initial_backoff: float
    max_backoff: float
    backoff_multiplier: float
    retryable: frozenset[grpc.StatusCode]


@dataclass(frozen=True, slots=True)
class MethodConfig:
    """Defaults for the calls of a method."""

    timeout: float | None = None
    wait_for_ready: bool = False
    retry: RetryPolicy | None = None


@dataclass(frozen=True, slots=True)
class Throttling:
    """Retry tokens: failures cost one, successes give back a part (gRFC A6)."""

    max_tokens: float
    token_ratio: float


@dataclass(frozen=True, slots=True)
class ServiceConfig:
    """The settings a channel follows."""

    policy: str = "pick_first"
    health_service: str | None = None
    throttling: Throttling | None = None
    methods: Mapping[tuple[str, str], MethodConfig] = field(default_factory=dict)

    def method(self, path: str) -> MethodConfig:
        """The entry for a method, else for its service, else for all."""
        service, _, method = path.removeprefix("/").rpartition("/")
        for name in ((service, method), (service, ""), ("", "")):
            if name in self.methods:
                return self.methods[name]
        return MethodConfig()


def parse_service_config(config: str | Mapping[str, Any] | None) -> ServiceConfig:
    """Reads a config, as JSON or as what JSON stands for.

    Raises:
        ServiceConfigError: it is no JSON object, or a field of it is malformed.
    """
    if config is None:
        return ServiceConfig()
    try:
        parsed = json.loads(config) if isinstance(config, str) else config
        return _service_config(parsed)
    except ServiceConfigError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ServiceConfigError(f"the service config cannot be read: {error!r}") from error


def _service_config(config: Mapping[str, Any]) -> ServiceConfig:
    return ServiceConfig(
        _policy(config),
        config.get("healthCheckConfig", {}).get("serviceName"),
        _throttling(config.get("retryThrottling")),
        _methods(config.get("methodConfig", ())),
    )


def _policy(config: Mapping[str, Any]) -> str:
    if "loadBalancingConfig" not in config:
        named = str(config.get("loadBalancingPolicy", "pick_first")).lower()
        return named if named in _POLICIES else "pick_first"
    # The first one that is known counts.
    for entry in config["loadBalancingConfig"]:
        for name in entry:
            if name in _POLICIES:
                return str(name)
    known = " and ".join(_POLICIES)
    raise ServiceConfigError(f"loadBalancingConfig names no policy that is known: {known}")


def _throttling(config: Mapping[str, Any] | None) -> Throttling | None:
    if config is None:
        return None
    throttling = Throttling(float(config["maxTokens"]), float(config["tokenRatio"]))
    if not 0 < throttling.max_tokens <= _MAX_TOKENS or throttling.token_ratio <= 0:
        raise ServiceConfigError(f"retryThrottling: {config} is beyond its bounds")
    return throttling


def _methods(entries: list[Mapping[str, Any]]) -> dict[tuple[str, str], MethodConfig]:
    methods = {}
    for entry in entries:
        config = MethodConfig(
            _duration(entry["timeout"]) if "timeout" in entry else None,
            bool(entry.get("waitForReady", False)),
            _retry_policy(entry.get("retryPolicy")),
        )
        for name in entry.get("name", ()):
            methods[name.get("service", ""), name.get("method", "")] = config
    return methods


def _retry_policy(config: Mapping[str, Any] | None) -> RetryPolicy | None:
    if config is None:
        return None
    policy = RetryPolicy(
        min(int(config["maxAttempts"]), _MAX_ATTEMPTS),
        _duration(config["initialBackoff"]),
        _duration(config["maxBackoff"]),
        float(config["backoffMultiplier"]),
        frozenset(_code(code) for code in config["retryableStatusCodes"]),
    )
    positive = (policy.initial_backoff, policy.max_backoff, policy.backoff_multiplier)
    if policy.max_attempts <= 1 or min(positive) <= 0 or not policy.retryable:
        raise ServiceConfigError(f"retryPolicy: {config} is beyond its bounds")
    return policy


def _code(code: str | int) -> grpc.StatusCode:
    return _CODES_BY_NUMBER[code] if isinstance(code, int) else _CODES[code.upper()]


def _duration(text: str) -> float:
    if not _DURATION.fullmatch(text):
        raise ServiceConfigError(f"{text!r} is no duration, as 1.5s is")
    return float(text[:-1])
