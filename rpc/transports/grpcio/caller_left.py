"""What grpc.aio logs of an answer whose caller has gone is no error."""

import logging

from rpc.transports.grpcio.texts import CALLER_LEFT

_GRPC_LOGGER = "grpc._cython.cygrpc"


def quieten_caller_left() -> None:
    """Has these lines logged as information, without their traceback."""
    # A filter is added once, however often this is called.
    logging.getLogger(_GRPC_LOGGER).addFilter(_as_information)


def _as_information(record: logging.LogRecord) -> bool:
    if str(record.msg).startswith(CALLER_LEFT):
        record.levelno, record.levelname = logging.INFO, "INFO"
        record.exc_info = None
    return True
