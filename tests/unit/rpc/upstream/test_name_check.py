"""The first check of an upstream's name."""

import socket
import threading
from collections.abc import Callable
from typing import Any

from rpc.upstream.name_check import UnknownNameError, require_known_name

import pytest

NAME = "orc2.example"
TARGET = f"dns:///{NAME}:9001"


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str], Any]], list[str]]:
    """Replaces the machine's resolver. Returns the list of names asked for."""

    def install(answer: Callable[[str], Any]) -> list[str]:
        asked: list[str] = []

        def getaddrinfo(name: str, *_: Any, **__: Any) -> Any:
            asked.append(name)
            return answer(name)

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return install


Resolver = Callable[[Callable[[str], Any]], list[str]]


def failing(code: int, reason: str) -> Callable[[str], Any]:
    def answer(_: str) -> Any:
        raise socket.gaierror(code, reason)

    return answer


async def test_a_name_that_resolves_is_fine(
    resolver: Resolver, caplog: pytest.LogCaptureFixture
) -> None:
    asked = resolver(lambda _: [])
    await require_known_name("--upstream", TARGET)
    assert asked == [NAME]
    assert caplog.records == []


@pytest.mark.parametrize("target", [TARGET, f"{NAME}:9001", f"dns:{NAME}:9001"])
async def test_a_name_that_does_not_exist_is_an_error(resolver: Resolver, target: str) -> None:
    resolver(failing(socket.EAI_NONAME, "Name or service not known"))
    with pytest.raises(UnknownNameError, match=f"--upstream {target}: there is no host '{NAME}'"):
        await require_known_name("--upstream", target)


async def test_a_name_that_dns_cannot_write_does_not_exist() -> None:
    with pytest.raises(UnknownNameError, match="there is no host"):
        await require_known_name("--upstream", "no..such:9001")


async def test_a_resolver_without_a_result_is_a_warning(
    resolver: Resolver, caplog: pytest.LogCaptureFixture
) -> None:
    resolver(failing(socket.EAI_AGAIN, "Temporary failure in name resolution"))
    await require_known_name("--upstream", TARGET)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "Temporary failure" in record.getMessage()


async def test_a_resolver_that_does_not_answer_is_a_warning(
    resolver: Resolver, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rpc.upstream.name_check.LOOKUP_SECONDS", 0.01)
    answered = threading.Event()
    resolver(lambda _: answered.wait())
    await require_known_name("--upstream", TARGET)
    answered.set()
    (record,) = caplog.records
    assert "no answer" in record.getMessage()


@pytest.mark.parametrize(
    "target",
    [
        *("127.0.0.1:9001", "[::1]:9001", "ipv4:10.0.0.1:1,10.0.0.2:1", "ipv6:[::1]:1"),
        *("unix:/run/orc2", "dns://10.0.0.53/orc2:9001", "dns:///127.0.0.1:9001"),
    ],
)
async def test_what_has_no_name_for_this_resolver_is_not_looked_up(
    resolver: Resolver, target: str
) -> None:
    asked = resolver(failing(socket.EAI_NONAME, "Name or service not known"))
    await require_known_name("--upstream", target)
    assert asked == []
