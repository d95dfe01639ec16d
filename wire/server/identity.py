"""The peer of a connection: its address, and its certificate."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import asyncio
    import ssl
    from collections.abc import Iterable, Mapping

_ALTERNATIVE_NAME = "x509_subject_alternative_name"
_COMMON_NAME = "x509_common_name"
_OF_KIND = {"DNS": "peer_dns", "URI": "peer_uri"}


Caller = tuple[str, ...]
"""One caller: the names in a certificate, or else an address without its port."""


class Identity(NamedTuple):
    """A peer's identity by TLS, in gRPC's entries for it."""

    auth_context: Mapping[str, Iterable[bytes]]
    key: str | None
    """The entry with the peer's identity."""


NOBODY = Identity({}, None)


def identity_of(transport: asyncio.BaseTransport) -> Identity:
    """The identity of the peer of a transport."""
    tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
    if tls is None:
        return NOBODY
    entries: dict[str, list[bytes]] = {
        "transport_security_type": [b"ssl"],
        "security_level": [b"TSI_PRIVACY_AND_INTEGRITY"],
    }
    # The type of a certificate's entries is looser than what the documentation promises.
    certificate: Any = tls.getpeercert() or {}
    alternatives = certificate.get("subjectAltName", ())
    # A directory name is a tuple, and none of gRPC's entries has it.
    names = [value.encode() for _, value in alternatives if isinstance(value, str)]
    common = [
        value.encode()
        for part in certificate.get("subject", ())
        for name, value in part
        if name == "commonName"
    ]
    if common:
        entries[_COMMON_NAME] = common
    if names:
        entries[_ALTERNATIVE_NAME] = names
    for kind, entry in _OF_KIND.items():
        of_kind = [value.encode() for its, value in alternatives if its == kind]
        if of_kind:
            entries[entry] = of_kind
    key = _ALTERNATIVE_NAME if names else _COMMON_NAME if common else None
    return Identity(entries, key)


def caller_of(identity: Identity, peer: str) -> Caller:
    """The caller at a connection. Connections of one name, or of one address, are one caller's."""
    entries = identity.auth_context
    names = [name for entry in _OF_KIND.values() for name in entries.get(entry, ())]
    if names:
        return tuple(name.decode("utf-8", "replace") for name in names)
    return (peer.rpartition(":")[0],)


def peer_of(transport: asyncio.BaseTransport) -> str:
    """The peer's address, as gRPC writes it."""
    connection: socket.socket | None = transport.get_extra_info("socket")
    address = transport.get_extra_info("peername")
    if connection is not None and connection.family == socket.AF_UNIX:
        return "unix:"
    if not address or isinstance(address, (str, bytes)):
        return "unknown"
    return format_address(address[0], address[1])


def format_address(host: str, port: int) -> str:
    """An address as gRPC writes it. IPv4 within IPv6 is IPv4."""
    if ":" not in host:
        return f"ipv4:{host}:{port}"
    if host.startswith("::ffff:"):
        mapped = ipaddress.IPv6Address(host.partition("%")[0]).ipv4_mapped
        if mapped is not None:
            return f"ipv4:{mapped}:{port}"
    return f"ipv6:[{host}]:{port}"
