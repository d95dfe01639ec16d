"""The interface between this runtime and what carries its calls.

Servicers and stubs see the API of `grpc.aio`, whichever transport there is.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from rpc.core.call import Call, ServicerContext
from rpc.core.errors import RpcStatusError, StartupError
from rpc.tls.expiry import CertificateExpiry
from rpc.tls.files import ChannelTls
from rpc.transports.settings import LimitSettings, ListeningSettings

import grpc

if TYPE_CHECKING:
    # Generic to type checkers only.
    MethodHandler: TypeAlias = grpc.RpcMethodHandler[Any, Any]
else:
    MethodHandler = grpc.RpcMethodHandler

CallOf = Callable[[ServicerContext], Call]
"""Finds a chain's call, given the transport's context."""

End = Callable[[ServicerContext, RpcStatusError], Awaitable[None]]
"""Ends a call with a status."""

Behavior = Callable[[Any, ServicerContext], Awaitable[Any]]
"""Handles a call: request (or stream of requests) and context in, response (or None) out."""


ConnectionTurnedAway = Callable[[str, str, str], None]
"""Called for a connection refused, or ended for its peer's behaviour.

Takes the peer's address, the cause in one of few words, and the reason at length.
"""


class Admission(Protocol):
    """Limits the calls. A caller is its certificate's names or its address.

    Attributes:
        refusal: the status for a call without room.
    """

    refusal: RpcStatusError

    def room(self) -> int:
        """For how many, whoever makes them. 0 or less where it depends on the caller."""

    def room_for(self, caller: tuple[str, ...]) -> int:
        """For how many of one caller."""

    def refused_without_room(self, caller: tuple[str, ...], calls: int) -> None:
        """So many calls were refused for want of room."""

    def refused_as_late(self, caller: tuple[str, ...], calls: int) -> None:
        """So many calls were refused because they waited too long."""


class BindError(StartupError):
    """The server cannot listen where it should. The message says why and what to do."""


class CallChain(Protocol):
    """Handles the calls of a transport.

    A transport calls `arrived`, `ended` and `closed` for each call once and in this order, whether
    or not a servicer sees the call.
    """

    def arrived(self, call: Call) -> None:
        """The call's headers are there."""

    def ended(self, call: Call, code: grpc.StatusCode, details: str) -> None:
        """The call's status is known and about to be sent."""

    def closed(self, call: Call) -> None:
        """The response has left this process, or the call is given up."""

    def behavior(self, handler: MethodHandler, call_of: CallOf, end: End) -> Behavior:
        """The coroutine that handles the calls of a method."""

    def failure(self, call: Call, error: Exception) -> RpcStatusError:
        """The status for an exception, such as an unreadable request's."""


@dataclass(frozen=True, slots=True)
class Method:
    """A server's method.

    Attributes:
        name: full name, as in `/user.Orchestrator1Service/GetUserByName`.
        handler: the servicer's function, its kind and the serialisers of its messages.
        chain: what its calls go through.
        known: whether the server has it by name. If not, the name is the caller's choice, and
            nothing is kept of it: callers could fill the memory.
        exists: whether there is such a method. If not, `handler` refuses the call.
        is_admin: whether it is one of health, reflection and channelz.
    """

    name: str
    handler: MethodHandler
    chain: CallChain
    known: bool = True
    exists: bool = True
    is_admin: bool = False


class Methods(Protocol):
    """A server's methods."""

    def find(self, name: str) -> Method:
        """Finds a method by its full name. An unknown name gives one that refuses."""

    def all(self) -> Iterable[Method]:
        """The methods known by name from the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """What a transport's server is made from.

    Attributes:
        listening: where and how it listens.
        limits: what it lets callers have.
        connection_turned_away: called for refused connections, where the transport can see them.
        admission: limits the calls, for a transport that asks before it begins one. It counts the
            refused ones.
        expiry: watches the certificate in use. None for no watch.
    """

    listening: ListeningSettings
    limits: LimitSettings
    connection_turned_away: ConnectionTurnedAway
    admission: Admission
    expiry: CertificateExpiry | None = None


class TransportServer(Protocol):
    """Accepts calls at one address.

    Attributes:
        address: where, with the port chosen by the kernel in place of 0.
    """

    address: str

    async def start(self) -> None:
        """Begins to accept calls.

        Raises:
            BindError: the address is taken or not this machine's.
        """

    async def wait_until_quiet(self) -> None:
        """Waits until callers that have seen NOT_SERVING make no more calls, if needed."""

    async def stop(self, grace: float) -> None:
        """Accepts no more calls, and gives those in flight `grace` seconds to finish."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelOptions:
    """What a transport's channel is made from.

    Attributes:
        target: a gRPC target.
        tls: None for plaintext.
        service_config: JSON, https://github.com/grpc/grpc/blob/master/doc/service_config.md.
        check_health: call only servers that report SERVING for the config's service.
        max_message_bytes: size of a request or a response, before and after decompression.
        expiry: watches the certificate in use. None for no watch.
    """

    target: str
    tls: ChannelTls | None
    service_config: str
    max_message_bytes: int
    check_health: bool = True
    expiry: CertificateExpiry | None = None


class Transport(Protocol):
    """Makes servers and channels.

    Attributes:
        has_channelz: whether grpc.channelz can show its connections.
    """

    has_channelz: bool

    def server(self, methods: Methods, options: ServerOptions) -> TransportServer:
        """A server. It does not listen yet.

        Raises:
            TlsError: a certificate or key cannot be used.
        """

    def channel(self, options: ChannelOptions) -> grpc.aio.Channel:
        """A channel. It connects when its first call needs it.

        Raises:
            TlsError: a certificate or key cannot be used.
        """

    async def why_unusable(self, channel: grpc.aio.Channel) -> str:
        """Why one of its channels has no connection, in words that may name addresses."""

    def each_turn(self, action: Callable[[], None]) -> Callable[[], object] | None:
        """Runs an action before the responses of a turn of the event loop leave.

        Returns:
            What has the action run in this turn, responses or not. None if this transport has no
            turns: then nothing is run.
        """

    def status_of_request(self, error: Exception) -> RpcStatusError | None:
        """The status for unreadable requests, if an exception is about these."""

    def is_local(self, error: grpc.aio.AioRpcError) -> bool:
        """Whether this side of the wire made a call's status, as opposed to the server."""
