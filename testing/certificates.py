"""Certificates made for a test: an authority, and pairs of certificate and key that it signed."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
"""What a certificate for a server of a test bears, unless the test says otherwise."""

Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
"""A private key of a certificate."""

_LIFETIME = timedelta(days=30)

# RFC 5280, 4.2.1.3: what an authority's key may do.
_SIGNS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, slots=True)
class Pair:
    """PEM files of a certificate and its key."""

    certificate: Path
    key: Path

    def replace_with(self, other: "Pair") -> None:
        """Puts another pair in the place of this one, each file whole from one moment to the next.

        Between the two the files do not match, as in a rotation of real files.
        """
        for mine, others in ((self.key, other.key), (self.certificate, other.certificate)):
            partial = mine.with_name(f"{mine.name}.partial")
            partial.touch(0o600)
            partial.write_bytes(others.read_bytes())
            partial.replace(mine)


class Authority:
    """A certificate authority whose files lie in a folder of the test's."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self._name = _name(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = folder / f"{name}.pem"
        self.certificate.write_bytes(_pem(self._signed(name, self._key, (), authority=True)))

    def issue(  # noqa: PLR0913  # all but the first by name
        self,
        name: str,
        *,
        names: Sequence[str] = LOCAL_NAMES,
        expired: bool = False,
        left: timedelta = _LIFETIME,
        usages: Sequence[x509.ObjectIdentifier] = (),
        key: Key | None = None,
    ) -> Pair:
        """Makes a pair, for a server or a client.

        Args:
            name: of the files, and the certificate's common name.
            names: DNS names, URIs and IP addresses that the certificate is for.
            expired: the certificate's time is over.
            left: until it is, otherwise.
            usages: what the certificate is for (`ExtendedKeyUsageOID`), for anything if none is.
            key: of the certificate, or a new one of P-256 if none is given.
        """
        key = key or ec.generate_private_key(ec.SECP256R1())
        pair = Pair(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        extensions = _extensions(names, usages)
        left = -_LIFETIME if expired else left
        pair.certificate.write_bytes(_pem(self._signed(name, key, extensions, left=left)))
        encoding = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        pair.key.touch(0o600)
        pair.key.write_bytes(key.private_bytes(*encoding))
        return pair

    def revoke(self, *pairs: Pair, left: timedelta = _LIFETIME) -> Path:
        """Writes the authority's revocation list, with the certificates of these pairs on it."""
        now = datetime.now(UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._name)
            .last_update(now - _LIFETIME)
            .next_update(now + left)
        )
        for pair in pairs:
            number = x509.load_pem_x509_certificate(pair.certificate.read_bytes()).serial_number
            entry = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(now)
            builder = builder.add_revoked_certificate(entry.build())
        file = self.certificate.with_suffix(".crl")
        file.write_bytes(builder.sign(self._key, SHA256()).public_bytes(Encoding.PEM))
        return file

    def _signed(
        self,
        name: str,
        key: Key,
        extensions: Sequence[x509.ExtensionType],
        *,
        authority: bool = False,
        left: timedelta = _LIFETIME,
    ) -> x509.Certificate:
        end = datetime.now(UTC) + left
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(end - 2 * _LIFETIME)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if authority:
            builder = builder.add_extension(_SIGNS, critical=True)
        for extension in (*self._key_identifiers(key), *extensions):
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self._key, SHA256())

    # RFC 5280, 4.2.1.1 and 4.2.1.2. Python 3.13 and later refuse certificates without.
    def _key_identifiers(self, key: Key) -> tuple[x509.ExtensionType, ...]:
        return (
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
        )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _extensions(
    names: Sequence[str], usages: Sequence[x509.ObjectIdentifier]
) -> list[x509.ExtensionType]:
    found: list[x509.ExtensionType] = []
    if names:
        found.append(x509.SubjectAlternativeName([_general_name(text) for text in names]))
    if usages:
        found.append(x509.ExtendedKeyUsage(usages))
    return found


def _general_name(text: str) -> x509.GeneralName:
    if "://" in text:
        return x509.UniformResourceIdentifier(text)
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)
