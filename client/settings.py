"""What the client can be told of the calls it makes."""

from dataclasses import dataclass
from typing import Literal

from rpc.upstream.channel import ChannelSettings

OutputFormat = Literal["text", "json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    """The settings of one run.

    Attributes:
        channel: where the server is and how it is spoken to.
        timeout: seconds that a call may take, the wait for the server included.
        output: form of what is printed.
        otlp_endpoint: OTLP/gRPC collector that traces go to; None for nowhere.
    """

    channel: ChannelSettings
    timeout: float
    output: OutputFormat = "text"
    otlp_endpoint: str | None = None
