"""Files that are replaced while a server runs, such as certificates."""

from collections.abc import Iterable
from pathlib import Path


class ChangingFiles:
    """Notices when one of some files is replaced or rewritten."""

    def __init__(self, files: Iterable[Path | None]) -> None:
        """Takes a first look.

        Args:
            files: which; None stands for one that there is not.
        """
        self._files = [file for file in files if file is not None]
        self._seen = self._stamp()

    def changed(self) -> bool:
        """Whether one of the files is not what it was at the last look."""
        before, self._seen = self._seen, self._stamp()
        return self._seen != before

    def _stamp(self) -> list[tuple[int, ...] | None]:
        return [_modified(file) for file in self._files]


def _modified(file: Path) -> tuple[int, ...] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    # The inode too: a renamed-in replacement can bear an old time. And when its state changed:
    # that of a file that could not be read may be mended by chmod.
    return status.st_mtime_ns, status.st_ctime_ns, status.st_ino
