"""TLS for both sides: credentials are made of files, which are read again when they change.

A peer that does not agree on HTTP/2 by ALPN is refused (RFC 9113, section 3.2).
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ALPN = ["h2"]


@dataclass(slots=True)
class _Files:
    """A context made of files, made again when one of them is another file."""

    paths: list[Path]
    context: ssl.SSLContext | None = None
    seen: list[tuple[int, int, int]] = field(default_factory=list)

    def stamps(self) -> list[tuple[int, int, int]]:
        found = [path.stat() for path in self.paths]
        return [(entry.st_mtime_ns, entry.st_ino, entry.st_size) for entry in found]


class _Credentials:
    """Gives the context for the next handshake."""

    def __init__(self, *paths: Path | None) -> None:
        self._files = _Files([path for path in paths if path is not None])

    def context(self) -> ssl.SSLContext:
        """The context of the files as they are now.

        A pair that cannot be read keeps the one before in place: it may be half written.

        Raises:
          OSError: the files cannot be read, and never could be. ssl.SSLError is one.
        """
        files = self._files
        try:
            stamps = files.stamps()
            if files.context is None or stamps != files.seen:
                files.context = self._make()
                files.seen = stamps
        except OSError:
            if files.context is None:
                raise
        return files.context

    def _make(self) -> ssl.SSLContext:
        raise NotImplementedError


class ServerCredentials(_Credentials):
    """A server's certificate, and the authorities of its callers' certificates, if it asks."""

    def __init__(
        self, certificate: Path, key: Path, client_authorities: Path | None = None
    ) -> None:
        super().__init__(certificate, key, client_authorities)
        self._certificate = certificate
        self._key = key
        self._client_authorities = client_authorities

    def _make(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        _harden(context)
        context.load_cert_chain(self._certificate, self._key)
        if self._client_authorities is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self._client_authorities)
        return context


class ChannelCredentials(_Credentials):
    """The authorities of a server's certificate, and a certificate for servers that ask for one.

    Without authorities it is the system's.
    """

    def __init__(
        self,
        authorities: Path | None = None,
        certificate: Path | None = None,
        key: Path | None = None,
    ) -> None:
        super().__init__(authorities, certificate, key)
        self._authorities = authorities
        self._certificate = certificate
        self._key = key

    def _make(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _harden(context)
        if self._authorities is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(self._authorities)
        if self._certificate is not None:
            context.load_cert_chain(self._certificate, self._key)
        return context


def _harden(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # RFC 9113, section 9.2: no compression, no renegotiation, and ciphers with forward secrecy.
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    context.set_alpn_protocols(ALPN)


def agreed_on_http2(tls: ssl.SSLObject | None) -> bool:
    """Whether a handshake has chosen HTTP/2."""
    return tls is not None and tls.selected_alpn_protocol() == "h2"
