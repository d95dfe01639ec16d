"""The files of TLS: valid combinations."""

from pathlib import Path
from typing import Any

from rpc.tls.files import ChannelTls, ServerTls, TlsError

import pytest

CERTIFICATE, KEY, AUTHORITIES = Path("certificate"), Path("key"), Path("authorities")


@pytest.mark.parametrize("half", [{"certificate": CERTIFICATE}, {"key": KEY}])
def test_half_of_a_channels_pair_is_refused(half: dict[str, Any]) -> None:
    with pytest.raises(TlsError, match="go together"):
        ChannelTls(**half)


@pytest.mark.parametrize(
    "half", [{}, {"certificate": CERTIFICATE}, {"key": KEY}, {"client_ca": AUTHORITIES}]
)
def test_half_of_a_servers_pair_is_refused(half: dict[str, Any]) -> None:
    with pytest.raises(TlsError, match="--tls-certificate and --tls-key go together"):
        ServerTls(**half)


def test_a_whole_pair_is_taken() -> None:
    assert ServerTls(certificate=CERTIFICATE, key=KEY, client_ca=AUTHORITIES)
    assert ChannelTls(certificate=CERTIFICATE, key=KEY)
    assert ChannelTls()
