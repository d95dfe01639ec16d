"""One of the servers without one part of `rpc`: `without TRANSPORT PART ROLE …`.

Only a benchmark wants that, so `rpc` has no option for it. The list of interceptors is another one,
or the channels are opened otherwise. What is left is the code users run.
"""

import dataclasses
import json
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any, cast

from rpc.cli import grpc_environment  # noqa: F401  # before gRPC is loaded
from rpc.cli.command import server_command
from rpc.cli.program import run_program
from rpc.interceptors.interceptor import ServerInterceptor
from rpc.interceptors.load_shedding import LoadShedding
from rpc.server.application import Application
from rpc.telemetry.access_log import AccessLog
from rpc.transports.choice import transport_named
from rpc.transports.transport import ChannelOptions, Transport

import grpc

Without = Callable[[Application, Transport], Application]
"""Takes one part out of a server on a transport."""

Open = Callable[[ChannelOptions], grpc.aio.Channel]


def _without_interceptor(kind: type[ServerInterceptor]) -> Without:
    def arrange(interceptors: list[ServerInterceptor]) -> list[ServerInterceptor]:
        return [one for one in interceptors if not isinstance(one, kind)]

    return lambda application, _: dataclasses.replace(application, arrange=arrange)


def _with_channel(opened: Callable[[Open, ChannelOptions], grpc.aio.Channel]) -> Without:
    def without(application: Application, transport: Transport) -> Application:
        # Whatever else it is asked for, it is the transport that users run.
        transport.channel = partial(opened, transport.channel)  # type: ignore[method-assign]
        return dataclasses.replace(application, transport=transport)

    return without


def _with_service_config(changed: Callable[[dict[str, Any]], dict[str, Any]]) -> Without:
    def opened(open_channel: Open, options: ChannelOptions) -> grpc.aio.Channel:
        config = json.dumps(changed(json.loads(options.service_config)))
        return open_channel(dataclasses.replace(options, service_config=config))

    return _with_channel(opened)


def _without_health_checks(config: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key != "healthCheckConfig"}


class _EndlessChannel:
    """Stands in for a channel: its calls have no deadline."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel

    def unary_unary(self, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        """What a generated stub asks for."""
        send: Callable[..., Any] = self._channel.unary_unary(*args, **kwargs)
        return lambda request, timeout, **more: send(request, **more)  # noqa: ARG005

    def __getattr__(self, name: str) -> Any:
        """All else is the channel's own."""
        return getattr(self._channel, name)


def _endless(open_channel: Open, options: ChannelOptions) -> grpc.aio.Channel:
    return cast("grpc.aio.Channel", _EndlessChannel(open_channel(options)))


PARTS: dict[str, Without] = {
    "call log": _without_interceptor(AccessLog),
    "upstream deadlines": _with_channel(_endless),
    "client-side health checks": _with_service_config(_without_health_checks),
    "health, balancing and retry config": _with_service_config(lambda _: {}),
    "load shedding": _without_interceptor(LoadShedding),
}
"""What can be left out, by name."""


def main() -> None:
    """Runs the server."""
    transport, part, role = sys.argv[1:4]
    sys.argv[1:4] = ["--transport", transport]
    service = import_module(f"services.{role}.{role}").SERVICE
    changed = PARTS[part](service.application, transport_named(transport))
    run_program(role, server_command(changed))


if __name__ == "__main__":
    main()
