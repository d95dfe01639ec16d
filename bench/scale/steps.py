"""What is timed of a workspace's build."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.scale.bazel import Bazel, Step

STEPS = {
    "load": "a new server reads all packages: query //...",
    "analysis": "build --nobuild //...",
    "execution": "build //..., of which nothing has been built",
    "cold build": "these three together",
    "nothing changed": "build //... again",
    "a servicer changed": "build //... after an edit of services/orc2.py",
    "a contract changed": "build //... after one message more in proto/user.proto",
    "shared code changed": "build //... after an edit of rpc/status.py",
}
"""Each step with what it is."""

_EDITS = {
    "a servicer changed": ("services/orc2.py", "\n# An edit.\n"),
    "a contract changed": ("proto/user.proto", "\nmessage Added {}\n"),
    "shared code changed": ("rpc/status.py", "\n# An edit.\n"),
}


def measure(bazel: Bazel) -> dict[str, Step]:
    """Takes the steps on a workspace for which everything has been fetched.

    Raises:
        BazelError: one of them failed.
    """
    bazel.forget()
    steps = {"load": bazel.load(), "analysis": bazel.analyse(), "execution": bazel.build()}
    steps["cold build"] = Step(sum(one.seconds for one in steps.values()), 0)
    steps["nothing changed"] = bazel.build()
    for name, (file, text) in _EDITS.items():
        with _appended(bazel.workspace / file, text):
            steps[name] = bazel.build()
        bazel.build()
    return steps


@contextmanager
def _appended(file: Path, text: str) -> Iterator[None]:
    before = file.read_bytes()
    file.write_bytes(before + text.encode())
    try:
        yield
    finally:
        file.write_bytes(before)
