"""The calling side: a target's addresses, connections to them, and calls with retries."""

from wire.channel.channel import Channel, channel
from wire.channel.options import ChannelOptions

__all__ = ["Channel", "ChannelOptions", "channel"]
