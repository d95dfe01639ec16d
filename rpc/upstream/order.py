"""THE ORDERED LIST of what a call to an upstream passes through, between stub and transport.

Before it stands `propagation`: deadline, request id and trace. Behind it, in the transport, stand
retries and balancing, as `service_config` sets them.
"""

from collections.abc import Sequence

from rpc.upstream.interceptor import UpstreamInterceptor


def upstream_interceptors(
    *, telemetry: Sequence[UpstreamInterceptor], own: Sequence[UpstreamInterceptor]
) -> list[UpstreamInterceptor]:
    """The interceptors of the upstream side, outermost first.

    Args:
        telemetry: traces and metrics.
        own: the program's.
    """
    return [*telemetry, *own]
