"""TLS credentials for grpcio, made from PEM files."""

import logging

from rpc.tls.changing_files import ChangingFiles
from rpc.tls.files import ChannelTls, ServerTls, TlsError, read_authorities, read_pair

import grpc

_logger = logging.getLogger(__name__)


def server_credentials(tls: ServerTls) -> grpc.ServerCredentials:
    """Credentials that follow their files: each handshake uses what the files hold by then.

    gRPC says nothing of a pair that it cannot use, so OpenSSL is asked first. It speaks TLS 1.2 and
    1.3 only.

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
        TlsError: a file cannot be read or is not the PEM that it should be.
    """
    key, chain = None, None
    if tls.certificate is not None and tls.key is not None:
        key, chain = read_pair(tls.certificate, tls.key)
    ca = None if tls.ca is None else read_authorities(tls.ca)
    return grpc.ssl_channel_credentials(ca, key, chain)


class _CertificateReloader:
    """Hands gRPC a new configuration when one of the files has changed."""

    def __init__(self, tls: ServerTls) -> None:
        self._tls = tls
        self._files = ChangingFiles([tls.certificate, tls.key, tls.client_ca])

    def configuration(self) -> grpc.ServerCertificateConfiguration:
        tls = self._tls
        pair = read_pair(tls.certificate, tls.key)
        client_ca = None if tls.client_ca is None else read_authorities(tls.client_ca)
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
