"""Both libraries carry all kinds of messages, and are compared."""

import re

from testing.processes import run_to_end

WORKS = [
    *("unary, 100 B", "ping-pong on a stream, 100 B", "server stream, 100 B"),
    *("client stream, 100 B", "unary, 1 MB", "unary, 100 B, TLS", "unary, 1 MB, TLS"),
]


def test_each_work_is_measured_on_both_libraries() -> None:
    ended = run_to_end("bench/messages", "--rounds", "1", "--share", "0.01")
    assert ended.returncode == 0, ended.stderr
    rows = re.findall(r"^\| (.+?) +\| ([\d.]+) .+ \| ([\d.]+) ", ended.stdout, flags=re.MULTILINE)
    assert [name for name, _, _ in rows] == WORKS
    assert all(float(ours) > 0 and float(theirs) > 0 for _, ours, theirs in rows)
