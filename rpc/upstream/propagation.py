"""What a call to an upstream takes over from the call that it serves."""

import time
from collections.abc import Iterable

from rpc.core.call import Call, UpstreamCall, new_request_id
from rpc.core.deadline import upstream_timeout

Metadata = Iterable[tuple[str, str | bytes]] | None


def begin(
    serving: Call | None,
    method: str,
    timeout: float | None,
    default_timeout: float,
    metadata: Metadata,
) -> UpstreamCall:
    """Begins a call with the deadline, request id and trace of the call that is being answered.

    Args:
        serving: the call that is being answered. None for none.
        method: full name, as in `/user.Orchestrator2Service/GetUser`.
        timeout: seconds that the servicer gives it, if the caller's deadline leaves as much.
        default_timeout: seconds for a call that has neither that nor a caller's deadline.
        metadata: what the servicer sends along.
    """
    started = time.perf_counter()
    sent = tuple(metadata) if metadata else ()
    if timeout is not None:
        default_timeout = timeout
    if serving is None:
        return UpstreamCall(method, started, default_timeout, new_request_id(), (), sent)
    left = upstream_timeout(serving.expires, default_timeout)
    if timeout is not None and timeout < left:
        left = timeout
    return UpstreamCall(method, started, left, serving.request_id, serving.trace_context, sent)
