"""mock_data, the end of the chain: makes a user out of a name."""

import asyncio

from rpc.cli.command import server_command
from rpc.cli.option_types import SECONDS
from rpc.core.errors import invalid_argument
from rpc.server.process import run_server
from rpc.server.running_server import Connect
from rpc.server.settings import ServerSettings

import click
import grpc

from proto import user_pb2, user_pb2_grpc

MIN_NAME_BYTES = 6


class MockUserData(user_pb2_grpc.MockUserDataServiceServicer):
    """Serves user.MockUserDataService.

    A name's length is that of its UTF-8 form in bytes, as in the contract.
    """

    def __init__(self, delay: float = 0.0) -> None:
        self._delay = delay

    async def GetMockUserData(
        self,
        request: user_pb2.UserName,
        context: grpc.aio.ServicerContext[user_pb2.UserName, user_pb2.User],
    ) -> user_pb2.User:
        """Answers with a user that follows from the name.

        Raises:
            RpcStatusError: INVALID_ARGUMENT, the name is shorter than `MIN_NAME_BYTES`.
        """
        if self._delay:
            await asyncio.sleep(self._delay)
        length = len(request.name.encode())
        if length < MIN_NAME_BYTES:
            invalid_argument("name", _too_short(request.name, length))
        return user_pb2.User(name=request.name, **{"class": str(length)}, roll=10 * length)


def _too_short(name: str, length: int) -> str:
    quoted = '"' + "".join(_visible(character) for character in name) + '"'
    return f"invalid name {quoted}: a name has at least {MIN_NAME_BYTES} bytes, this one {length}"


def _visible(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return character if character.isprintable() else character.encode("unicode_escape").decode()


@server_command("mock_data", port=10000)
@click.option(
    "--delay", type=SECONDS, default=0.0, help="Time to think over each answer, as a slow source."
)
def main(settings: ServerSettings, delay: float) -> None:
    """Serve user.MockUserDataService, which makes a user out of a name."""

    def add_servicer(server: grpc.aio.Server, _: Connect) -> None:
        servicer = MockUserData(delay)
        user_pb2_grpc.add_MockUserDataServiceServicer_to_server(servicer, server)

    run_server("user.MockUserDataService", add_servicer, settings)


if __name__ == "__main__":
    main()
