"""Reads Bazel's execution log, as `--execution_log_json_file` writes it."""

import json
from collections.abc import Iterator
from typing import Any


def entries(text: str) -> Iterator[dict[str, Any]]:
    """What a log says of each process: one JSON object after the other.

    Raises:
        ValueError: it is no such log.
    """
    decoder = json.JSONDecoder()
    end = 0
    while (start := _next(text, end)) < len(text):
        entry, end = decoder.raw_decode(text, start)
        yield entry


def _next(text: str, end: int) -> int:
    """Where the next entry begins."""
    while text[end : end + 1].isspace():
        end += 1
    return end
