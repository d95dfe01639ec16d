"""What all calls of one method of one channel share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from wire.channel.dispatcher import Dispatcher
    from wire.channel.service_config import MethodConfig


class Method:
    """A method as a stub names it."""

    __slots__ = ("config", "deserialize", "dispatcher", "path", "serialize")

    def __init__(
        self,
        path: str,
        serialize: Callable[[Any], bytes] | None,
        deserialize: Callable[[bytes], Any] | None,
        config: MethodConfig,
        dispatcher: Dispatcher,
    ) -> None:
        """Names a method.

        Args:
            path: as in `/user.Orchestrator2Service/GetUser`.
            serialize: from a request to bytes, or None where requests are bytes.
            deserialize: from bytes to a response, or None where responses are bytes.
            config: of the channel's service config.
            dispatcher: of the channel.
        """
        self.path = path.encode()
        self.serialize = serialize or bytes
        self.deserialize = deserialize or bytes
        self.config = config
        self.dispatcher = dispatcher
