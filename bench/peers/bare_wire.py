"""`bare_aio` on wire and uvloop, with none of `rpc`'s features."""

import uvloop

from bench.peers.bare_aio import serve
from wire.channel import channel
from wire.server import server

if __name__ == "__main__":
    uvloop.run(serve(server, channel))
