"""The client's real program, run to its end."""

import subprocess

from testing.runfiles import command_line
from testing.waiting import LIMIT_SECONDS

CLIENT = "client/client"
REQUEST_ID = r"[0-9a-f]{32}"

PATIENCE = ("--timeout", str(LIMIT_SECONDS))
"""Options for a possibly busy machine."""


def run_client(*arguments: str | bytes, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    """Runs the client with these arguments and bytes on stdin."""
    return subprocess.run(
        [*command_line(CLIENT), *arguments],
        input=stdin,
        capture_output=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
