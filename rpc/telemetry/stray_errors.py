"""Unhandled errors go to the log, each as a line. Python writes several to stderr."""

import logging
import sys
import threading
from types import TracebackType

_logger = logging.getLogger(__name__)


def log_stray_errors() -> None:
    """From now on logs this process's warnings and errors otherwise bound for stderr."""
    logging.captureWarnings(True)  # noqa: FBT003  # its only parameter
    sys.unraisablehook = _unraisable
    threading.excepthook = _in_thread
    sys.excepthook = _last


def _unraisable(error: "sys.UnraisableHookArgs") -> None:
    _log(logging.ERROR, error.err_msg or "an error that cannot be raised", error.exc_value)


def _in_thread(error: threading.ExceptHookArgs) -> None:
    name = "?" if error.thread is None else error.thread.name
    _log(logging.ERROR, f"the thread {name} has ended by an error", error.exc_value)


def _last(_: type[BaseException], error: BaseException, __: TracebackType | None) -> None:
    _log(logging.CRITICAL, "the process ends by an error", error)


def _log(level: int, text: str, error: BaseException | None) -> None:
    _logger.log(level, text, exc_info=error)
