"""Targets of channels: what they name, before anything is resolved.

The syntax is https://github.com/grpc/grpc/blob/master/doc/naming.md: `HOST:PORT`,
`dns:///HOST:PORT`, `ipv4:ADDRESS:PORT,…`, `ipv6:[ADDRESS]:PORT,…`, `unix:PATH` or
`unix-abstract:NAME`.
"""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import unquote

_MAX_PORT = 65535
_VERSIONS = {"ipv4": 4, "ipv6": 6}


class TargetError(ValueError):
    """An unusable target. The message says what a good one looks like."""


@dataclass(frozen=True, slots=True)
class Address:
    """One place to connect to.

    Attributes:
        host: an IP address, or a path of a Unix socket. An abstract one begins with a NUL.
        port: None for a Unix socket.
    """

    host: str
    port: int | None

    def __str__(self) -> str:
        """As a target writes it."""
        if self.port is None:
            name = self.host.removeprefix("\0")
            return f"unix:{name}" if name == self.host else f"unix-abstract:{name}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Target:
    """What a channel calls.

    Attributes:
        text: as it was given.
        authority: for the `:authority` of calls, and of a certificate.
        addresses: where no name has to be resolved.
        name: host and port to resolve otherwise.
    """

    text: str
    authority: str
    addresses: tuple[Address, ...] = ()
    name: tuple[str, int] | None = None


def parse_target(text: str) -> Target:
    """Takes a target apart.

    Raises:
        TargetError: its form is unknown.
    """
    scheme, colon, rest = text.partition(":")
    if scheme == "unix" and colon:
        return _unix(text, rest)
    if scheme == "unix-abstract" and colon:
        return _abstract(text, rest)
    if scheme in _VERSIONS:
        return _literal_addresses(text, _VERSIONS[scheme], unquote(rest.lstrip("/")))
    if scheme == "dns":
        return _named(text, unquote(rest.rpartition("/")[2]))
    if "://" in text:
        raise TargetError(
            f"{text!r}: unknown scheme: use dns, ipv4, ipv6, unix, unix-abstract, or HOST:PORT"
        )
    return _named(text, text)


def _unix(text: str, path: str) -> Target:
    # unix:///PATH is another way to write an absolute path.
    path = path.removeprefix("//") if path.startswith("///") else path
    if path.startswith("//"):
        raise TargetError(f"{text!r} names a host: write unix:/path/to/socket")
    if not path or "\0" in path:
        raise TargetError(f"{text!r} is not unix:/path/to/socket")
    return Target(text, "localhost", (Address(path, None),))


def _abstract(text: str, name: str) -> Target:
    if not name or "\0" in name:
        raise TargetError(f"{text!r} is not unix-abstract:name")
    return Target(text, "localhost", (Address(f"\0{name}", None),))


def _literal_addresses(text: str, version: int, rest: str) -> Target:
    endpoints = rest.split(",")
    # Once each: a second connection to the same would not make it two servers.
    addresses = tuple(dict.fromkeys(Address(*_split(endpoint, text)) for endpoint in endpoints))
    for address in addresses:
        if _ip_version(address.host) != version:
            raise TargetError(
                f"{text!r}: {address.host!r} is no IPv{version} address: for a name write dns:///"
            )
    return Target(text, _without_zone(endpoints[0]), addresses)


def _named(text: str, endpoint: str) -> Target:
    host, port = _split(endpoint, text)
    if _ip_version(host):
        return Target(text, _without_zone(endpoint), (Address(host, port),))
    return Target(text, endpoint, name=(host, port))


def _without_zone(endpoint: str) -> str:
    # RFC 6874, section 4: a zone means something to this machine alone.
    return re.sub(r"%[^]]*", "", endpoint)


def _split(endpoint: str, text: str) -> tuple[str, int]:
    host, _, digits = endpoint.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if bracketed:
        host = host[1:-1]
    if not host or (":" in host and not bracketed) or "/" in host:
        raise TargetError(
            f"{text!r} is not HOST:PORT. Put an IPv6 host in brackets, as in [::1]:9000"
        )
    if not (digits.isascii() and digits.isdigit()) or not 0 < int(digits) <= _MAX_PORT:
        raise TargetError(f"{text!r} has no port from 1 to {_MAX_PORT}")
    return host, int(digits)


def _ip_version(host: str) -> int:
    try:
        return ipaddress.ip_address(host).version
    except ValueError:
        return 0
