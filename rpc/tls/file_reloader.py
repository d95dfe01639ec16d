"""What is made of files, such as certificates, and made again when these are replaced."""

import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Lock
from typing import Any, Generic, TypeVar
from weakref import WeakSet

RETRY_SECONDS = 1.0
"""How soon unusable files are tried again, though none of them has changed."""

_logger = logging.getLogger(__name__)

Made = TypeVar("Made")


class FileReloader(Generic[Made]):
    """Makes something of files, and makes it again when one of them is found changed.

    Unusable files leave the old one in place: they may be half written. They are tried again, as
    the obstacle may be over, such as a lack of descriptors.

    Attributes:
        current: made of the newest usable files.
    """

    def __init__(
        self,
        files: Iterable[Path | None],
        make: Callable[[], Made],
        what: str = "certificate",
        *,
        polled: bool = False,
    ) -> None:
        """Makes the first.

        Args:
            files: the files to read. None stands for a missing one.
            make: reads them. Raises an exception, such as `rpc.tls.files.TlsError`, if they are
                unusable.
            what: what the log calls it.
            polled: somebody looks all the time, and needs to be the one who finds a change.

        Raises:
            Exception: whatever `make` raises.
        """
        self._files = [file for file in files if file is not None]
        self._make = make
        self._what = what
        self._lock = Lock()
        self._complaint = ""
        self._failed_at: float | None = None
        self._seen = self._stamps()
        self.current = make()
        self._polled = polled
        _all.add(self)

    def reload_if_changed(self) -> bool:
        """Makes it anew if a file has changed, on any thread. Whether there is a newer one."""
        with self._lock:
            return self._is_due() and self._reload()

    def expire(self) -> None:
        """Has the files read anew though none of them has changed: by the next look, or now."""
        with self._lock:
            self._seen = []
        if not self._polled:
            self.reload_if_changed()

    def _is_due(self) -> bool:
        before, self._seen = self._seen, self._stamps()
        if self._seen != before:
            self._complaint = ""
            return True
        return self._failed_at is not None and time.monotonic() - self._failed_at >= RETRY_SECONDS

    def _reload(self) -> bool:
        try:
            self.current = self._make()
        except Exception as error:  # noqa: BLE001  # of whatever reads the files
            self._failed_at = time.monotonic()
            self._complain(str(error) or repr(error))
            return False
        self._failed_at = None
        _logger.info("%s reloaded", self._what)
        return True

    def _complain(self, complaint: str) -> None:
        if complaint != self._complaint:
            _logger.warning("keeping the old %s: %s", self._what, complaint)
        self._complaint = complaint

    def _stamps(self) -> list[tuple[int, ...] | None]:
        return [_stamp(file) for file in self._files]


_all: "WeakSet[FileReloader[Any]]" = WeakSet()


def expire_all() -> None:
    """Has all files of this process read anew."""
    for reloader in list(_all):
        reloader.expire()


def _stamp(file: Path) -> tuple[int, ...] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    # The inode too: a renamed-in replacement can bear an old time. And when its state changed:
    # that of a file that could not be read may be fixed by chmod.
    return status.st_mtime_ns, status.st_ctime_ns, status.st_ino
