"""The transports, by name."""

from rpc.transports.transport import Transport


def transport_named(name: str) -> Transport:
    """The transport of a name. The others are not imported.

    Raises:
        ValueError: there is none of the name.
    """
    if name == "grpcio":
        from rpc.transports.grpcio.transport import GrpcioTransport

        return GrpcioTransport()
    if name == "wire":
        from rpc.transports.wire.transport import WireTransport

        return WireTransport()
    raise ValueError(f"there is no transport {name!r}")
