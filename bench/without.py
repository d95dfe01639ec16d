"""One of the servers without one part of `rpc`: `without PART ROLE …`.

Only a benchmark wants that, so `rpc` has no option for it: the list of interceptors is another one,
or the channels are opened otherwise, and what is left is the code that users run.
"""

import dataclasses
import json
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, cast

from rpc.cli import prepared  # noqa: F401  # before gRPC is loaded
from rpc.cli.command import server_command
from rpc.cli.program import run_program
from rpc.interceptors.interceptor import ServerInterceptor
from rpc.interceptors.load_shedding import LoadShedding
from rpc.server.application import Application
from rpc.telemetry.access_log import AccessLog
from rpc.transports.grpcio.transport import GrpcioTransport
from rpc.transports.transport import ChannelOptions

import grpc

Without = Callable[[Application], Application]
"""Takes one part out of a server."""


def _without_interceptor(kind: type[ServerInterceptor]) -> Without:
    def arrange(interceptors: list[ServerInterceptor]) -> list[ServerInterceptor]:
        return [one for one in interceptors if not isinstance(one, kind)]

    return lambda application: dataclasses.replace(application, arrange=arrange)


def _with_service_config(changed: Callable[[dict[str, Any]], dict[str, Any]]) -> Without:
    class Transport(GrpcioTransport):
        def channel(self, options: ChannelOptions) -> grpc.aio.Channel:
            config = json.dumps(changed(json.loads(options.service_config)))
            return super().channel(dataclasses.replace(options, service_config=config))

    return lambda application: dataclasses.replace(application, transport=Transport())


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

    async def close(self) -> None:
        """Closes the channel."""
        await self._channel.close()


class _EndlessTransport(GrpcioTransport):
    """Its channels know no deadlines."""

    def channel(self, options: ChannelOptions) -> grpc.aio.Channel:
        """Opens a channel."""
        return cast("grpc.aio.Channel", _EndlessChannel(super().channel(options)))


def _without_deadlines(application: Application) -> Application:
    return dataclasses.replace(application, transport=_EndlessTransport())


PARTS: dict[str, Without] = {
    "call log": _without_interceptor(AccessLog),
    "upstream deadlines": _without_deadlines,
    "client-side health checks": _with_service_config(_without_health_checks),
    "health, balancing and retry config": _with_service_config(lambda _: {}),
    "load shedding": _without_interceptor(LoadShedding),
}
"""What can be left out, by name."""


def main() -> None:
    """Runs the server."""
    part, role = sys.argv[1:3]
    del sys.argv[1:3]
    service = import_module(f"services.{role}.{role}").SERVICE
    run_program(role, server_command(PARTS[part](service.application)))


if __name__ == "__main__":
    main()
