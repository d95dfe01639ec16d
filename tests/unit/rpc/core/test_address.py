"""Addresses: valid and invalid ones, and those of this machine."""

from rpc.core.address import (
    AddressError,
    endpoints,
    is_loopback,
    join_host_port,
    parse_host_port,
    parse_listen,
    parse_target,
    split_host_port,
)

import pytest


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9000", "127.0.0.1:9000"),
        ("localhost:0", "localhost:0"),
        (":9000", "127.0.0.1:9000"),
        ("[::1]:65535", "[::1]:65535"),
        ("unix:/run/orc1", "unix:/run/orc1"),
        ("unix:" + "x" * 107, "unix:" + "x" * 107),
    ],
)
def test_an_address_to_listen_on(text: str, address: str) -> None:
    assert parse_listen(text) == address


@pytest.mark.parametrize(
    "text",
    [
        *("", "9000", "localhost", "localhost:", "localhost:x", "localhost:-1", "localhost:65536"),
        *("localhost:123456", "::1:9000", "[::1:9000", "[localhost]:1", "[]:1", "a b:1", "a/b:1"),
        *("unix:", "unix:" + "x" * 108, "unix:" + "ü" * 54, "localhost:\uff11"),
    ],
)
def test_no_address_to_listen_on(text: str) -> None:
    with pytest.raises(AddressError, match=r"is not|valid") as raised:
        parse_listen(text)
    assert repr(text) in str(raised.value)


def test_metrics_have_no_unix_socket() -> None:
    with pytest.raises(AddressError):
        parse_host_port("unix:/run/metrics")


@pytest.mark.parametrize(
    ("text", "host", "port"), [("h:1", "h", 1), ("[::1]:2", "::1", 2), (":3", "", 3)]
)
def test_split_and_join(text: str, host: str, port: int) -> None:
    assert split_host_port(text) == (host, port)
    assert join_host_port(host, port) == text


@pytest.mark.parametrize(
    ("target", "named"),
    [
        ("orc2:9001", ["orc2:9001"]),
        ("dns:///orc2:9001", ["orc2:9001"]),
        ("dns:orc2:9001", ["orc2:9001"]),
        ("dns://1.1.1.1/orc2:9001", ["orc2:9001"]),
        ("dns:///%5B::1%5D:9001", ["[::1]:9001"]),
        ("ipv4:10.0.0.1:1,10.0.0.2:2", ["10.0.0.1:1", "10.0.0.2:2"]),
        ("ipv4:///10.0.0.1:1", ["10.0.0.1:1"]),
        ("ipv6:[::1]:1,[::2]:2", ["[::1]:1", "[::2]:2"]),
        ("unix:/run/orc2", ["unix:/run/orc2"]),
    ],
)
def test_a_target(target: str, named: list[str]) -> None:
    assert parse_target(target) == target
    assert endpoints(target) == named


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("", "HOST:PORT"),
        ("orc2", "HOST:PORT"),
        ("orc2:0", "port 0"),
        (":9001", "no host"),
        ("dns:///:9001", "no host"),
        ("http://orc2:9001", "unknown scheme"),
        ("ipv4:", "HOST:PORT"),
        ("ipv4:orc2:9001", "no ipv4 address"),
        ("ipv4:10.0.0.1:1,[::1]:2", "no ipv4 address"),
        ("ipv6:10.0.0.1:1", "no ipv6 address"),
        ("ipv4:10.0.0.1:1,", "HOST:PORT"),
        ("unix:", "unix:/path/to/socket"),
    ],
)
def test_no_target(target: str, said: str) -> None:
    with pytest.raises(AddressError, match=said):
        parse_target(target)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "LOCALHOST:1", "unix:/run/x"),
        *("ipv4:127.0.0.1:1,127.0.0.2:2", "dns:///localhost:1"),
    ],
)
def test_what_stays_on_this_machine(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0:1", "[::]:1", "10.0.0.1:1", "orc2:1", "localhost.example:1"),
        *("ipv4:127.0.0.1:1,10.0.0.1:1", "dns://127.0.0.1/orc2:1", "[::ffff:10.0.0.1]:1"),
    ],
)
def test_what_leaves_it(address: str) -> None:
    assert not is_loopback(address)
