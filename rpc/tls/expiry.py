"""How long the certificates in use are still valid, and who may read their keys."""

import asyncio
import logging
import stat
import time
from pathlib import Path

from rpc.tls.validity import Validity

LOOK_SECONDS = 60.0
"""How often the certificates are checked."""
WARNING_SECONDS = 24 * 3600.0
"""How long before a certificate's end the log warns of it."""

_logger = logging.getLogger(__name__)


class CertificateExpiry:
    """Knows when each certificate in use ends, and warns in the log before."""

    def __init__(self) -> None:
        self._validities: dict[Path, Validity] = {}
        self._said: dict[Path, tuple[Validity, str]] = {}

    def uses(self, file: Path, validity: Validity) -> None:
        """A file's certificate is used from now on, in the place of an earlier one."""
        self._validities[file] = validity

    def uses_key(self, file: Path) -> None:
        """A key is used from now on. Warns if everybody on the machine may read it."""
        if file.stat().st_mode & stat.S_IROTH:
            _logger.warning("%s can be read by everybody; take that away: chmod o-r %s", file, file)

    def seconds_left(self) -> dict[str, float]:
        """The seconds left of each file's certificate. Below 0 it has expired."""
        now = time.time()
        return {str(file): each.ends - now for file, each in list(self._validities.items())}

    async def watch(self) -> None:
        """Checks the certificates for as long as it runs."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Warns of each certificate once when it is about to end, and once when it is not valid."""
        for file, validity in list(self._validities.items()):
            left = validity.ends - time.time()
            flaw = validity.flaw
            said = (validity, flaw or "expires")
            if (flaw is None and left >= WARNING_SECONDS) or self._said.get(file) == said:
                continue
            self._said[file] = said
            if flaw is None:
                _logger.warning("%s expires in %.1f h; renew it", file, left / 3600)
            elif left > 0:
                _logger.warning("%s %s; is this machine's clock right?", file, flaw)
            else:
                _logger.warning("%s has expired; renew it", file)
