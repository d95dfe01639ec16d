"""`bare_aio` on wire and uvloop, with none of `rpc`'s features."""

import asyncio

import uvloop

from bench.peers.bare_aio import add_servicer
from bench.peers.listening import announce, parse_arguments
from wire.channel import channel
from wire.server import server


async def serve() -> None:
    """Serves until it is killed."""
    arguments = parse_arguments()
    serving = server()
    add_servicer(arguments.role, serving, arguments.upstream, channel)
    port = serving.add_insecure_port(arguments.listen)
    await serving.start()
    announce(arguments.ready_file, arguments.listen, port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve())
