"""TLS for `wire`, made from PEM files. A server's follows them at each handshake."""

import os
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rpc.tls.expiry import CertificateExpiry
from rpc.tls.file_reloader import Followed
from rpc.tls.files import ChannelTls, ServerTls
from rpc.tls.validation import TriedFiles

from wire.tls import ChannelCredentials, ServerCredentials

_ROOTS_VARIABLE = "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"


class FollowedCredentials:
    """A server's: each handshake has the context of the newest usable files."""

    def __init__(self, tls: ServerTls, expiry: CertificateExpiry | None = None) -> None:
        """Makes the first context.

        Raises:
            TlsError: a file cannot be used.
        """
        tried = TriedFiles.of_server(tls, expiry=expiry)

        def context() -> ssl.SSLContext:
            tried.read()
            return ServerCredentials(tls.certificate, tls.key, tls.client_ca, tls.crl).context()

        self._followed = Followed(tls.files, context)

    def context(self) -> ssl.SSLContext:
        """The context for the next handshake."""
        self._followed.look()
        return self._followed.newest


def channel_credentials(
    tls: ChannelTls, expiry: CertificateExpiry | None = None
) -> Callable[[], ChannelCredentials]:
    """Makes credentials of a channel, each time of what the files hold by then.

    Without authorities of its own it trusts the machine's, or those of gRPC's variable for them.
    The returned function raises TlsError if a file is unusable.
    """
    named = os.environ.get(_ROOTS_VARIABLE)
    if tls.ca is None and named:
        tls = replace(tls, ca=Path(named))
    tried = TriedFiles.of_channel(tls, expiry=expiry)

    def credentials() -> ChannelCredentials:
        tried.read()
        return ChannelCredentials(tls.ca, tls.certificate, tls.key)

    return credentials
