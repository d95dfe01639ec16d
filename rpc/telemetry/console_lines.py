"""How an event of the log looks on a terminal."""

import os
from typing import Any

from rpc.telemetry.log_lines import RenderLine, iso_time, visible

import structlog

# They have lines of their own where they have several.
_LONG = ("diagnosis", "exception", "stack")

# Of the ISO time, to the millisecond.
_TIME = slice(11, 23)


def wants_colour() -> bool:
    """Whether a terminal gets colours: NO_COLOR (https://no-color.org) and TERM may say no."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def console_lines(service: str, *, colours: bool) -> RenderLine:
    """Lines for people, and tracebacks below them, for a service."""
    renderer = structlog.dev.ConsoleRenderer(colors=colours, sort_keys=False, pad_event_to=0)

    def render(level: str, event: dict[str, Any]) -> bytes:
        below = [str(event.pop(key)) for key in _LONG if "\n" in str(event.get(key, ""))]
        shown = {
            "timestamp": iso_time(event.pop("timestamp"))[_TIME],
            "level": level,
            **{key: _shown(value) for key, value in event.items()},
            "service": service,
        }
        line = renderer(None, "", shown)
        return "\n".join([line, *map(_indented, below)]).encode(errors="backslashreplace")

    return render


def _shown(value: object) -> object:
    return visible(value) if isinstance(value, str) else value


def _indented(text: str) -> str:
    """Text from outside cannot look like a line of the log, and moves no cursor."""
    return "\n".join("    " + visible(line) for line in text.rstrip("\n").split("\n"))
