"""Decides which calls `wire` begins, and the status of refused ones."""

from rpc.core.errors import RpcStatusError, overloaded
from rpc.transports.transport import Admission

from wire.server import Admission as WireAdmissionBase
from wire.server import Refusal

_LATE = (
    "the server has more calls than it can handle, and this one waited too long; try again later"
)


class WireAdmission(WireAdmissionBase):
    """Passes the questions on."""

    def __init__(self, admission: Admission) -> None:
        self.late = _refusal(overloaded(_LATE))
        self.full = _refusal(admission.refusal)
        self.room = admission.room  # type: ignore[method-assign]
        self.room_for = admission.room_for  # type: ignore[method-assign]
        self.refused_without_room = admission.refused_without_room  # type: ignore[method-assign]
        self.refused_as_late = admission.refused_as_late  # type: ignore[method-assign]


def _refusal(status: RpcStatusError) -> Refusal:
    return Refusal(status.message, status.code, status.trailers)
