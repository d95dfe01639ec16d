"""The client over TLS: accepted servers, and error messages for the others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from testing.certificates import Authority, Pair
from testing.chain import running_chain
from tests.support.client import PATIENCE, run_client

KRITHIK = b'Got response:\nname:"krithik" class:"7" roll:70\n'
SHORT = ("--timeout", "1")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def visitor(authority: Authority) -> Pair:
    return authority.issue("visitor", names=())


@pytest.fixture(scope="module")
def orc1(authority: Authority) -> Iterator[str]:
    """Address of a chain with TLS and required client certificates at its head."""
    own = authority.issue("orc1", names=["orc1.example"])
    tls = ["--tls-certificate", str(own.certificate), "--tls-key", str(own.key)]
    with running_chain(orc1=[*tls, "--tls-client-ca", str(authority.certificate)]) as chain:
        yield chain.orc1.address


def _options(authority: Authority, name: str = "orc1.example") -> list[str]:
    return ["--tls-ca", str(authority.certificate), "--tls-server-name", name]


def _showing(pair: Pair) -> list[str]:
    return ["--tls-certificate", str(pair.certificate), "--tls-key", str(pair.key)]


def test_both_sides_show_their_certificates(orc1: str, authority: Authority, visitor: Pair) -> None:
    options = ["--target", orc1, *_options(authority), *_showing(visitor), *PATIENCE]
    ended = run_client(*options)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, KRITHIK, b"")
    assert run_client("health", *options).stdout == b"SERVING\n"


def _refused(*options: str) -> str:
    ended = run_client(*options, *SHORT)
    assert (ended.returncode, ended.stdout) == (1, b"")
    text = ended.stderr.decode()
    assert "cannot reach" in text
    # The server is running.
    assert "is the server running" not in text
    return text


def test_a_server_of_another_authority_is_refused(orc1: str, visitor: Pair, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "stranger")
    text = _refused("--target", orc1, *_options(stranger), *_showing(visitor))
    assert "certificate verify failed" in text.lower().replace("_", " ")
    assert "--tls-ca" in text


def test_a_server_with_another_name_is_refused(
    orc1: str, authority: Authority, visitor: Pair
) -> None:
    text = _refused("--target", orc1, *_options(authority, "other.example"), *_showing(visitor))
    assert "Hostname" in text
    assert "--tls-server-name" in text


def test_a_client_without_a_certificate_is_refused(orc1: str, authority: Authority) -> None:
    assert "--tls-certificate and --tls-key" in _refused("--target", orc1, *_options(authority))


def test_plaintext_to_a_tls_server_is_refused(orc1: str) -> None:
    assert "does the server want TLS?" in _refused("--target", orc1)


def test_tls_to_a_plaintext_server_is_refused() -> None:
    with running_chain() as chain:
        text = _refused("--target", chain.orc1.address, "--tls")
    assert "does the server speak TLS?" in text
