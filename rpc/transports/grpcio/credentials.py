"""TLS credentials for grpcio, made from PEM files."""

from collections.abc import Callable
from pathlib import Path

from rpc.tls.expiry import CertificateExpiry
from rpc.tls.file_reloader import FileReloader
from rpc.tls.files import ChannelTls, ServerTls, TlsError
from rpc.tls.validation import ValidatedFiles

import grpc

_CURVES = ("secp256r1", "secp384r1")


def server_credentials(
    tls: ServerTls, expiry: CertificateExpiry | None = None
) -> grpc.ServerCredentials:
    """Credentials that follow their files: each handshake uses what the files hold by then.

    gRPC says nothing of an unusable pair, so the pair is tried first. It speaks TLS 1.2 and 1.3
    only.

    Raises:
        TlsError: a file is unreadable, or not the PEM it should be.
    """
    if tls.crl is not None:
        raise TlsError("--tls-crl needs --transport wire: gRPC's core reads no revocation lists")
    validated = ValidatedFiles.of_server(tls, expiry=expiry, accept=_require_usable_key)
    reloader = FileReloader(tls.files, lambda: _configuration(validated))

    given = reloader.current

    def newer() -> grpc.ServerCertificateConfiguration | None:
        nonlocal given
        reloader.reload_if_changed()
        before, given = given, reloader.current
        return None if given is before else given

    return grpc.dynamic_ssl_server_credentials(
        given,
        # gRPC asks at every handshake. None is for nothing new, which the stubs lack.
        newer,  # type: ignore[arg-type]
        require_client_authentication=tls.client_ca is not None,
    )


def channel_credentials(
    tls: ChannelTls, expiry: CertificateExpiry | None = None
) -> Callable[[], grpc.ChannelCredentials]:
    """Makes credentials for a channel, each time of what the files hold by then.

    The returned function raises TlsError if a file is unreadable, or not the PEM it should be.
    """
    validated = ValidatedFiles.of_channel(tls, expiry=expiry, accept=_require_usable_key)

    def credentials() -> grpc.ChannelCredentials:
        pems = validated.read()
        return grpc.ssl_channel_credentials(pems.authorities, pems.key, pems.chain)

    return credentials


def _configuration(validated: ValidatedFiles) -> grpc.ServerCertificateConfiguration:
    pems = validated.read()
    assert pems.key is not None and pems.chain is not None  # noqa: S101, PT018  # a server has both
    return grpc.ssl_server_certificate_configuration(
        [(pems.key, pems.chain)], root_certificates=pems.authorities
    )


def _require_usable_key(certificate: Path, chain: bytes) -> None:
    """Refuses a key if gRPC's core fails every handshake with it (docs/grpcio.md, "Keys")."""
    # Inside, as in `rpc.tls.validity`.
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    key = x509.load_pem_x509_certificates(chain)[0].public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return
    raise TlsError(
        f"{certificate} has a kind of key with which gRPC's core fails every handshake: use RSA,"
        " P-256 or P-384"
    )
