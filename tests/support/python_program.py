"""A program of a few lines, in a process of its own."""

import os
import subprocess
import sys


def run_python(source: str) -> "subprocess.CompletedProcess[str]":
    """Runs it with what the test can import, to its end. Both outputs are kept."""
    return subprocess.run(
        [sys.executable, "-c", source],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
