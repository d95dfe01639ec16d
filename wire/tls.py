"""TLS for both sides. The credentials give the context of each handshake.

A peer without HTTP/2 by ALPN is refused (RFC 9113, section 3.2).
"""

from __future__ import annotations

import math
import ssl
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

ALPN = ["h2"]


class Credentials(Protocol):
    """Decide what is shown to peers and asked of them, at each handshake anew."""

    def context(self) -> ssl.SSLContext:
        """The context for the next handshake."""


class ServerCredentials:
    """A server's certificate, and the authorities of its callers' certificates, if it asks.

    The files are read once. Credentials following their files give a context of newer ones.
    """

    def __init__(
        self,
        certificate: Path,
        key: Path,
        client_authorities: Path | None = None,
        revocations: Path | None = None,
    ) -> None:
        """Reads the files.

        Args:
          certificate: PEM of the server's chain.
          key: PEM of its key.
          client_authorities: PEM of authorities. Callers must show a certificate of theirs.
          revocations: PEM of a revocation list of each of these authorities.

        Raises:
          OSError: one cannot be used. ssl.SSLError is one.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        _harden(context)
        context.load_cert_chain(certificate, key)
        if client_authorities is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(client_authorities)
            # A session that is resumed shows no certificate, though that may be revoked by now.
            context.num_tickets = 0
            context.options |= ssl.OP_NO_TICKET
        if revocations is not None:
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
            context.load_verify_locations(revocations)
        self._context = context

    def context(self) -> ssl.SSLContext:
        """The same for all handshakes."""
        return self._context


class ChannelCredentials:
    """The authorities of a server's certificate, and a certificate for servers asking for one.

    Without authorities it is the system's. The files are read once.
    """

    def __init__(
        self,
        authorities: Path | None = None,
        certificate: Path | None = None,
        key: Path | None = None,
    ) -> None:
        """Reads the files.

        Raises:
          OSError: one cannot be used. ssl.SSLError is one.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _harden(context)
        if authorities is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(authorities)
        if certificate is not None:
            context.load_cert_chain(certificate, key)
        self._context = context

    def context(self) -> ssl.SSLContext:
        """The same for all handshakes."""
        return self._context


def _harden(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # RFC 9113, section 9.2: no compression, no renegotiation, and ciphers with forward secrecy.
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    context.set_alpn_protocols(ALPN)


def certificate_end(tls: ssl.SSLObject | None) -> float:
    """When a peer's certificate expires, in seconds of the epoch, or never where there is none."""
    certificate = None if tls is None else tls.getpeercert()
    if not certificate:
        return math.inf
    # RFC 5280, section 4.1.2.5: the second that it names is the last one.
    return ssl.cert_time_to_seconds(str(certificate["notAfter"])) + 1.0


def agreed_on_http2(tls: ssl.SSLObject | None) -> bool:
    """Whether a handshake has chosen HTTP/2."""
    return tls is not None and tls.selected_alpn_protocol() == "h2"
