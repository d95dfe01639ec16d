"""Answers as they come, above a progress bar."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from client.json_output import answer_json
from client.output import write
from client.result import Answer
from client.settings import OutputFormat
from client.text_output import answer_text


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
        total: how many there will be, or None if unknown.
        progress: show a progress bar on stderr.
    """
    # tqdm would watch for bars that stall on a thread of its own.
    tqdm.monitor_interval = 0
    bar = tqdm(total=total, unit=" names", file=sys.stderr, leave=False, disable=not progress)
    with bar:
        yield Screen(output, bar, several=total != 1)
