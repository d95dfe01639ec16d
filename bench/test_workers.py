"""Several processes share the port, respond rightly, and are compared with one."""

import re
import subprocess

from testing.runfiles import program


def test_two_processes_are_compared_with_one() -> None:
    command = [str(program("bench/workers")), "--rounds", "1", "--calls", "256"]
    result = subprocess.run(
        [*command, "--generator", "python"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    alone, shared = re.findall(r"^\| ([12]) +\| (.+)$", result.stdout, flags=re.MULTILINE)
    assert (alone[0], shared[0]) == ("1", "2")
    assert "1.00 (1.00 to 1.00)" in alone[1]
