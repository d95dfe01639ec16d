"""A service in the test's own process has the options that its program has."""

import asyncio
from typing import Any

from rpc.service import SECONDS, Service, Upstream

import click
import grpc
import pytest

from testing.in_process import serving
from testing.waiting import LIMIT_SECONDS


def service(given: list[tuple[float, str | None]], *upstreams: str) -> Service:
    """A service without methods, whose servicer notes its options."""

    class Waits:
        def __init__(self, interval: float, word: str | None, stopping: asyncio.Event) -> None:
            assert not stopping.is_set()
            given.append((interval, word))

    def register(_servicer: Waits, _server: grpc.aio.Server) -> None:
        pass

    options = [
        click.option("--interval", type=SECONDS, default=2.5),
        click.option("--word"),
    ]
    return Service(
        "waits",
        port=9000,
        servicer=Waits,
        register=register,
        upstreams=[Upstream(name, lambda channel: channel, 9001) for name in upstreams],
        options=options,
    )


async def test_its_own_options_have_their_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAITS_INTERVAL", "7")
    given: list[tuple[float, str | None]] = []
    async with serving(service(given)), serving(service(given), word="now"):
        pass
    assert given == [(2.5, None), (2.5, "now")]


async def test_an_option_that_it_does_not_have_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^waits has no option --max-concurrent-rpc$"):
        async with serving(service([]), max_concurrent_rpc=1):
            pass


async def test_a_required_option_is_named() -> None:
    required = Service(
        "waits",
        port=9000,
        servicer=object,
        register=lambda _servicer, _server: None,
        options=[click.option("--word", required=True)],
    )
    with pytest.raises(TypeError, match=r"^waits needs word=$"):
        async with serving(required):
            pass
    async with serving(required, word="now"):
        pass


@pytest.mark.parametrize(
    ("upstreams", "message"),
    [
        (["far_away"], "waits needs upstream=, an address of far_away"),
        (["near", "far_away"], "waits needs upstream_far_away=, an address of far_away"),
    ],
)
async def test_an_upstream_without_an_address_is_named(upstreams: list[str], message: str) -> None:
    given: dict[str, Any] = {"upstream_near": "127.0.0.1:1"} if len(upstreams) > 1 else {}
    with pytest.raises(TypeError, match=f"^{message}$"):
        async with serving(service([], *upstreams), **given):
            pass


async def test_a_proxy_for_the_web_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with serving(service([])) as server, grpc.aio.insecure_channel(server.address) as channel:
        await asyncio.wait_for(channel.channel_ready(), LIMIT_SECONDS)
