"""mock_data, the end of the chain: makes a user out of a name."""

import asyncio

from rpc.service import SECONDS, Service, invalid_argument

import click
import grpc

from proto import user_pb2, user_pb2_grpc

MIN_NAME_BYTES = 6


class MockUserData(user_pb2_grpc.MockUserDataServiceServicer):
    """Serve user.MockUserDataService, which makes a user out of a name.

    A name's length is counted in bytes of UTF-8, as in the contract.
    """

    def __init__(self, delay: float = 0.0) -> None:
        self._delay = delay

    async def GetMockUserData(
        self,
        request: user_pb2.UserName,
        context: grpc.aio.ServicerContext[user_pb2.UserName, user_pb2.User],
    ) -> user_pb2.User:
        """Responds with a user derived from the name.

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
    return f"invalid name {quoted}: must be at least {MIN_NAME_BYTES} bytes, got {length}"


def _visible(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return character if character.isprintable() else character.encode("unicode_escape").decode()


SERVICE = Service(
    "mock_data",
    port=10000,
    servicer=MockUserData,
    register=user_pb2_grpc.add_MockUserDataServiceServicer_to_server,
    options=[
        click.option(
            "--delay",
            type=SECONDS,
            default=0.0,
            help="Time to think over each response, as a slow source.",
        )
    ],
)

if __name__ == "__main__":
    SERVICE.main()
