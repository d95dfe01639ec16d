"""Calls made beside the load, each with a name of its own. Their responses are checked in full."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc

from bench.load import LoadError
from proto import user_pb2, user_pb2_grpc

_CALLS_A_SECOND = 5
_TIMEOUT = 30.0
_LETTERS = "abcxyz0189 -_äßñ名前🙂"
_MOST_LETTERS = 40


@dataclass(slots=True)
class Checks:
    """What was checked.

    Attributes:
        calls: number with the right response.
        wrong: what was wrong, first come first.
    """

    calls: int = 0
    wrong: list[str] = field(default_factory=list)


@contextmanager
def checking(address: str, seed: int = 0, authority: Path | None = None) -> Iterator[Checks]:
    """Calls the chain while the context is open.

    Args:
        address: of orc1.
        seed: makes the names.
        authority: PEM file of the authority of its certificate, None for plaintext.

    Raises:
        LoadError: when the context is left, if a response was wrong.
    """
    checks, stop = Checks(), threading.Event()
    with _channel(address, authority) as channel:
        arguments = (channel, random.Random(seed), checks, stop)  # noqa: S311
        thread = threading.Thread(target=_keep_checking, args=arguments)
        thread.start()
        try:
            yield checks
        finally:
            stop.set()
            thread.join()
    if checks.wrong:
        raise LoadError(f"{address} responds wrongly: {checks.wrong[0]}")


def _channel(address: str, authority: Path | None) -> grpc.Channel:
    if authority is None:
        return grpc.insecure_channel(address)
    credentials = grpc.ssl_channel_credentials(authority.read_bytes())
    return grpc.secure_channel(address, credentials)


def _keep_checking(
    channel: grpc.Channel, random_: random.Random, checks: Checks, stop: threading.Event
) -> None:
    stub = user_pb2_grpc.Orchestrator1ServiceStub(channel)
    while not checks.wrong:
        length = random_.randrange(_MOST_LETTERS)
        wrong = check_response(stub, "".join(random_.choices(_LETTERS, k=length)))
        if wrong is None:
            checks.calls += 1
        else:
            checks.wrong.append(wrong)
        if stop.wait(1 / _CALLS_A_SECOND):
            return


def check_response(stub: user_pb2_grpc.Orchestrator1ServiceStub, name: str) -> str | None:
    """Calls once. Returns what is wrong with the response, None for nothing."""
    expected = expected_user(name)
    try:
        response = stub.GetUserByName(user_pb2.UserName(name=name), timeout=_TIMEOUT)
    except grpc.RpcError as error:
        if expected is not None:
            return f"{name!r} gets {error}"
        return None
    return None if response == expected else f"{name!r} gets {response}"


def expected_user(name: str) -> user_pb2.User | None:
    """The user of a name by the contract, or None for an error."""
    length = len(name.encode())
    if length < 6:  # noqa: PLR2004  # the contract's number
        return None
    return user_pb2.User(name=name, **{"class": str(length)}, roll=10 * length)
