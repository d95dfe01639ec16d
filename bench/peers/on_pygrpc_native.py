"""`bare_aio` on pygrpc-native: its server is Rust, and calls to the next hop are grpc.aio's."""

import asyncio

from pygrpc_native import aio

from bench.peers.bare_aio import add_servicer
from bench.peers.listening import announce, parse_arguments


async def serve() -> None:
    """Serves until it is killed."""
    arguments = parse_arguments()
    server = aio.server()
    add_servicer(arguments.role, server, arguments.upstream)
    port = server.add_insecure_port(arguments.listen)
    await server.start()
    announce(arguments.ready_file, arguments.listen, port)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(serve())
