"""TLS credentials from PEM files, for servers and for channels."""

import logging
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import overload

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
    return grpc.ssl_channel_credentials(
        root_certificates=_read(tls.ca, "CERTIFICATE"),
        private_key=_read(tls.key, "PRIVATE KEY"),
        certificate_chain=_read(tls.certificate, "CERTIFICATE"),
    )


class _CertificateReloader:
    """Hands gRPC a new configuration when one of the files has changed."""

    def __init__(self, tls: ServerTls) -> None:
        self._tls = tls
        self._seen = self._stamp()

    def configuration(self) -> grpc.ServerCertificateConfiguration:
        tls = self._tls
        pair = (_read(tls.key, "PRIVATE KEY"), _read(tls.certificate, "CERTIFICATE"))
        _require_match(tls)
        client_ca = _read(tls.client_ca, "CERTIFICATE")
        return grpc.ssl_server_certificate_configuration([pair], root_certificates=client_ca)

    def fetch(self) -> grpc.ServerCertificateConfiguration | None:
        """Called by gRPC at every handshake; None leaves the certificate as it is."""
        stamp = self._stamp()
        if stamp == self._seen:
            return None
        self._seen = stamp
        try:
            configuration = self.configuration()
        except TlsError as error:
            # Half-written files are no reason to refuse callers: the old pair still works,
            # and the files' next change is seen again.
            _logger.warning("keeping the old certificate: %s", error)
            return None
        _logger.info("certificate reloaded")
        return configuration

    def _stamp(self) -> list[tuple[int, int] | None]:
        files = (self._tls.certificate, self._tls.key, self._tls.client_ca)
        return [_modified(file) for file in files if file is not None]


def _modified(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    # The inode too: a renamed-in replacement can bear an old time.
    return status.st_mtime_ns, status.st_ino


def _require_match(tls: ServerTls) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # The empty password makes an encrypted key an error; without it OpenSSL asks for one.
        context.load_cert_chain(tls.certificate, tls.key, password="")
    except (ssl.SSLError, ValueError) as error:
        raise TlsError(
            f"{tls.key} is not the unencrypted key of the certificate in {tls.certificate}"
        ) from error


@overload
def _read(file: Path, label: str) -> bytes: ...
@overload
def _read(file: Path | None, label: str) -> bytes | None: ...
def _read(file: Path | None, label: str) -> bytes | None:
    if file is None:
        return None
    try:
        pem = file.read_bytes()
    except OSError as error:
        raise TlsError(f"cannot read {file}: {error.strerror}") from error
    if f"{label}-----".encode() not in pem:
        raise TlsError(f"{file} holds no PEM block of type {label}")
    return pem
