"""Validates certificates before they are used."""

import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rpc.tls.expiry import CertificateExpiry
from rpc.tls.files import ChannelTls, ServerTls, TlsError
from rpc.tls.pem import read_authorities, read_pair
from rpc.tls.revocation import read_revocations
from rpc.tls.validity import Validity, validity_of_chain

# OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which `ssl` does not name: times are checked apart.
_NO_CHECK_TIME = 0x200000
# More than any handshake takes.
_FLIGHTS = 10


@dataclass(frozen=True, slots=True)
class Pems:
    """What the files of one side of TLS hold. None for a missing file."""

    key: bytes | None
    chain: bytes | None
    authorities: bytes | None


class ValidatedFiles:
    """The files of one side of TLS, validated each time they are read.

    A pair shakes hands with itself. A pair in place of another must be valid now. It must be of an
    authority in the file beside it if the one before it was. The first pair of a server is taken
    without these two: there is no better one, and the log says when it ends.
    """

    def __init__(  # noqa: PLR0913  # all but the first by name
        self,
        *,
        certificate: Path | None,
        key: Path | None,
        authorities: Path | None,
        crl: Path | None = None,
        shown_by_server: bool,
        expiry: CertificateExpiry | None = None,
        validates_first: bool = True,
        accept: Callable[[Path, bytes], None] = lambda _, __: None,
    ) -> None:
        """Names the files.

        Args:
            certificate: PEM of this side's chain.
            key: PEM of its key.
            authorities: PEM of the authorities accepted by this side.
            crl: PEM of their revocation lists.
            shown_by_server: this side is the server.
            expiry: watches the certificates in use.
            validates_first: validates the first pair too. A short-lived program need not.
            accept: raises TlsError for a chain unusable to the transport. It is given the file's
                name and its PEM.
        """
        self._certificate, self._key = certificate, key
        self._authorities = authorities
        self._crl = crl
        self._shown_by_server = shown_by_server
        self._expiry = expiry
        self._validates_first = validates_first
        self._accept = accept
        self._chain: bytes | None = None
        self._is_known = False
        self._revoked: bytes | None = None

    @classmethod
    def of_server(cls, tls: ServerTls, **more: Any) -> "ValidatedFiles":
        """Those of a server."""
        return cls(
            certificate=tls.certificate,
            key=tls.key,
            authorities=tls.client_ca,
            crl=tls.crl,
            shown_by_server=True,
            **more,
        )

    @classmethod
    def of_channel(
        cls, tls: ChannelTls, *, expiry: CertificateExpiry | None, **more: Any
    ) -> "ValidatedFiles":
        """Those of a channel. Without `expiry` it is a short-lived program's."""
        return cls(
            certificate=tls.certificate,
            key=tls.key,
            authorities=tls.ca,
            shown_by_server=False,
            expiry=expiry,
            validates_first=expiry is not None,
            **more,
        )

    def read(self) -> Pems:
        """Reads the files, and validates what has changed.

        Raises:
            TlsError: a file cannot be used. The message names it.
        """
        authorities = None if self._authorities is None else read_authorities(self._authorities)
        if authorities is not None and self._crl is not None:
            self._read_revocations(self._crl, authorities)
        if self._certificate is None or self._key is None:
            return Pems(None, None, authorities)
        key, chain = read_pair(self._certificate, self._key)
        if self._validates_first or self._chain is not None:
            if chain != self._chain:
                self._validate(self._certificate, self._key, chain)
            self._is_known = self._flaw(self._certificate, self._key, self._authorities) is None
        self._chain = chain
        return Pems(key, chain, authorities)

    def _validate(self, certificate: Path, key: Path, chain: bytes) -> None:
        validity = _validity(certificate, chain)
        self._accept(certificate, chain)
        flaw = self._flaw(certificate, key, certificate)
        if self._chain is not None:
            flaw = flaw or validity.flaw
            if self._is_known and self._flaw(certificate, key, self._authorities) is not None:
                flaw = flaw or f"is of no authority in {self._authorities}, as the old one is"
        if flaw is not None:
            raise TlsError(f"{certificate} {flaw}")
        if self._expiry is not None:
            self._expiry.uses(certificate, validity)
            self._expiry.uses_key(key)

    def _read_revocations(self, crl: Path, authorities: bytes) -> None:
        pem, validity = read_revocations(crl, authorities)
        if self._revoked not in (None, pem) and validity.flaw is not None:
            raise TlsError(f"{crl} {validity.flaw}")
        self._revoked = pem
        if self._expiry is not None:
            self._expiry.uses(crl, validity)

    def _flaw(self, certificate: Path, key: Path, trusted: Path | None) -> str | None:
        if trusted is None:
            return "is of no authority"
        return _flaw_in_handshake(certificate, key, trusted, of_server=self._shown_by_server)


def _validity(certificate: Path, chain: bytes) -> Validity:
    try:
        return validity_of_chain(chain)
    except ValueError as error:
        raise TlsError(f"{certificate} holds a certificate that cannot be read") from error


def _flaw_in_handshake(
    certificate: Path, key: Path, trusted: Path, *, of_server: bool
) -> str | None:
    """What a peer has against a pair, times apart, if it trusts the certificates of a file."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    peer = client if of_server else server
    try:
        for side in (server, client):
            side.load_cert_chain(certificate, key, password="")
        peer.verify_mode = ssl.CERT_REQUIRED
        peer.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME
        peer.load_verify_locations(trusted)
        _shake_hands(server, client)
    except ssl.SSLCertVerificationError as error:
        return f"would be refused: {error.verify_message}"
    except OSError as error:
        return f"cannot be used: {(getattr(error, 'reason', None) or str(error)).lower()}"
    return None


def _shake_hands(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.wrap_bio(to_client, to_server),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for flight in range(_FLIGHTS):
        with suppress(ssl.SSLWantReadError):
            sides[flight % 2].do_handshake()
