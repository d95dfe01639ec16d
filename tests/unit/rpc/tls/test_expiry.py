"""Warnings of expiring certificates: one before, one after, none for replaced ones."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

from rpc.tls import expiry
from rpc.tls.expiry import CertificateExpiry
from rpc.tls.validity import Validity

import pytest

from testing.waiting import eventually

Log = pytest.LogCaptureFixture

FILE = Path("/tls/tls.crt")
HOUR = 3600.0
NEXT_CENTURY = datetime(2100, 1, 1, tzinfo=UTC).timestamp()


def look_often(known: CertificateExpiry) -> None:
    for _ in range(3):
        known.look()


def test_each_state_is_logged_once(caplog: Log) -> None:
    known = CertificateExpiry()
    known.uses(FILE, Validity(0, time.time() + HOUR))
    look_often(known)
    known.uses(FILE, Validity(0, time.time() - HOUR))
    look_often(known)
    known.uses(FILE, Validity(NEXT_CENTURY, NEXT_CENTURY + HOUR))
    look_often(known)
    assert caplog.messages == [
        f"{FILE} expires in 1.0 h; renew it",
        f"{FILE} has expired; renew it",
        f"{FILE} is not valid before 2100-01-01T00:00:00Z; is this machine's clock right?",
    ]


async def test_a_certificate_that_ends_while_it_is_used(
    caplog: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "LOOK_SECONDS", 0.001)
    known = CertificateExpiry()
    known.uses(FILE, Validity(0, time.time() + 0.2))
    watching = asyncio.create_task(known.watch())
    await eventually(lambda: len(caplog.messages) == 2, "both lines are there")
    watching.cancel()
    assert "expires in 0.0 h" in caplog.messages[0]
    assert "has expired" in caplog.messages[1]


def test_a_renewed_certificate_is_not_warned_of(caplog: Log) -> None:
    known = CertificateExpiry()
    known.uses(FILE, Validity(0, time.time() + HOUR))
    known.uses(FILE, Validity(0, time.time() + 100 * HOUR))
    look_often(known)
    assert caplog.messages == []
    assert 99.9 * HOUR < known.seconds_left()[str(FILE)] < 100 * HOUR
