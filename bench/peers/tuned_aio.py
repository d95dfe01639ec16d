"""`bare_aio` on the services' event loop and poller: it leaves out only their features."""

from rpc.cli import grpc_environment  # noqa: F401  # before gRPC is loaded

import uvloop

from bench.peers.bare_aio import serve

if __name__ == "__main__":
    uvloop.run(serve())
