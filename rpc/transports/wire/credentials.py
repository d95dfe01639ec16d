"""TLS contexts for `wire` that follow their files: each handshake uses what these hold by then."""

import logging
import ssl
from collections.abc import Callable

from rpc.tls.changing_files import ChangingFiles
from rpc.tls.files import ChannelTls, ServerTls, TlsError, read_authorities, read_pair

from wire.tls import ChannelCredentials, ServerCredentials

_logger = logging.getLogger(__name__)


class ServerContexts(ServerCredentials):
    """A server's."""

    def __init__(self, tls: ServerTls) -> None:
        """Makes the first context.

        Raises:
            TlsError: a file cannot be used.
        """

        def make() -> ssl.SSLContext:
            read_pair(tls.certificate, tls.key)
            if tls.client_ca is not None:
                read_authorities(tls.client_ca)
            return ServerCredentials(tls.certificate, tls.key, tls.client_ca).context()

        files = ChangingFiles([tls.certificate, tls.key, tls.client_ca])
        self._newest = _Newest(make, files, "certificate")

    def context(self) -> ssl.SSLContext:
        """The context for the next handshake."""
        return self._newest.context()


class ChannelContexts(ChannelCredentials):
    """A channel's."""

    def __init__(self, tls: ChannelTls) -> None:
        """Makes the first context.

        Raises:
            TlsError: a file cannot be used.
        """

        def make() -> ssl.SSLContext:
            if tls.certificate is not None and tls.key is not None:
                read_pair(tls.certificate, tls.key)
            if tls.ca is not None:
                read_authorities(tls.ca)
            return ChannelCredentials(tls.ca, tls.certificate, tls.key).context()

        files = ChangingFiles([tls.ca, tls.certificate, tls.key])
        self._newest = _Newest(make, files, "certificate for the upstream")

    def context(self) -> ssl.SSLContext:
        """The context for the next handshake."""
        return self._newest.context()


class _Newest:
    """The context of the newest files that can be used."""

    def __init__(self, make: Callable[[], ssl.SSLContext], files: ChangingFiles, what: str) -> None:
        self._make = make
        self._files = files
        self._what = what
        self._context = make()

    def context(self) -> ssl.SSLContext:
        if self._files.changed():
            try:
                self._context = self._make()
            except (TlsError, OSError) as error:
                # Half-written files are no reason to refuse anyone: the old pair still works, and
                # the files' next change is seen again.
                _logger.warning("keeping the old %s: %s", self._what, error)
            else:
                _logger.info("%s reloaded", self._what)
        return self._context
