"""The validity of certificates: the log warns in time, metrics show it at any time."""

import asyncio
import re
import ssl
from datetime import timedelta
from pathlib import Path
from urllib.request import urlopen

from rpc.tls.files import ServerTls

import pytest

from services.mock_data import mock_data
from services.orc2 import orc2
from testing.certificates import Authority
from testing.in_process import serving
from testing.waiting import LIMIT_SECONDS, eventually

TRANSPORTS = pytest.mark.parametrize("transport", ["wire", "grpcio"])
HOUR = 3600.0


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def seconds_left(address: str, authority: Authority) -> dict[str, float]:
    """The metrics' value for each file."""
    context = ssl.create_default_context(cafile=authority.certificate)
    with urlopen(f"https://{address}/metrics", timeout=LIMIT_SECONDS, context=context) as response:
        text = response.read().decode()
    found = re.findall(r'^tls_certificate_seconds_left\{file="(.+)"\} (\S+)$', text, re.MULTILINE)
    return {file: float(value) for file, value in found}


@TRANSPORTS
async def test_the_metrics_have_the_seconds_of_each_certificate(
    transport: str, authority: Authority
) -> None:
    own = authority.issue("server", left=timedelta(hours=50))
    shown = authority.issue("client", left=timedelta(hours=-1))
    tls = ServerTls(certificate=own.certificate, key=own.key)
    async with serving(
        orc2.SERVICE,
        tls=tls,
        transport=transport,
        metrics_address="127.0.0.1:0",
        upstream="127.0.0.1:1",
        upstream_tls_ca=authority.certificate,
        upstream_tls_certificate=shown.certificate,
        upstream_tls_key=shown.key,
    ) as server:
        assert server.metrics_address is not None
        left = await asyncio.to_thread(seconds_left, server.metrics_address, authority)
        assert left.keys() == {str(own.certificate), str(shown.certificate)}
        assert 49.9 * HOUR < left[str(own.certificate)] < 50 * HOUR
        assert -1.1 * HOUR < left[str(shown.certificate)] < -1 * HOUR


@TRANSPORTS
@pytest.mark.parametrize(
    ("hours", "warning"),
    [
        (25, None),
        (23, "server.pem expires in 23.0 h; renew it"),
        (-1, "server.pem has expired; renew it"),
    ],
)
async def test_the_log_warns_a_day_before(
    transport: str,
    hours: int,
    warning: str | None,
    authority: Authority,
    caplog: pytest.LogCaptureFixture,
) -> None:
    pair = authority.issue("server", left=timedelta(hours=hours))
    tls = ServerTls(certificate=pair.certificate, key=pair.key)
    async with serving(mock_data.SERVICE, tls=tls, transport=transport):
        if warning is not None:
            await eventually(lambda: "renew it" in caplog.text, "the log warns")
    lines = [line for line in caplog.messages if "renew it" in line]
    assert lines == ([] if warning is None else [f"{pair.certificate.parent}/{warning}"])
