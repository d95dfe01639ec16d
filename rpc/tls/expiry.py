"""How long the certificates in use are still valid, and who may read their keys."""

import asyncio
import logging
import stat
import time
from pathlib import Path

LOOK_SECONDS = 60.0
"""How often the certificates are checked."""
WARNING_SECONDS = 24 * 3600.0
"""How long before a certificate's end the log warns of it."""

_logger = logging.getLogger(__name__)


class Expiry:
    """Knows when each certificate in use ends, and warns in the log before."""

    def __init__(self) -> None:
        self._ends: dict[Path, float] = {}
        self._said: dict[Path, tuple[float, bool]] = {}

    def uses(self, file: Path, ends: float) -> None:
        """A file's certificate is used from now on, in the place of an earlier one.

        Args:
            file: the certificate's.
            ends: its last moment, in seconds of the epoch.
        """
        self._ends[file] = ends

    def uses_key(self, file: Path) -> None:
        """A key is used from now on. Warns if everybody on the machine may read it."""
        if file.stat().st_mode & stat.S_IROTH:
            _logger.warning("%s can be read by everybody; take that away: chmod o-r %s", file, file)

    def seconds_left(self) -> dict[str, float]:
        """The seconds left of each file's certificate. Below 0 it has expired."""
        now = time.time()
        return {str(file): ends - now for file, ends in list(self._ends.items())}

    async def watch(self) -> None:
        """Checks the certificates for as long as it runs."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Warns of each certificate once when it is about to end and once when it has."""
        now = time.time()
        for file, ends in list(self._ends.items()):
            left = ends - now
            said = (ends, left <= 0)
            if left >= WARNING_SECONDS or self._said.get(file) == said:
                continue
            self._said[file] = said
            if left > 0:
                _logger.warning("%s expires in %.1f h; renew it", file, left / 3600)
            else:
                _logger.warning("%s has expired; renew it", file)
