"""The load balancing policies by their names in a service config."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wire.channel.pick_first import PickFirst
from wire.channel.round_robin import RoundRobin

if TYPE_CHECKING:
    from collections.abc import Callable

    from wire.channel.policy import Dispatching, Policy
    from wire.channel.settings import Settings

POLICIES: dict[str, Callable[[Settings, Dispatching], Policy]] = {
    "round_robin": RoundRobin,
    "pick_first": PickFirst,
}
