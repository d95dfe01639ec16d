"""THE ORDERED LIST of what a call passes through on this side, between transport and servicer."""

from collections.abc import Sequence

from rpc.interceptors.authorization import Authorization
from rpc.interceptors.expired_calls import ExpiredCalls
from rpc.interceptors.interceptor import ServerInterceptor
from rpc.interceptors.load_shedding import LoadShedding
from rpc.interceptors.open_streams import OpenStreams
from rpc.interceptors.status_mapping import IsLocal, StatusMapping, StatusOfRequest, Upstreams


def server_interceptors(  # noqa: PLR0913  # the parts of the list
    *,
    telemetry: Sequence[ServerInterceptor],
    is_local: IsLocal,
    status_of_request: StatusOfRequest,
    upstreams: Upstreams,
    allowed_callers: Sequence[str],
    shedding: LoadShedding,
    own: Sequence[ServerInterceptor],
) -> list[ServerInterceptor]:
    """The interceptors of the server's side, outermost first.

    Args:
        telemetry: traces, metrics and the access log.
        is_local: distinguishes this side's own status from an upstream's.
        status_of_request: the status of requests unreadable to the transport.
        upstreams: the state of the connections to upstreams.
        allowed_callers: names of admitted callers. Empty for everybody.
        shedding: refuses calls past a number of them at once.
        own: the program's.
    """
    return [
        *telemetry,
        StatusMapping(is_local, status_of_request, upstreams),
        *([Authorization(allowed_callers)] if allowed_callers else ()),
        ExpiredCalls(),
        shedding,
        *own,
    ]


MOST_ADMIN_STREAMS = 1000
"""Open streams of a method of health or reflection. An attacker would hold 20 kB with each."""


def admin_interceptors(
    *, is_local: IsLocal, status_of_request: StatusOfRequest
) -> list[ServerInterceptor]:
    """Those of health, reflection and channelz: they respond under any load and leave no line."""
    return [StatusMapping(is_local, status_of_request), OpenStreams(MOST_ADMIN_STREAMS)]
