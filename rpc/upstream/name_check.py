"""Checks an upstream's name, so a misspelt one is found when a server starts."""

import asyncio
import ipaddress
import logging
import socket
from concurrent.futures import Future
from threading import Thread

from rpc.core.address import endpoints, split_host_port
from rpc.core.errors import StartupError

LOOKUP_SECONDS = 2.0
"""How long a starting server waits for the resolver. It serves without the answer then."""

_logger = logging.getLogger(__name__)


class UnknownNameError(StartupError):
    """A name unknown to the resolver. The message says what to do."""


async def require_known_name(option: str, target: str) -> None:
    """Looks the name in a target up, once. What it resolves to is left to gRPC.

    A failing resolver is a warning in the log: it may be back before the first call.

    Args:
        option: the target's, for the error.
        target: a gRPC target. One with a resolver of its own (`dns://HOST/…`) is left alone.

    Raises:
        UnknownNameError: there is no such name.
    """
    name = _name(target)
    if name is None:
        return
    try:
        async with asyncio.timeout(LOOKUP_SECONDS):
            await asyncio.wrap_future(_looking_up(name))
    except (socket.gaierror, UnicodeError, TimeoutError) as error:
        # A name that cannot be written in DNS (UnicodeError) cannot exist there.
        unknown = isinstance(error, UnicodeError) or socket.EAI_NONAME in error.args
        if unknown:
            raise UnknownNameError(
                f"{option} {target}: there is no host {name!r}. Check the name, or wait until"
                " the resolver knows it"
            ) from error
        reason = getattr(error, "strerror", None) or "no answer"
        _logger.warning("%s %s: the resolver cannot tell yet: %s", option, target, reason)


def _name(target: str) -> str | None:
    scheme, _, rest = target.partition(":")
    if scheme in ("unix", "unix-abstract", "ipv4", "ipv6"):
        return None
    if rest.startswith("//") and not rest.startswith("///"):
        return None
    host = split_host_port(endpoints(target)[0])[0]
    return None if _is_literal(host) else host


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _looking_up(name: str) -> "Future[None]":
    # A daemon thread, because a resolver may take its time and must not hold up the exit.
    answer: Future[None] = Future()

    def look_up() -> None:
        try:
            socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            _settle(answer, error)
        else:
            _settle(answer, None)

    Thread(target=look_up, name="resolve", daemon=True).start()
    return answer


def _settle(answer: "Future[None]", error: Exception | None) -> None:
    if not answer.set_running_or_notify_cancel():
        return
    if error is None:
        answer.set_result(None)
    else:
        answer.set_exception(error)
