"""A server in simulated time: one core, slots for calls, and what can go wrong with it."""

import math
from collections.abc import Generator
from dataclasses import dataclass
from enum import Enum
from random import Random

import simpy

Steps = Generator[simpy.Event, None, "Code"]
"""What simpy runs. It ends with the status of a call."""


class Code(Enum):
    """The status of a simulated call, by its name in gRPC."""

    OK = "OK"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    UNAVAILABLE = "UNAVAILABLE"


class Condition(Enum):
    """How a server is.

    A dead one refuses at once. A silent one is behind a network with total loss, and says nothing.
    """

    SOUND = "sound"
    DEAD = "dead"
    SILENT = "silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a server is like.

    Attributes:
        processor: seconds of its core for a call, on average. They are distributed exponentially:
            this is harder than what servers measure.
        delay: seconds of further waiting in a call, as for an upstream.
        slots: calls handled at once. None for any number.
        gives_up: whether a call is dropped before it takes the core if its caller has left.
    """

    processor: float
    delay: float = 0.0
    slots: int | None = None
    gives_up: bool = True


class Server:
    """Handles calls in the order of their arrival.

    Attributes:
        condition: how it is.
        slowness: factor of its processor time.
        taken: slots held by calls.
    """

    def __init__(self, environment: simpy.Environment, profile: Profile, random: Random) -> None:
        self.condition = Condition.SOUND
        self.slowness = 1.0
        self.taken = 0
        self._environment = environment
        self._profile = profile
        self._random = random
        self._idle_from = 0.0

    def handle(self, deadline: float) -> Steps:
        """Handles a call.

        Args:
            deadline: time its caller leaves.
        """
        if self.condition is Condition.DEAD:
            return Code.UNAVAILABLE
        slots = self._profile.slots
        if slots is not None and self.taken >= slots:
            return Code.RESOURCE_EXHAUSTED
        self.taken += 1
        end = self._end(deadline)
        yield self._environment.timeout(min(end, deadline) - self._environment.now)
        self.taken -= 1
        if end > deadline:
            return Code.DEADLINE_EXCEEDED
        return Code.OK if self.condition is Condition.SOUND else Code.UNAVAILABLE

    def _end(self, deadline: float) -> float:
        """When the call completes. It takes the core as soon as that is free."""
        if self.condition is Condition.SILENT:
            return math.inf
        start = max(self._environment.now, self._idle_from)
        if start >= deadline and self._profile.gives_up:
            return math.inf
        seconds = self._random.expovariate(1 / (self._profile.processor * self.slowness))
        self._idle_from = start + seconds
        return self._idle_from + self._profile.delay
