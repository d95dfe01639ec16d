"""TLS for `wire`, made from PEM files. A server's follows them at each handshake."""

import os
import ssl
from pathlib import Path

from rpc.tls.files import ChannelTls, ServerTls
from rpc.tls.followed import Followed
from rpc.tls.pem import read_authorities, read_pair

from wire.tls import ChannelCredentials, ServerCredentials

_ROOTS_VARIABLE = "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"


class FollowedCredentials:
    """A server's: each handshake has the context of the newest files that can be used."""

    def __init__(self, tls: ServerTls) -> None:
        """Makes the first context.

        Raises:
            TlsError: a file cannot be used.
        """
        self._followed = Followed(tls.files, lambda: _server_context(tls))

    def context(self) -> ssl.SSLContext:
        """The context for the next handshake."""
        self._followed.look()
        return self._followed.newest


def _server_context(tls: ServerTls) -> ssl.SSLContext:
    read_pair(tls.certificate, tls.key)
    if tls.client_ca is not None:
        read_authorities(tls.client_ca)
    return ServerCredentials(tls.certificate, tls.key, tls.client_ca).context()


def channel_credentials(tls: ChannelTls) -> ChannelCredentials:
    """Credentials of a channel, from what the files hold now.

    Without authorities of its own it trusts the machine's, or those of the variable that gRPC has
    for that.

    Raises:
        TlsError: a file cannot be used.
    """
    if tls.certificate is not None and tls.key is not None:
        read_pair(tls.certificate, tls.key)
    named = os.environ.get(_ROOTS_VARIABLE)
    authorities = tls.ca if tls.ca is not None or not named else Path(named)
    if authorities is not None:
        read_authorities(authorities)
    return ChannelCredentials(authorities, tls.certificate, tls.key)
