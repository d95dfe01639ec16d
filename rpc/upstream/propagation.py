"""What a call to an upstream takes over from the call that it serves."""

import time
from collections.abc import Iterable

from rpc.core.call import Call, UpstreamCall, new_request_id
from rpc.core.deadline import upstream_timeout
from rpc.core.metadata_keys import REQUEST_ID

Metadata = Iterable[tuple[str, str | bytes]] | None


def effective_timeout(serving: Call | None, given: float | None, default: float) -> float:
    """Seconds that a call to an upstream may take.

    Args:
        serving: the call in hand. None for none.
        given: by the servicer. It counts if the caller's deadline leaves as much.
        default: for a call that has neither that nor a caller's deadline.
    """
    if serving is None or serving.expires is None:
        return default if given is None else given
    left = upstream_timeout(serving.expires, default)
    return left if given is None or left < given else given


def outgoing_metadata(serving: Call | None, given: Metadata) -> tuple[tuple[str, str | bytes], ...]:
    """What travels with a call to an upstream: ids and trace of the call in hand.

    `UpstreamCall.outgoing_metadata` is the same where there are interceptors. Without them no such
    object is made.

    Args:
        serving: the call in hand. None for none.
        given: what the servicer sends along.
    """
    sent = tuple(given) if given else ()
    if serving is None:
        return ((REQUEST_ID, new_request_id()), *sent)
    return ((REQUEST_ID, serving.request_id), *serving.trace_context, *sent)


def new_upstream_call(
    serving: Call | None, method: str, seconds: float, given: Metadata, target: str = ""
) -> UpstreamCall:
    """A call to an upstream as interceptors see it, before it is sent.

    Args:
        serving: the call in hand. None for none.
        method: full name, as in `/user.Orchestrator2Service/GetUser`.
        seconds: that it may take.
        given: what the servicer sends along.
        target: where the upstream is.
    """
    ids = (new_request_id(), ()) if serving is None else (serving.request_id, serving.trace_context)
    sent = tuple(given) if given else ()
    return UpstreamCall(method, time.perf_counter(), seconds, *ids, sent, target=target)
