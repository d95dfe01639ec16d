"""What came of many names, in a line."""

import time
from collections import Counter

from client.result import Failure, Result

MANY = 100
"""So many names have a summary. Fewer are seen at a glance."""


class Tally:
    """Counts results from now on."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._succeeded = 0
        self._failed: Counter[str] = Counter()

    def count(self, result: Result) -> None:
        """Counts one result."""
        if isinstance(result.outcome, Failure):
            self._failed[result.outcome.code.name] += 1
        else:
            self._succeeded += 1

    @property
    def all_succeeded(self) -> bool:
        """Whether no call has failed."""
        return not self._failed

    def summary(self) -> str:
        """The line, as in `120 names in 1.5 s (80/s): 118 succeeded, 2 failed (2 UNAVAILABLE)`.

        Empty where there are not `MANY` names.
        """
        failed = self._failed.total()
        names = self._succeeded + failed
        if names < MANY:
            return ""
        seconds = time.monotonic() - self._began
        codes = ", ".join(f"{count} {code}" for code, count in self._failed.most_common())
        of_codes = f" ({codes})" if codes else ""
        rate = f"{names / max(seconds, 0.001):.0f}/s"
        done = f"{names} names in {seconds:.1f} s ({rate})"
        return f"{done}: {self._succeeded} succeeded, {failed} failed{of_codes}\n"
