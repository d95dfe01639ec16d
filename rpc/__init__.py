"""A runtime for gRPC services. `rpc.service` is where a service file begins.

The packages are layers. An import goes only downwards in this list (`LAYERS`), or stays inside.
"""

LAYERS = (
    "service",
    "cli",
    "server",
    "telemetry",
    "upstream",
    "interceptors",
    "transports",
    "tls",
    "core",
)
"""The parts of this package, the uppermost first."""
