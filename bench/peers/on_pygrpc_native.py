"""`bare_aio` on pygrpc-native: its server is Rust, and calls to the next hop are grpc.aio's."""

import asyncio

# Not `from pygrpc_native import aio`: in 0.5.0 the package asks itself for that without end.
import pygrpc_native.aio

from bench.peers.bare_aio import serve

if __name__ == "__main__":
    asyncio.run(serve(pygrpc_native.aio.server))
