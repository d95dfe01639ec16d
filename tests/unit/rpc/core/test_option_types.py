"""The accepted values of options."""

import math
from pathlib import Path
from typing import Any

from rpc.core.option_types import (
    COLLECTOR_URL,
    FILE,
    HOST_PORT,
    LISTEN,
    SECONDS,
    SECONDS_ABOVE_ZERO,
    TARGET,
    TEXT,
)

import click
import pytest

TYPES: dict[str, "click.ParamType[Any]"] = {
    "seconds": SECONDS,
    "seconds above zero": SECONDS_ABOVE_ZERO,
    "listen": LISTEN,
    "host and port": HOST_PORT,
    "target": TARGET,
    "file": FILE,
    "collector": COLLECTOR_URL,
    "text": TEXT,
}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("seconds", "0", 0.0),
        ("seconds", "1.5", 1.5),
        ("seconds", "1e-3", 0.001),
        ("seconds above zero", "0.001", 0.001),
        ("listen", ":9000", "127.0.0.1:9000"),
        ("listen", "unix:/run/orc1", "unix:/run/orc1"),
        ("host and port", "[::1]:0", "[::1]:0"),
        ("target", "dns:///orc2:9001", "dns:///orc2:9001"),
        ("file", "/missing/file", Path("/missing/file")),
        ("file", "/\udcff", Path("/\udcff")),
        ("text", "é", "é"),
        ("collector", "http://127.0.0.1:4317", "http://127.0.0.1:4317"),
        ("collector", "https://[::1]:1/", "https://[::1]:1/"),
        ("collector", "https://collector.example", "https://collector.example:4317"),
    ],
)
def test_a_good_value(name: str, text: str, value: object) -> None:
    assert TYPES[name].convert(text, None, None) == value


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("seconds", "", "not a number of seconds"),
        ("seconds", "5s", "not a number of seconds"),
        ("seconds", "-1", "0 or more"),
        ("seconds", "nan", "0 or more"),
        ("seconds", "inf", "0 or more"),
        ("listen", "unix:/run/\udcff", "not UTF-8"),
        ("target", "orc2\udcff:9001", "not UTF-8"),
        ("collector", "http://\udcff", "not UTF-8"),
        ("text", "\udcff", "not UTF-8"),
        ("seconds above zero", "0", "more than 0"),
        ("listen", "9000", "HOST:PORT"),
        ("host and port", "unix:/run/metrics", "HOST:PORT"),
        ("target", "orc2:0", "port 0"),
        ("file", "", "the path is empty"),
        ("file", "/", "is a directory"),
        ("collector", "127.0.0.1:4317", "http://HOST:PORT"),
        ("collector", "grpc://127.0.0.1:4317", "http://HOST:PORT"),
        ("collector", "http://:4317", "http://HOST:PORT"),
        ("collector", "http://[::1:4317", "http://HOST:PORT"),
        ("collector", "http://127.0.0.1:port", "http://HOST:PORT"),
    ],
)
def test_a_bad_value(name: str, text: str, said: str) -> None:
    with pytest.raises(click.BadParameter, match=said):
        TYPES[name].convert(text, None, None)


def test_a_default_that_is_a_number_is_checked_too() -> None:
    assert SECONDS.convert(5.0, None, None) == 5.0
    with pytest.raises(click.BadParameter):
        SECONDS.convert(math.inf, None, None)
