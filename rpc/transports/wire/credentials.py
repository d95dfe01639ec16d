"""TLS for `wire`, made from PEM files. A server's follows them at each handshake."""

import os
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rpc.tls.expiry import CertificateExpiry
from rpc.tls.file_reloader import FileReloader
from rpc.tls.files import ChannelTls, ServerTls
from rpc.tls.validation import ValidatedFiles

from wire.tls import ChannelCredentials, ServerCredentials

_ROOTS_VARIABLE = "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"


class ReloadingCredentials:
    """A server's: each handshake has the context of the newest usable files."""

    def __init__(self, tls: ServerTls, expiry: CertificateExpiry | None = None) -> None:
        """Makes the first context.

        Raises:
            TlsError: a file cannot be used.
        """
        validated = ValidatedFiles.of_server(tls, expiry=expiry)

        def context() -> ssl.SSLContext:
            validated.read()
            return ServerCredentials(tls.certificate, tls.key, tls.client_ca, tls.crl).context()

        self._reloader = FileReloader(tls.files, context)

    def context(self) -> ssl.SSLContext:
        """The context for the next handshake."""
        self._reloader.reload_if_changed()
        return self._reloader.current


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
    validated = ValidatedFiles.of_channel(tls, expiry=expiry)

    def credentials() -> ChannelCredentials:
        validated.read()
        return ChannelCredentials(tls.ca, tls.certificate, tls.key)

    return credentials
