"""TLS credentials from PEM files, for servers and for channels."""

import logging
import ssl
from dataclasses import dataclass
from pathlib import Path

from rpc.tls.changing_files import ChangingFiles

import grpc

_logger = logging.getLogger(__name__)


class TlsError(ValueError):
    """Certificates or keys that cannot be used; the message names the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTls:
    """What a server shows its callers and asks of them.

    Attributes:
        certificate: PEM file with the server's certificate chain, its own certificate first.
        key: PEM file with the certificate's private key.
        client_ca: PEM file with the authorities whose client certificates are accepted. With
            it a caller without such a certificate is refused (mTLS); without it none is asked.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelTls:
    """What a channel asks of a server and shows it.

    Attributes:
        ca: PEM file with the authorities that may have signed the server's certificate; None
            for the machine's own list.
        certificate: PEM file with the certificate chain to show (mTLS); None for none.
        key: PEM file with that certificate's private key.
        server_name: the name that the server's certificate must bear, where it is not the
            target's own.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    server_name: str | None = None


def server_credentials(tls: ServerTls) -> grpc.ServerCredentials:
    """Credentials that follow their files: each handshake uses what the files hold by then.

    gRPC speaks TLS 1.2 and 1.3 only.

    Raises:
        TlsError: a file cannot be read or is not the PEM that it should be.
    """
    reloader = _CertificateReloader(tls)
    return grpc.dynamic_ssl_server_credentials(
        reloader.configuration(),
        reloader.fetch,  # type: ignore[arg-type]  # the stubs lack None, "nothing new"
        require_client_authentication=tls.client_ca is not None,
    )


def channel_credentials(tls: ChannelTls) -> grpc.ChannelCredentials:
    """Credentials for a channel.

    Raises:
        TlsError: a file cannot be read or is not the PEM that it should be, or a certificate
            comes without its key.
    """
    if (tls.certificate is None) != (tls.key is None):
        raise TlsError("a client certificate and its key go together; give both or neither")
    key, chain = None, None
    if tls.certificate is not None and tls.key is not None:
        key, chain = _read_pair(tls.certificate, tls.key)
    ca = None if tls.ca is None else _read_authorities(tls.ca)
    return grpc.ssl_channel_credentials(ca, key, chain)


class _CertificateReloader:
    """Hands gRPC a new configuration when one of the files has changed."""

    def __init__(self, tls: ServerTls) -> None:
        self._tls = tls
        self._files = ChangingFiles([tls.certificate, tls.key, tls.client_ca])

    def configuration(self) -> grpc.ServerCertificateConfiguration:
        tls = self._tls
        pair = _read_pair(tls.certificate, tls.key)
        client_ca = None if tls.client_ca is None else _read_authorities(tls.client_ca)
        return grpc.ssl_server_certificate_configuration([pair], root_certificates=client_ca)

    def fetch(self) -> grpc.ServerCertificateConfiguration | None:
        """Called by gRPC at every handshake; None leaves the certificate as it is."""
        if not self._files.changed():
            return None
        try:
            configuration = self.configuration()
        except TlsError as error:
            # Half-written files are no reason to refuse callers: the old pair still works,
            # and the files' next change is seen again.
            _logger.warning("keeping the old certificate: %s", error)
            return None
        _logger.info("certificate reloaded")
        return configuration


# gRPC says nothing of what it cannot use: of a bad pair the handshakes fail, of a bad list of
# authorities the calls. OpenSSL is asked first.


def _read_pair(certificate: Path, key: Path) -> tuple[bytes, bytes]:
    """The key's PEM and the certificate chain's, in the order in which gRPC takes them."""
    pair = _read(key, "PRIVATE KEY"), _read(certificate, "CERTIFICATE")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # The empty password makes an encrypted key an error; without it OpenSSL asks for one.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        raise TlsError(
            f"{key} is not the unencrypted key of the certificate in {certificate}"
        ) from error
    return pair


def _read_authorities(file: Path) -> bytes:
    pem = _read(file, "CERTIFICATE")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except OSError as error:
        raise TlsError(f"{file} holds a certificate that cannot be read") from error
    return pem


def _read(file: Path, label: str) -> bytes:
    try:
        pem = file.read_bytes()
    except OSError as error:
        raise TlsError(f"cannot read {file}: {error.strerror}") from error
    if f"{label}-----".encode() not in pem:
        raise TlsError(f"{file} holds no PEM block of type {label}")
    return pem
