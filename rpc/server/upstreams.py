"""The upstreams of a server: their channels, their stubs, and the observers of their state."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from rpc.server.application import Application
from rpc.server.health import HealthServicer
from rpc.server.health_follows import HealthFollows
from rpc.server.settings import ServerSettings
from rpc.telemetry.setup import Telemetry
from rpc.tls.expiry import CertificateExpiry
from rpc.transports.transport import Transport
from rpc.upstream.channel import UpstreamChannel
from rpc.upstream.interceptor import UpstreamInterceptor
from rpc.upstream.opening import open_channel
from rpc.upstream.order import upstream_interceptors
from rpc.upstream.settings import UpstreamSettings
from rpc.upstream.stubs import service_of
from rpc.upstream.watch import UpstreamWatch

if TYPE_CHECKING:
    import grpc


@dataclass(frozen=True, slots=True)
class Upstreams:
    """What a server calls.

    Attributes:
        stubs: by the upstream's name.
        watches: follow the connections.
    """

    stubs: dict[str, Any]
    watches: list[UpstreamWatch]

    def in_words(self) -> str:
        """How the connections are. It names addresses."""
        return "; ".join(watch.words for watch in self.watches)


@asynccontextmanager
async def open_upstreams(  # noqa: PLR0913, PLR0917  # the parts of a server
    application: Application,
    settings: ServerSettings,
    observed: Telemetry,
    health: HealthServicer,
    transport: Transport,
    expiry: CertificateExpiry,
    own: Sequence[UpstreamInterceptor],
) -> AsyncIterator[Upstreams]:
    """Opens a channel to each upstream, and closes it when the context is left.

    Raises:
        AddressError: an upstream would be spoken to in plaintext across a network.
        TlsError: a certificate or key cannot be used.
    """
    interceptors = upstream_interceptors(telemetry=observed.of_upstream_calls, own=own)
    opened = Upstreams({}, [])
    async with AsyncExitStack() as stack:
        for upstream in application.upstreams:
            its = settings.upstreams[upstream.name]
            insecure = settings.listening.insecure
            service = service_of(upstream.stub)
            channel = open_channel(
                transport,
                its,
                service,
                insecure=insecure,
                expiry=expiry,
                max_message_bytes=settings.limits.max_message_bytes,
            )
            watch = UpstreamWatch(
                upstream.name,
                its.target,
                channel,
                partial(transport.why_unusable, channel),
                [*observed.of_upstreams, *_followers(its, health)],
                # Without calls there would be nothing to follow.
                keeps_connected=its.health_follows is not None,
            )
            wrapped = UpstreamChannel(channel, its.default_timeout, interceptors, watch, its.target)
            stack.push_async_callback(wrapped.close)
            opened.watches.append(watch)
            # A stub uses nothing of a channel but its methods.
            opened.stubs[upstream.name] = upstream.stub(cast("grpc.aio.Channel", wrapped))
        yield opened


def _followers(settings: UpstreamSettings, health: HealthServicer) -> list[HealthFollows]:
    seconds = settings.health_follows
    return [] if seconds is None else [HealthFollows(health, seconds)]
