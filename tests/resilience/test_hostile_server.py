"""2,000 hostile responses to the client: its batch goes on, with one line and the code of each."""

import asyncio
import json
import re
import resource
import subprocess
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from typing import Any

from grpc import StatusCode

from testing.runfiles import command_line
from tests.resilience.hostile_responses import (
    HostileResponse,
    that_end_calls,
    that_end_connections,
    that_last,
)
from tests.resilience.hostile_server import hostile_server, name_of
from tests.support.client import CLIENT, PATIENCE

SEED = 15
RESPONSES, OF_CONNECTIONS, SILENT = 1_960, 20, 20
JOBS = "16"
SILENT_SECONDS = "0.5"
HONEST_NAME = "krithik"
MOST_MEMORY_KB = 200_000
# The client accepts messages of up to 4 MB.
LARGE_MESSAGE = "a large message"

INNER_WORDS = re.compile("Stream removed|from Core|Traceback")
SUMMARY = re.compile(r"\d+ names in .* failed \(.*\)")
# A line of gRPC's core, written directly to stderr.
CORE_LINE = re.compile(r"E\d{4} .* hpack_parser\.cc")


def run(arguments: list[str], stdin: bytes) -> "subprocess.CompletedProcess[bytes]":
    """Runs the client to its end, however long that takes."""
    command = [*command_line(CLIENT), *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, check=False)


async def ask(responses: Iterable[HostileResponse], *options: str) -> "Counter[tuple[str, str]]":
    """Makes a client request each response, and a user after each. Counts the ends by kind."""
    asked = list(responses)
    names = list(
        chain.from_iterable((name_of(number), HONEST_NAME) for number in range(len(asked)))
    )
    async with hostile_server(asked) as server:
        arguments = ["--target", server.address, "--output", "json", *options, "-n", "-"]
        ended = await asyncio.to_thread(run, arguments, "\n".join(names).encode())
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    stderr = [line for line in ended.stderr.decode().splitlines() if not CORE_LINE.match(line)]
    assert ended.returncode == 1, stderr
    assert [line for line in stderr if not SUMMARY.fullmatch(line)] == []
    assert not INNER_WORDS.search(ended.stdout.decode())
    # A response accepted as a user has the user's own name.
    wanted = [
        name if "error" in line else HONEST_NAME for line, name in zip(lines, names, strict=True)
    ]
    assert [line["name"] for line in lines] == wanted
    return Counter(
        (hostile.kind, end_of(line, hostile))
        for hostile, line in zip(asked, lines[::2], strict=True)
    )


def end_of(line: dict[str, Any], hostile: HostileResponse) -> str:
    """The code of a line, checked against the response's possible statuses."""
    code = StatusCode[line["error"]["code"]] if "error" in line else StatusCode.OK
    statuses = {StatusCode.INTERNAL} if hostile.kind == LARGE_MESSAGE else hostile.statuses
    assert code in statuses, (hostile.kind, line)
    return code.name


async def test_a_batch_continues_through_hostile_responses() -> None:
    ends = await ask(that_end_calls(SEED, RESPONSES, "grpcio"), "--jobs", JOBS, *PATIENCE)
    broken = that_end_connections(SEED, OF_CONNECTIONS, "grpcio")
    # One at a time: calls beside it would lose their connection.
    ends += await ask(broken, "--jobs", "1", *PATIENCE)
    silent = that_last(SEED, SILENT, "grpcio")
    ends += await ask(silent, "--jobs", JOBS, "--timeout", SILENT_SECONDS)
    for (kind, code), count in sorted(ends.items()):
        print(f"{count:6} {kind}: {code}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f"client: {ends.total()} responses; at most {peak / 1000:.1f} MB")
    assert ends.total() == RESPONSES + OF_CONNECTIONS + SILENT
    assert peak < MOST_MEMORY_KB
