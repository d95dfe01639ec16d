# What a type checker sees of the names that `__init__.py` loads when they are first used. Without
# this file `wire.server` and `wire.channel` would be packages to it.

from wire.channel import Channel as Channel
from wire.channel import ChannelOptions as ChannelOptions
from wire.channel import channel as channel
from wire.errors import TransportError as TransportError
from wire.http2.limits import Limits as Limits
from wire.http2.limits import Rate as Rate
from wire.server import Server as Server
from wire.server import server as server
from wire.server.observer import CallObserver as CallObserver
from wire.server.observer import ConnectionObserver as ConnectionObserver
from wire.tls import ChannelCredentials as ChannelCredentials
from wire.tls import ServerCredentials as ServerCredentials
