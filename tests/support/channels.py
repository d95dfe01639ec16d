"""How a test's channels connect."""

OWN_CONNECTION = [("grpc.use_local_subchannel_pool", 1)]
"""Channel options for a connection of the channel's own.

Else all channels of a process to one address share one: what begins on it has shaken hands already,
and is cancelled by gRPC where the server stops and its caller has not heard so yet.
"""
