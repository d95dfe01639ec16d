"""Settings of the client's calls."""

from dataclasses import dataclass
from typing import Literal

from rpc.upstream.settings import PeerSettings

OutputFormat = Literal["text", "json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    """The settings of one run.

    Attributes:
        server: where the server is and how it is spoken to.
        insecure: plaintext is wanted even where the server is on another machine.
        timeout: seconds a call may take, the wait for the server included.
        output: form of what is printed.
        otlp_endpoint: OTLP/gRPC collector of traces, or None for nowhere.
    """

    server: PeerSettings
    insecure: bool = False
    timeout: float
    output: OutputFormat = "text"
    otlp_endpoint: str | None = None
