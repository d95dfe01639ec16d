"""`bare_aio` on the services' event loop and poller, which leaves out only their features."""

import rpc  # noqa: F401  # sets gRPC's environment before gRPC is loaded

import uvloop

from bench.peers.bare_aio import serve

if __name__ == "__main__":
    uvloop.run(serve())
