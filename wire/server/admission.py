"""Room for calls: a server asks a runtime that counts them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wire.server.refusal import Refusal

if TYPE_CHECKING:
    from wire.server.identity import Caller

_NO_BOUND = 1 << 30


class Admission:
    """Decides which calls begin. By default all timely ones do."""

    late = Refusal(details="the call has waited too long to be begun; try again later")
    """The refusal of a call that has waited too long."""
    full = Refusal(details="the server has no room for the call; try again later")
    """The refusal of a call without room."""

    def room(self) -> int:
        """How many calls may begin, whoever makes them. 0 or less leaves it to `room_for`."""
        return _NO_BOUND

    def room_for(self, caller: Caller) -> int:  # noqa: ARG002
        """How many calls of one caller may begin."""
        return _NO_BOUND

    def refused_as_late(self, caller: Caller, calls: int) -> None:
        """So many calls of a caller were refused as late."""

    def refused_without_room(self, caller: Caller, calls: int) -> None:
        """So many calls of a caller were refused for want of room."""
