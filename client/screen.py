"""Results as they come, above a progress bar."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from client.json_output import result_json
from client.output import write
from client.result import Result
from client.settings import OutputFormat
from client.text_output import result_text


class Screen:
    """Prints results as they come, above a progress bar if there is one."""

    def __init__(self, output: OutputFormat, bar: tqdm, *, several: bool) -> None:
        self._output = output
        self._several = several
        self._bar = bar

    def show(self, result: Result) -> None:
        """Prints one result: as text an error goes to stderr, as JSON every line to stdout."""
        with self._bar.external_write_mode(file=sys.stderr):
            if self._output == "json":
                write(sys.stdout, result_json(result))
            else:
                text = result_text(result, name_failed=self._several)
                write(sys.stderr if result.failed else sys.stdout, text)
        self._bar.update()


@contextmanager
def screen(output: OutputFormat, *, total: int | None, progress: bool) -> Iterator[Screen]:
    """Sets the screen up.

    Args:
        output: form of the results.
        total: how many there will be, or None if unknown.
        progress: show a progress bar on stderr.
    """
    # tqdm would watch for bars that stall on a thread of its own.
    tqdm.monitor_interval = 0
    bar = tqdm(total=total, unit=" names", file=sys.stderr, leave=False, disable=not progress)
    with bar:
        yield Screen(output, bar, several=total != 1)
