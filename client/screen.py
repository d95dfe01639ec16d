"""Where answers and progress appear: stdout, stderr, and what to do when these give up."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rpc.core.errors import StartupError

from tqdm import tqdm

from client.answer import Answer, Failure
from client.json_output import answer_json, failure_json
from client.settings import OutputFormat
from client.text_output import answer_text, failure_text


class OutputError(StartupError):
    """What is printed cannot be written, say to a full disk; the message says why."""


class Screen:
    """Prints answers as they come, above a progress bar if there is one."""

    def __init__(self, output: OutputFormat, bar: tqdm, *, several: bool) -> None:
        self._output = output
        self._several = several
        self._bar = bar

    def show(self, answer: Answer) -> None:
        """Prints one answer: as text an error goes to stderr, as JSON every line to stdout."""
        with self._bar.external_write_mode(file=sys.stderr):
            if self._output == "json":
                write(sys.stdout, answer_json(answer))
            else:
                text = answer_text(answer, name_failed=self._several)
                write(sys.stderr if answer.failed else sys.stdout, text)
        self._bar.update()


@contextmanager
def screen(output: OutputFormat, *, total: int | None, progress: bool) -> Iterator[Screen]:
    """Sets the screen up.

    Args:
        output: form of the answers.
        total: how many there will be; None if that is not known.
        progress: show a progress bar on stderr.
    """
    # tqdm would watch for bars that stall on a thread of its own.
    tqdm.monitor_interval = 0
    bar = tqdm(total=total, unit=" names", file=sys.stderr, leave=False, disable=not progress)
    with bar:
        yield Screen(output, bar, several=total != 1)


def show_failure(failure: Failure, request_id: str, output: OutputFormat) -> None:
    """Prints a failure that is not the answer for a name."""
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
