"""Runs the commands of the documentation as a reader would.

A command is a line of a fenced `sh` block. It has to exit with 0, or with N where it ends in
`# exits with N`. Servers run in the background until the last command is through, and then have
to stop with 0.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_EXIT_CODE = re.compile(r"# exits with (\d+)$")
_SERVER = "run //services:"
_LIMIT_SECONDS = 1200


def commands(markdown: str) -> list[str]:
    """The commands in a page, in order."""
    return [line for block in _BLOCK.findall(markdown) for line in block.splitlines() if line]


def expected_exit_code(command: str) -> int:
    """What a command has to exit with."""
    match = _EXIT_CODE.search(command)
    return int(match[1]) if match else 0


def main(pages: list[str]) -> int:
    """Runs the commands of the pages. Returns 1 if one of them exits with what it should not."""
    folder = Path(os.environ["BUILD_WORKSPACE_DIRECTORY"])
    lines = [line for page in pages for line in commands((folder / page).read_text())]
    failures: list[str] = []
    with ExitStack() as stack:
        for line in lines:
            if _SERVER in line:
                stack.enter_context(_server(line, folder, failures))
            else:
                _run(line, folder, failures)
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"{len(lines)} commands of {', '.join(pages)} run, {len(failures)} failed")
    return 1 if failures else 0


def _run(line: str, folder: Path, failures: list[str]) -> None:
    print(f"$ {line}", flush=True)
    command = shlex.split(line, comments=True)
    result = subprocess.run(command, cwd=folder, timeout=_LIMIT_SECONDS, check=False)
    if result.returncode != expected_exit_code(line):
        failures.append(f"{line}: exit code {result.returncode}")


@contextmanager
def _server(line: str, folder: Path, failures: list[str]) -> Iterator[None]:
    print(f"$ {line} &", flush=True)
    process = subprocess.Popen(shlex.split(line, comments=True), cwd=folder)
    try:
        yield
    finally:
        process.terminate()
        if process.wait(_LIMIT_SECONDS) != 0:
            failures.append(f"{line}: exit code {process.returncode} after SIGTERM")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
