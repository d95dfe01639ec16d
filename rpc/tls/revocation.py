"""Lists of certificates revoked by their authorities."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from rpc.tls.files import TlsError
from rpc.tls.pem import read_pem
from rpc.tls.validity import Validity

if TYPE_CHECKING:
    from cryptography import x509

_LIST = re.compile(b"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)
_FOREVER = float("inf")


def read_revocations(file: Path, authorities: bytes) -> tuple[bytes, Validity]:
    """The PEM of a file of revocation lists, and the validity they have in common.

    Args:
        file: has a list of each authority, https://www.rfc-editor.org/rfc/rfc5280#section-5.
        authorities: PEM of the accepted signers.

    Raises:
        TlsError: a list cannot be read, or is of none of these authorities.
    """
    # Inside, as in `rpc.tls.validity`.
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    pem = read_pem(file, "X509 CRL")
    try:
        known = x509.load_pem_x509_certificates(authorities)
        lists = [x509.load_pem_x509_crl(block) for block in _LIST.findall(pem)]
        are_known = [any(_is_of(one, authority) for authority in known) for one in lists]
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise TlsError(f"{file} holds a revocation list that cannot be read") from error
    if not all(are_known):
        raise TlsError(f"{file} holds a revocation list of none of the authorities")
    return pem, Validity(
        max((one.last_update_utc.timestamp() for one in lists), default=0.0),
        min((_end_of(one) for one in lists), default=_FOREVER),
    )


def _is_of(revoked: "x509.CertificateRevocationList", authority: "x509.Certificate") -> bool:
    key = authority.public_key()
    return revoked.issuer == authority.subject and revoked.is_signature_valid(key)  # type: ignore[arg-type]  # raises TypeError for others


def _end_of(revoked: "x509.CertificateRevocationList") -> float:
    end = revoked.next_update_utc
    return _FOREVER if end is None else end.timestamp()
