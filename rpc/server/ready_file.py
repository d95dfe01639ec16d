"""The ready file: it exists for as long as a server serves."""

import os
from pathlib import Path

from rpc.core.errors import StartupError


class ReadyFileError(StartupError):
    """The ready file cannot be written. The message names it and says why."""


def write_ready_file(path: Path, address: str, metrics_address: str | None) -> None:
    """Writes the file whole or not at all: who sees it can read it.

    Its first line is the server's address. A second line has the address of the metrics, if they
    are served.

    Raises:
        ReadyFileError: the folder is missing, not writable or full.
    """
    lines = [address] if metrics_address is None else [address, metrics_address]
    try:
        _write_atomically(path, "".join(f"{line}\n" for line in lines))
    except OSError as error:
        raise ReadyFileError(f"cannot write --ready-file {path}: {error.strerror}") from error


def remove_ready_file(path: Path) -> None:
    """Removes the file where there is one, such as a killed server's.

    Raises:
        ReadyFileError: it cannot be removed.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise ReadyFileError(f"cannot remove --ready-file {path}: {error.strerror}") from error


def _write_atomically(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
