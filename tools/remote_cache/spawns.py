"""What Bazel's execution log (--execution_log_json_file) says of the actions of a command."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tools.execution_log.entries import entries

_FROM_REMOTE_CACHE = "remote cache hit"


@dataclass(frozen=True, slots=True)
class Spawn:
    """An action run as a process.

    Attributes:
        label: the action's target.
        mnemonic: its kind.
        outputs: files it may make, from the workspace's root.
        digest: its key in a cache.
        runner: how it was executed, or which cache had its result.
        inputs: files in its key, from the workspace's root.
    """

    label: str
    mnemonic: str
    outputs: tuple[str, ...]
    digest: str
    runner: str
    inputs: tuple[str, ...]

    @property
    def executed(self) -> bool:
        """Whether it was run, or came from another cache than the remote one."""
        return self.runner != _FROM_REMOTE_CACHE

    def __str__(self) -> str:
        """One line for a person."""
        # A test has a dozen, most of which it does not make.
        return f"{self.mnemonic} of {self.label} ({self.runner}): {self.outputs[0]}"


def read_log(text: str) -> Iterator[Spawn]:
    """The spawns of a log.

    Raises:
        ValueError: it is no such log.
    """
    for entry in entries(text):
        yield Spawn(
            label=entry.get("targetLabel", ""),
            mnemonic=entry["mnemonic"],
            outputs=tuple(entry.get("listedOutputs", ())),
            digest=entry.get("digest", {}).get("hash", ""),
            runner=entry["runner"],
            inputs=tuple(file["path"] for file in entry.get("inputs", ())),
        )


def executed(spawns: Iterable[Spawn]) -> list[Spawn]:
    """Spawns not answered by the remote cache."""
    return [spawn for spawn in spawns if spawn.executed]


def without_interpreter(spawns: Iterable[Spawn]) -> list[Spawn]:
    """Spawns of Python, as they have packages of pip, but with no interpreter in their key."""
    return [
        spawn
        for spawn in spawns
        if any("/site-packages/" in file for file in spawn.inputs)
        and not any("/bin/python3" in file for file in spawn.inputs)
    ]
