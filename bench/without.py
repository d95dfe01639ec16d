"""One of the servers without one part of `rpc`: `without PART ROLE …`.

Only a benchmark wants that, so `rpc` has no option for it: the part is taken out from outside, and
what is left is the code that users run.
"""

import json
import sys
from collections.abc import Callable
from typing import cast
from unittest import mock

from rpc.core.call import Call
from rpc.interceptors.observation import Outcome
from rpc.upstream.propagation import UpstreamCall
from rpc.upstream.service_config import service_config

from services import mock_data, orc1, orc2

_MAINS = {"mock_data": mock_data.main, "orc1": orc1.main, "orc2": orc2.main}


class _NoCallLog:
    """In place of the log of calls."""

    def __init__(self, *_: object) -> None:
        """Takes what the log takes."""

    def started(self, call: Call) -> None:
        """Does nothing."""

    def finished(self, call: Call, outcome: Outcome) -> None:
        """Does nothing."""


def _without_call_log() -> None:
    mock.patch("rpc.telemetry.observers.CallLog", _NoCallLog).start()


def _without_deadlines() -> None:
    beginning = UpstreamCall.beginning

    def endless(method: str, default_timeout: float) -> UpstreamCall:
        call = beginning(method, default_timeout)
        call.timeout = cast("float", None)
        return call

    mock.patch.object(UpstreamCall, "beginning", endless).start()


def _without_service_config() -> None:
    mock.patch("rpc.upstream.channel.service_config", return_value="{}").start()


def _without_health_checks() -> None:
    def unchecked(service: str) -> str:
        config = json.loads(service_config(service))
        del config["healthCheckConfig"]
        return json.dumps(config)

    mock.patch("rpc.upstream.channel.service_config", unchecked).start()


def _without_shedding() -> None:
    mock.patch("rpc.interceptors.pipeline.shed", lambda handler, _: handler).start()


PARTS: dict[str, Callable[[], None]] = {
    "call log": _without_call_log,
    "upstream deadlines": _without_deadlines,
    "client-side health checks": _without_health_checks,
    "health, balancing and retry config": _without_service_config,
    "load shedding": _without_shedding,
}
"""What can be left out, by name."""


if __name__ == "__main__":
    part, role = sys.argv[1:3]
    del sys.argv[1:3]
    PARTS[part]()
    _MAINS[role]()
