"""Reads the PEM files of TLS, and explains what is wrong with unusable ones."""

import ssl
import stat
from pathlib import Path

from rpc.tls.files import TlsError

# Many times a system's list of authorities.
_MAX_PEM = 4 * 1024 * 1024
_WEAK = {
    "EE_KEY_TOO_SMALL": "its key is too short",
    "CA_KEY_TOO_SMALL": "the key of an authority in it is too short",
    "CA_MD_TOO_WEAK": "its signature's hash is broken",
}
"""OpenSSL's reasons to refuse a certificate that has its key."""


def read_pair(certificate: Path, key: Path) -> tuple[bytes, bytes]:
    """The PEM of a key and of its certificate chain, in this order.

    Raises:
        TlsError: a file cannot be read, the two do not belong together, or everybody may write
            the key.
    """
    pair = read_pem(key, "PRIVATE KEY"), read_pem(certificate, "CERTIFICATE")
    _refuse_writable(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # The empty password makes an encrypted key an error. Without it OpenSSL asks for one.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        raise TlsError(_why_unusable(certificate, key, error)) from error
    return pair


def _why_unusable(certificate: Path, key: Path, error: Exception) -> str:
    reason = getattr(error, "reason", None)
    if reason in _WEAK:
        return f"{certificate} is too weak ({_WEAK[reason]}): issue a stronger one"
    return f"{key} is not the unencrypted key of the certificate in {certificate}"


def read_authorities(file: Path) -> bytes:
    """The PEM of a list of authorities.

    Raises:
        TlsError: the file cannot be read, or has revocation lists in it.
    """
    pem = read_pem(file, "CERTIFICATE")
    if b"-----BEGIN X509 CRL-----" in pem:
        raise TlsError(
            f"{file} holds a revocation list, which is not used there: remove it, and give"
            " lists of callers' authorities by --tls-crl"
        )
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except OSError as error:
        raise TlsError(f"{file} holds a certificate that cannot be read") from error
    return pem


def read_pem(file: Path, label: str) -> bytes:
    """The text of a file with a PEM block of a label.

    Raises:
        TlsError: the file cannot be read, or has no such block.
    """
    try:
        with file.open("rb") as opened:
            pem = opened.read(_MAX_PEM + 1)
    except OSError as error:
        raise TlsError(f"cannot read {file}: {error.strerror}") from error
    if len(pem) > _MAX_PEM:
        raise TlsError(f"{file} is larger than {_MAX_PEM} bytes: give a PEM file")
    if f"{label}-----".encode() not in pem:
        raise TlsError(f"{file} holds no PEM block of type {label}")
    return pem


def _refuse_writable(key: Path) -> None:
    """Refuses a key writable by everybody: anybody may put another in its place."""
    if key.stat().st_mode & stat.S_IWOTH:
        raise TlsError(f"{key} can be written by everybody; take that away: chmod 600 {key}")
