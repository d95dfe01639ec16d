"""A blocked loop causes a warning, but not too often. Each check is recorded."""

import asyncio
import time

from rpc.telemetry.log_pace import LOG_SECONDS
from rpc.telemetry.loop_lag import LagWarning, LoopWatch

import pytest


def block(seconds: float) -> None:
    """Blocks the event loop, like a faulty servicer."""
    time.sleep(seconds)


async def test_each_look_is_recorded_with_its_lag() -> None:
    lags: asyncio.Queue[float] = asyncio.Queue()
    watch = LoopWatch([lags.put_nowait], every=0.01)
    assert await asyncio.wait_for(lags.get(), 10) >= 0
    block(0.2)
    assert await asyncio.wait_for(lags.get(), 10) >= 0.15
    watch.close()


async def test_a_closed_watch_looks_no_more() -> None:
    lags: list[float] = []
    watch = LoopWatch([lags.append], every=0.001)
    watch.close()
    await asyncio.sleep(0.05)
    assert lags == []


def test_a_long_lag_is_warned_about() -> None:
    warned: list[float] = []
    warning = LagWarning(warned.append)
    warning.look(0.4)
    warning.look(0.6)
    assert warned == [0.6]


def test_a_second_warning_waits_for_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("rpc.telemetry.log_pace.time.monotonic", lambda: now)
    warned: list[float] = []
    warning = LagWarning(warned.append)
    for _ in range(3):
        warning.look(1)
    assert len(warned) == 1
    now = LOG_SECONDS
    warning.look(1)
    now += LOG_SECONDS
    warning.look(1)
    assert len(warned) == 3
