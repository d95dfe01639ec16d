"""A server of `wire`."""

import errno
import os

from rpc.core.address import explain, join_host_port, split_host_port
from rpc.transports.settings import LimitSettings
from rpc.transports.transport import BindError, Methods, ServerOptions
from rpc.transports.wire.admission import WireAdmission
from rpc.transports.wire.calls import Calls, GenericHandlers, handler_of
from rpc.transports.wire.connection_observer import WireConnectionObserver
from rpc.transports.wire.credentials import ReloadingCredentials

from wire.http2.limits import Limits
from wire.server import server

_UNIX = "unix:"


class WireServer:
    """Accepts calls by `wire`.

    Attributes:
        address: where, with the port chosen by the kernel in place of 0.
    """

    def __init__(self, methods: Methods, options: ServerOptions) -> None:
        """Makes a server. It does not listen yet.

        Raises:
            TlsError: a certificate or key cannot be used.
        """
        listening = options.listening
        self.address = listening.address
        self._credentials = (
            None if listening.tls is None else ReloadingCredentials(listening.tls, options.expiry)
        )
        self._server = server(
            [GenericHandlers(methods)],
            limits=_limits(options.limits),
            observer=Calls(methods, asks_for_names=listening.asks_for_names),
            connection_observer=WireConnectionObserver(options.connection_turned_away),
            # The runtime ends its own streams, with a last word.
            background=(),
            reuse_port=listening.reuse_port,
            admission=WireAdmission(options.admission),
        )
        for method in methods.all():
            service, _, name = method.name[1:].partition("/")
            self._server.add_registered_method_handlers(service, {name: handler_of(method)})

    async def start(self) -> None:
        """Begins to accept calls.

        Raises:
            BindError: the address is taken or not this machine's.
        """
        try:
            port = self._bind()
        except (OSError, UnicodeError) as error:
            raise BindError(
                f"cannot listen on {self.address}: {_reason(error)}. Choose another with --listen"
            ) from error
        if not self.address.startswith(_UNIX):
            self.address = join_host_port(split_host_port(self.address)[0], port)
        await self._server.start()

    async def wait_until_quiet(self) -> None:
        """Waits for nothing: callers get a GOAWAY, and what is on its way is handled."""

    async def stop(self, grace: float) -> None:
        """Accepts no more calls, and gives those in flight `grace` seconds to finish."""
        await self._server.stop(grace)

    def _bind(self) -> int:
        if self._credentials is None:
            return self._server.add_insecure_port(self.address)
        return self._server.add_secure_port(self.address, self._credentials)


def _limits(settings: LimitSettings) -> Limits:
    return Limits(
        max_message_bytes=settings.max_message_bytes,
        max_concurrent_streams=settings.max_concurrent_streams,
        max_connections=settings.max_connections,
        max_bytes_in_flight=settings.max_bytes_in_flight,
        max_connection_idle=settings.max_connection_idle,
        max_connection_age=settings.max_connection_age,
        max_connection_age_grace=settings.max_connection_age_grace,
        request_timeout=settings.request_timeout,
        max_wait=settings.max_wait,
        max_call_duration=settings.max_call_duration,
    )


def _reason(error: OSError | UnicodeError) -> str:
    number = getattr(error, "errno", None) or 0
    return os.strerror(number) if number in errno.errorcode else explain(error)
