"""Targets of channels."""

import pytest

from wire.channel.target import Address, TargetError, parse_target


@pytest.mark.parametrize(
    ("text", "addresses", "name", "authority"),
    [
        ("127.0.0.1:9000", [("127.0.0.1", 9000)], None, "127.0.0.1:9000"),
        ("[::1]:9000", [("::1", 9000)], None, "[::1]:9000"),
        ("orc2:9001", [], ("orc2", 9001), "orc2:9001"),
        ("dns:///orc2:9001", [], ("orc2", 9001), "orc2:9001"),
        ("dns:orc2:9001", [], ("orc2", 9001), "orc2:9001"),
        ("dns://8.8.8.8/orc2:9001", [], ("orc2", 9001), "orc2:9001"),
        ("dns:///%5B::1%5D:9001", [("::1", 9001)], None, "[::1]:9001"),
        (
            "ipv4:10.0.0.1:1,10.0.0.2:2",
            [("10.0.0.1", 1), ("10.0.0.2", 2)],
            None,
            "10.0.0.1:1",
        ),
        ("ipv4:///10.0.0.1:1", [("10.0.0.1", 1)], None, "10.0.0.1:1"),
        ("ipv6:[::1]:1,[::2]:2", [("::1", 1), ("::2", 2)], None, "[::1]:1"),
        ("unix:/run/s", [("/run/s", None)], None, "localhost"),
        ("unix:///run/s", [("/run/s", None)], None, "localhost"),
        ("unix:s", [("s", None)], None, "localhost"),
        ("unix-abstract:s", [("\0s", None)], None, "localhost"),
        ("ipv6:%5B::1%5D:1", [("::1", 1)], None, "[::1]:1"),
        ("[fe80::1%eth0]:1", [("fe80::1%eth0", 1)], None, "[fe80::1]:1"),
        ("ipv6:[fe80::1%25eth0]:1", [("fe80::1%eth0", 1)], None, "[fe80::1]:1"),
        ("ipv4:10.0.0.1:1,10.0.0.1:1", [("10.0.0.1", 1)], None, "10.0.0.1:1"),
    ],
)
def test_a_target_names_addresses_or_a_host(
    text: str,
    addresses: list[tuple[str, int | None]],
    name: tuple[str, int] | None,
    authority: str,
) -> None:
    target = parse_target(text)

    assert target.addresses == tuple(Address(*address) for address in addresses)
    assert target.name == name
    assert target.authority == authority
    assert target.text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "orc2",
        "orc2:",
        "orc2:x",
        "orc2:0",
        "orc2:65536",
        "orc2:٣",
        ":9000",
        "::1:9000",
        "http://orc2:9000",
        "xds:///orc2:9000",
        "ipv4:orc2:9000",
        "ipv4:[::1]:9000",
        "ipv6:127.0.0.1:9000",
        "ipv4:10.0.0.1:1,",
        "unix:",
        "unix:\0s",
        "unix://host/run/s",
        "unix-abstract:",
        "unix-abstract:a\0b",
        "a/b:1",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(TargetError):
        parse_target(text)


@pytest.mark.parametrize("text", ["127.0.0.1:9000", "[::1]:9000", "unix:/run/s", "unix-abstract:s"])
def test_an_address_is_written_as_it_was(text: str) -> None:
    assert str(parse_target(text).addresses[0]) == text
