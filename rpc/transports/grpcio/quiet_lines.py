"""Lines that grpc.aio logs as errors, as often as other sides want, and that are none."""

import logging

from rpc.transports.grpcio.texts import BAD_ENCODING, CALLER_LEFT

_GRPC_LOGGER = logging.getLogger("grpc._cython.cygrpc")


def quieten() -> None:
    """Logs responses to departed callers as information, texts outside UTF-8 for debugging.

    Both have no traceback. What such a text says is in the line of its call.
    """
    # A filter is added once, however often this is called.
    _GRPC_LOGGER.addFilter(_quieter)


def _quieter(record: logging.LogRecord) -> bool:
    text = str(record.msg)
    if text.startswith(CALLER_LEFT):
        return _becomes(record, logging.INFO)
    if text.startswith(BAD_ENCODING):
        return _becomes(record, logging.DEBUG)
    return True


def _becomes(record: logging.LogRecord, level: int) -> bool:
    record.levelno, record.levelname = level, logging.getLevelName(level)
    record.exc_info = None
    return _GRPC_LOGGER.isEnabledFor(level)
