"""How an event of the log becomes a line: logfmt for people, JSON for machines."""

import functools
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog

RenderLine = Callable[[str, dict[str, Any]], bytes]
"""Takes the level and the event. Its `timestamp` is in seconds of the epoch."""

# Values that stand in a logfmt line as they are; others go through structlog's renderer, which
# looks at every character of every field and would cost more than all else of a line.
_PLAIN = re.compile(r"[!#-<>-\[\]-~]+")

_NUMBER = (int, float)

# The one control character of ASCII that orjson leaves as it is.
_DELETE = b"\x7f"

_logfmt = structlog.processors.LogfmtRenderer()


def text_lines(service: str) -> RenderLine:
    """Lines in logfmt (`key=value`), for a service."""

    def render(level: str, event: dict[str, Any]) -> bytes:
        at = iso_time(event.pop("timestamp"))
        line = f"timestamp={at} level={level} service={service}"
        line += _word("event", event.pop("event")) + _words(event)
        return line.encode(errors="backslashreplace")

    return render


def json_lines(service: str) -> RenderLine:
    """Lines of one JSON object each, for a service."""

    def render(level: str, event: dict[str, Any]) -> bytes:
        at = iso_time(event.pop("timestamp"))
        fields = {"timestamp": at, "level": level, "service": service, "event": ""}
        for key, value in event.items():
            fields[key] = _without_surrogates(value) if isinstance(value, str) else value
        line = _json(fields)
        return line if line.isascii() and _DELETE not in line else _escaped(line)

    return render


def _json(fields: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(fields)
    except TypeError:  # something that JSON has no form for
        texts = {key: _without_surrogates(str(value)) for key, value in fields.items()}
        return orjson.dumps(texts)


def _escaped(line: bytes) -> bytes:
    """Writes by number what a terminal obeys or does not show. Its meaning stays the same."""
    text = line.decode()
    if text.isprintable():
        return line
    return "".join(map(_json_character, text)).encode()


def _json_character(character: str) -> str:
    # JSON counts in UTF-16 (RFC 8259 section 7).
    if character.isprintable():
        return character
    units = character.encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def iso_time(seconds: float) -> str:
    """A time in seconds of the epoch, by ISO 8601 in UTC, to the microsecond."""
    whole = int(seconds)
    return f"{_to_the_second(whole)}.{int((seconds - whole) * 1e6):06d}Z"


@functools.lru_cache(maxsize=1)
def _to_the_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:-6]


def _words(event: dict[str, Any]) -> str:
    words = "".join([f" {key}={value}" for key, value in event.items()])
    if _all_plain(words, len(event)):
        return words
    return "".join([_word(key, value) for key, value in event.items()])


def _all_plain(words: str, count: int) -> bool:
    """Whether `_PLAIN` would match each value, found out in a tenth of the time."""
    return (
        # As many as there are words: none is within a value.
        words.count(" ") == count == words.count("=")
        and words.isascii()
        and words.isprintable()
        and '"' not in words
        and "\\" not in words
        # No value is empty.
        and "= " not in f"{words} "
    )


def _word(key: str, value: object) -> str:
    if isinstance(value, _NUMBER) or _PLAIN.fullmatch(text := str(value)):
        return f" {key}={value}"
    return f" {_logfmt(None, '', {key: visible(text)})}"


def visible(text: str) -> str:
    """Keeps a line one line: text from outside could otherwise pass for a line of its own.

    What turns the direction of writing, or shows nothing, is escaped too.
    """
    return text if text.isprintable() else "".join(map(_visible_character, text))


def _visible_character(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def _without_surrogates(text: str) -> str:
    """Takes out what JSON cannot carry: parts of a file's name outside UTF-8."""
    if text.isprintable():
        return text
    return text.encode(errors="backslashreplace").decode()
