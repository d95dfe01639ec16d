"""The gRPC service config of an upstream channel: balancing, health checks, retries.

Format: https://github.com/grpc/grpc/blob/master/doc/service_config.md. Retries follow gRFC A6,
client-side health checks gRFC A17.
"""

import json

MAX_ATTEMPTS = 3
"""Attempts in all for one call, the first included."""

RETRY_TOKENS = 1000
"""The most allowed by gRFC A6. At half of them retries stop. So a dying replica may take almost 500
calls at once with it, half of a server's default limit, and each is still tried again."""


def service_config(service: str) -> str:
    """The service config for calls of one service, as JSON.

    Args:
        service: full name of the service, as in `user.Orchestrator2Service`.
    """
    config = {
        "loadBalancingConfig": [{"round_robin": {}}],
        # A replica that drains reports NOT_SERVING first. It then gets no new call.
        "healthCheckConfig": {"serviceName": service},
        "methodConfig": [{"name": [{"service": service}], "retryPolicy": _retry_policy()}],
        # Each retryable failure costs a token, each success gives back a tenth. At half the
        # tokens retries stop, so that a broken upstream is not hit three times as hard.
        "retryThrottling": {"maxTokens": RETRY_TOKENS, "tokenRatio": 0.1},
    }
    return json.dumps(config)


def _retry_policy() -> dict[str, object]:
    return {
        "maxAttempts": MAX_ATTEMPTS,
        "initialBackoff": "0.05s",
        "maxBackoff": "0.5s",
        "backoffMultiplier": 2,
        # The only code for which trying again may help.
        "retryableStatusCodes": ["UNAVAILABLE"],
    }
