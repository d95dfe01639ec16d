"""Compares the processes of two builds, by their execution logs."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# How long it took.
_NOT_COMPARED = "metrics"
_NEXT = re.compile(r"\S")

Spawns = dict[str, dict[str, Any]]
"""What a log says of each process, by a name: what it did, for which target, its first output."""


class CacheHitError(Exception):
    """A process was not run. The text names it and says what to do."""


def read_log(log: Path) -> Spawns:
    """The processes in a file of `--execution_log_json_file`.

    Raises:
        CacheHitError: what one of them would have written came out of a cache.
        ValueError: it is no such log.
    """
    spawns: Spawns = {}
    for spawn in _entries(log.read_text(encoding="utf-8")):
        name = f"{spawn['mnemonic']} of {spawn['targetLabel']} for {spawn['listedOutputs'][0]}"
        if spawn["cacheHit"]:
            raise CacheHitError(
                f"{name} was taken from a cache, which proves nothing: "
                "look for one in ~/.bazelrc and remove it"
            )
        spawns[name] = {key: value for key, value in spawn.items() if key != _NOT_COMPARED}
    return spawns


def _entries(text: str) -> Iterator[dict[str, Any]]:
    """One JSON object after the other."""
    decoder = json.JSONDecoder()
    start = _NEXT.search(text)
    while start:
        entry, end = decoder.raw_decode(text, start.start())
        yield entry
        start = _NEXT.search(text, end)


def without_interpreter(spawns: Spawns) -> Iterator[str]:
    """Processes with packages of Python but no interpreter among their inputs.

    A cache would give their results to builds with another interpreter.
    """
    for name, spawn in spawns.items():
        paths = [file["path"] for file in spawn.get("inputs", ())]
        has_packages = any("/site-packages/" in path for path in paths)
        if has_packages and not any("/bin/python3" in path for path in paths):
            yield f"{name}: has no interpreter among its inputs"


def compare_spawns(first: Spawns, second: Spawns) -> Iterator[str]:
    """What differs, a line each: processes of one build only, and what was unlike about one."""
    for name in sorted(first.keys() | second.keys()):
        if name not in second or name not in first:
            yield f"{name}: run by the {'first' if name in first else 'second'} build only"
        elif unlike := list(_unlike(first[name], second[name])):
            yield f"{name}: other {', '.join(unlike)}"


def _unlike(first: dict[str, Any], second: dict[str, Any]) -> Iterator[str]:
    for key in sorted(first.keys() | second.keys()):
        if first.get(key) != second.get(key):
            paths = _unlike_paths(first.get(key), second.get(key))
            yield f"{key} ({', '.join(paths)})" if paths else key


def _unlike_paths(first: Any, second: Any) -> list[str]:
    """The files by which two lists of files differ, or nothing if one is no list of files."""
    if not isinstance(first, list) or not isinstance(second, list):
        return []
    unlike = [one for one in first if one not in second]
    unlike += [one for one in second if one not in first]
    return sorted({one["path"] for one in unlike if isinstance(one, dict) and "path" in one})
