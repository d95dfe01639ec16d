"""stdout and stderr, and what to do when these give up."""

import errno
import os
import sys
from typing import TextIO

from rpc.core.errors import StartupError

from client.json_output import failure_json
from client.result import Failure
from client.settings import OutputFormat
from client.text_output import failure_text


class OutputError(StartupError):
    """What is printed cannot be written, say to a full disk. The message says why."""


def show_failure(failure: Failure, request_id: str, output: OutputFormat) -> None:
    """Prints a failure that belongs to no name."""
    if output == "json":
        write(sys.stdout, failure_json(failure, request_id))
    else:
        write(sys.stderr, failure_text(failure, request_id))


def write(stream: TextIO | None, text: str) -> None:
    """Writes at once, in UTF-8 whatever the locale.

    Raises:
        BrokenPipeError: the reader has gone.
        OutputError: the text cannot be written.
    """
    if stream is None:
        raise OutputError("cannot write: stdout or stderr is closed")
    try:
        stream.buffer.write(text.encode())
        stream.buffer.flush()
    except OSError as error:
        # What is still in the buffer would fail once more at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if error.errno == errno.EPIPE:
            raise
        raise OutputError(f"cannot write to {stream.name.strip('<>')}: {error.strerror}") from error
