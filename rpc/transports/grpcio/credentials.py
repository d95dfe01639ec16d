"""TLS credentials for grpcio, made from PEM files."""

from rpc.tls.files import ChannelTls, ServerTls
from rpc.tls.followed import Followed
from rpc.tls.pem import read_authorities, read_pair

import grpc


def server_credentials(tls: ServerTls) -> grpc.ServerCredentials:
    """Credentials that follow their files: each handshake uses what the files hold by then.

    gRPC says nothing of a pair that it cannot use, so OpenSSL is asked first. It speaks TLS 1.2 and
    1.3 only.

    Raises:
        TlsError: a file cannot be read or is not the PEM that it should be.
    """
    followed = Followed(tls.files, lambda: _configuration(tls))
    return grpc.dynamic_ssl_server_credentials(
        followed.newest,
        # gRPC asks at every handshake; None is for nothing new, which the stubs lack.
        lambda: followed.newest if followed.look() else None,  # type: ignore[arg-type,return-value]
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


def _configuration(tls: ServerTls) -> grpc.ServerCertificateConfiguration:
    pair = read_pair(tls.certificate, tls.key)
    client_ca = None if tls.client_ca is None else read_authorities(tls.client_ca)
    return grpc.ssl_server_certificate_configuration([pair], root_certificates=client_ca)
