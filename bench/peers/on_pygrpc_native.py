"""`bare_aio` on pygrpc-native: its server is Rust, and calls to the next hop are grpc.aio's."""

import asyncio

# Not `from pygrpc_native import aio`: in 0.5.0 the package asks itself for that without end.
import pygrpc_native.aio

from bench.peers.bare_aio import add_servicer
from bench.peers.listening import announce, parse_arguments


async def serve() -> None:
    """Serves until it is killed."""
    arguments = parse_arguments()
    server = pygrpc_native.aio.server()
    add_servicer(arguments.role, server, arguments.upstream)
    port = server.add_insecure_port(arguments.listen)
    await server.start()
    announce(arguments.ready_file, arguments.listen, port)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(serve())
