"""The names of the requests: those of the command line, and those of stdin in place of `-`."""

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from typing import BinaryIO

STDIN = "-"
"""Stands on the command line for the names on stdin."""

MAX_NAME_BYTES = 4 * 1024 * 1024
"""The longest message gRPC servers take by default. No longer name can be sent."""


_BYTE_ORDER_MARK = "\ufeff"


class NamesError(ValueError):
    """What is on stdin is not a list of names. The message says where and why."""


async def names(given: Sequence[str]) -> AsyncIterator[str]:
    """Yields the names, each as soon as it is known.

    Args:
        given: from the command line. `-` stands for the lines of stdin, an empty one included.

    Raises:
        NamesError: stdin is closed, or a line of it is not UTF-8 or longer than any name can be.
    """
    for name in given:
        if name != STDIN:
            yield name
            continue
        number = 0
        async for line in _lines(_stdin()):
            number += 1
            yield _name(line, number)


def _stdin() -> BinaryIO:
    if sys.stdin is None:
        raise NamesError("stdin is no file, pipe or terminal: connect one with names")
    # Not sys.stdin.buffer: Python waits for its lock at the exit, and the reading thread holds it.
    return open(sys.stdin.fileno(), "rb", closefd=False)


def _name(line: bytes, number: int) -> str:
    if len(line) > MAX_NAME_BYTES:
        raise NamesError(f"line {number} of stdin is longer than {MAX_NAME_BYTES} bytes")
    try:
        text = line.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        place = f"line {number} of stdin, byte {error.start + 1}"
        raise NamesError(f"{place}: not UTF-8: write one name per line") from None
    # Editors of some systems begin a file with it.
    return text.removeprefix(_BYTE_ORDER_MARK) if number == 1 else text


async def _lines(stdin: BinaryIO) -> AsyncIterator[bytes]:
    lines: asyncio.Queue[bytes | OSError] = asyncio.Queue()
    wanted = threading.Semaphore(0)
    loop = asyncio.get_running_loop()

    def read() -> None:
        line: bytes | OSError = b"-"
        while line and not isinstance(line, OSError):
            wanted.acquire()
            try:
                line = stdin.readline(MAX_NAME_BYTES + 1)
            except OSError as error:
                line = error
            loop.call_soon_threadsafe(lines.put_nowait, line)

    # A daemon, unlike the threads of asyncio.to_thread: a terminal on which nobody types must
    # not hold up the exit after Ctrl-C.
    threading.Thread(target=read, name="stdin", daemon=True).start()
    while True:
        wanted.release()
        line = await lines.get()
        if isinstance(line, OSError):
            raise NamesError(f"cannot read stdin: {line.strerror}")
        if not line:
            return
        yield line
