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
    "a servicer changed": "build //... after an edit of services/orc2/orc2.py",
    "a contract changed": "build //... after one message more in proto/user.proto",
    "shared code changed": "build //... after an edit of rpc/interceptors/status_mapping.py",
}
"""Each step with what it is."""

_EDITS = {
    "a servicer changed": ("services/orc2/orc2.py", "\n# An edit.\n"),
    "a contract changed": ("proto/user.proto", "\nmessage Added {}\n"),
    "shared code changed": ("rpc/interceptors/status_mapping.py", "\n# An edit.\n"),
}


def measure(bazel: Bazel) -> Iterator[tuple[str, Step]]:
    """Takes the steps one after the other, on a workspace with everything fetched.

    Raises:
        BazelError: one of them failed.
    """
    bazel.forget()
    cold = 0.0
    for name, take in [
        ("load", bazel.load),
        ("analysis", bazel.analyse),
        ("execution", bazel.build),
    ]:
        step = take()
        cold += step.seconds
        yield name, step
    yield "cold build", Step(cold, 0)
    # The first build has put bazel-bin and its like into the workspace: a change of its top folder.
    bazel.build()
    yield "nothing changed", bazel.build()
    for name, (file, text) in _EDITS.items():
        with _appended(bazel.own.workspace / file, text):
            yield name, bazel.build()
        bazel.build()


@contextmanager
def _appended(file: Path, text: str) -> Iterator[None]:
    before = file.read_bytes()
    file.write_bytes(before + text.encode())
    try:
        yield
    finally:
        file.write_bytes(before)
