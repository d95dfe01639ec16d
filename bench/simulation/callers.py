"""Callers in simulated time: they choose a server, wait for it, and may try again."""

from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from random import Random

import simpy

from bench.simulation.choice import RoundRobin
from bench.simulation.server import Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What callers do about failures.

    Attributes:
        timeout: seconds for a call, or for each attempt.
        attempts: at most, for one call.
        retried: the codes to try again after.
        tokens: of the throttle (gRFC A6). None for no throttle.
        each_attempt: whether each attempt has the whole timeout. Else all have it together.
    """

    timeout: float
    attempts: int = 1
    retried: frozenset[Code] = frozenset()
    tokens: float | None = None
    each_attempt: bool = False


_TOKEN_RATIO = 0.1
_BACKOFF = (0.05, 0.5)


class _Throttle:
    """Stops retries at half of the tokens. One is lost by a failure, a tenth won by a success."""

    def __init__(self, tokens: float | None) -> None:
        self._most = tokens
        self._left = tokens or 0.0

    def succeeded(self) -> None:
        if self._most is not None:
            self._left = min(self._left + _TOKEN_RATIO, self._most)

    def failed(self) -> bool:
        """Whether another attempt is allowed."""
        if self._most is None:
            return True
        self._left = max(self._left - 1, 0.0)
        return self._left > self._most / 2


@dataclass(slots=True)
class Record:
    """What became of the calls.

    Attributes:
        begun: number of calls by the second of their start.
        ends: number of calls by the second of their end and their code.
        seconds: duration of each call with OK.
        attempts: number begun in each second.
    """

    begun: Counter[int] = field(default_factory=Counter)
    ends: Counter[tuple[int, Code]] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    attempts: Counter[int] = field(default_factory=Counter)

    def good(self, second: int) -> int:
        """Calls ended with OK in a second."""
        return self.ends[second, Code.OK]

    def share_good(self, seconds: Sequence[int]) -> float:
        """Calls ended with OK in these seconds, for each call begun in them."""
        return sum(map(self.good, seconds)) / self._begun(seconds)

    def attempts_a_call(self, seconds: Sequence[int]) -> float:
        """Attempts begun in these seconds, for each call begun in them."""
        return sum(self.attempts[second] for second in seconds) / self._begun(seconds)

    def _begun(self, seconds: Sequence[int]) -> int:
        return sum(self.begun[second] for second in seconds) or 1


class Callers:
    """Make calls, whether or not the earlier ones have completed."""

    def __init__(
        self, environment: simpy.Environment, choice: RoundRobin, policy: Policy, random: Random
    ) -> None:
        self.record = Record()
        self._environment = environment
        self._choice = choice
        self._policy = policy
        self._random = random
        self._throttle = _Throttle(policy.tokens)

    def run(self, rate: float, *, evenly: bool = False) -> Generator[simpy.Event, None, None]:
        """Makes calls for ever.

        Args:
            rate: calls a second.
            evenly: one after another, as a test does. Else at random moments, as many callers do.
        """
        while True:
            gap = 1 / rate if evenly else self._random.expovariate(rate)
            yield self._environment.timeout(gap)
            self._environment.process(self._call())

    def _call(self) -> Generator[simpy.Event, None, None]:
        began = self._environment.now
        self.record.begun[int(began)] += 1
        code = yield from self._attempts(began + self._policy.timeout)
        now = self._environment.now
        self.record.ends[int(now), code] += 1
        if code is Code.OK:
            self.record.seconds.append(now - began)

    def _attempts(self, deadline: float) -> Generator[simpy.Event, None, Code]:
        policy, environment = self._policy, self._environment
        code = Code.UNAVAILABLE
        for attempt in range(policy.attempts):
            if attempt:
                yield environment.timeout(self._pause(attempt))
            if policy.each_attempt:
                deadline = environment.now + policy.timeout
            if environment.now >= deadline:
                return Code.DEADLINE_EXCEEDED
            self.record.attempts[int(environment.now)] += 1
            server = self._choice.pick()
            code = yield from server.handle(deadline)
            self._choice.ended(server, code)
            if code is Code.OK:
                self._throttle.succeeded()
                return code
            if code not in policy.retried or not self._throttle.failed():
                return code
        return code

    def _pause(self, attempt: int) -> float:
        least, most = _BACKOFF
        return float(min(least * 2 ** (attempt - 1), most) * self._random.uniform(0.8, 1.2))
