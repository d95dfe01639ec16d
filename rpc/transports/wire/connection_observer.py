"""The connections not accepted, or not kept, by a server of `wire`."""

from typing import TYPE_CHECKING

from rpc.transports.transport import ConnectionTurnedAway

from wire.http2.error_codes import NO_ERROR, name_of

if TYPE_CHECKING:
    from wire.http2.connection import ConnectionEnd
    from wire.server.observer import ConnectionRefusal


class WireConnectionObserver:
    """Reports connections refused, or ended for their peers' behaviour."""

    def __init__(self, report: ConnectionTurnedAway) -> None:
        self._report = report

    def connection_opened(self, peer: str) -> None:
        """All is well."""

    def connection_ended(self, peer: str, reason: "ConnectionEnd") -> None:
        """A connection is over, for a fault or in order."""
        if not reason.by_peer and reason.code != NO_ERROR:
            self._report(peer, name_of(reason.code).lower(), reason.text)

    def connection_refused(self, peer: str, refusal: "ConnectionRefusal", reason: str) -> None:
        """A caller was not let in."""
        self._report(peer, refusal.value, reason)
