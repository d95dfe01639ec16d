"""In what two builds of one commit may differ, and why. Anything else is a fault."""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What an output is. A program is a file executable by its owner."""

    FILE = "file"
    PROGRAM = "program"
    LINK = "link"


class Extent(Enum):
    """How far an output may differ: in the name of the build's own folder, or altogether."""

    FOLDER = "in the name of the folder"
    CONTENT = "in its content"


@dataclass(frozen=True, slots=True)
class Allowance:
    """One entry of the list.

    Attributes:
        pattern: paths below bazel-out. `*` stands for `/` too.
        kinds: kinds of the outputs.
        extent: how far they may differ.
        reason: why.
    """

    pattern: str
    kinds: frozenset[Kind]
    extent: Extent
    reason: str


_FILE = frozenset({Kind.FILE, Kind.PROGRAM})

ALLOWED = (
    Allowance(
        "*",
        frozenset({Kind.LINK}),
        Extent.FOLDER,
        "Bazel links to a file by its absolute path",
    ),
    Allowance(
        "*.runfiles_manifest",
        _FILE,
        Extent.FOLDER,
        "it says where each runfile lies, by absolute path",
    ),
    Allowance(
        "volatile-status.txt",
        _FILE,
        Extent.CONTENT,
        "the time of the build, which only builds with --config=release read",
    ),
)
