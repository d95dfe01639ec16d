"""The rule sets pinned by WORKSPACE, and archives of them."""

import ast
import gzip
import hashlib
import io
import tarfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Pin:
    """One `http_archive` of WORKSPACE.

    Attributes:
        name: of the repository.
        url: where its archive is.
        sha256: of the archive, in hexadecimal.
        prefix: the archive's folder around all else, empty if there is none.
    """

    name: str
    url: str
    sha256: str
    prefix: str


def read_pins(workspace: str) -> list[Pin]:
    """The pins in the text of a WORKSPACE.

    Raises:
        ValueError: there is none, or one has several URLs.
    """
    # What Starlark a WORKSPACE has is Python's syntax too.
    pins = [_pin(call) for call in ast.walk(ast.parse(workspace)) if _is_http_archive(call)]
    if not pins:
        raise ValueError("WORKSPACE has no http_archive")
    return pins


def _is_http_archive(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "http_archive"
    )


def _pin(call: ast.AST) -> Pin:
    assert isinstance(call, ast.Call)  # noqa: S101 (for mypy: _is_http_archive says so)
    values = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
    (url,) = values["urls"]
    return Pin(values["name"], url, values["sha256"], values.get("strip_prefix", ""))


def pack(folder: Path, prefix: str) -> bytes:
    """A .tar.gz of a folder's files, below `prefix`. The same bytes for the same files."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w") as archive,
    ):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = tarfile.TarInfo(str(Path(prefix, path.relative_to(folder))))
                content = path.read_bytes()
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def with_checksums(workspace: str, archives: dict[Pin, bytes]) -> str:
    """The text of a WORKSPACE with these archives' checksums in its pins."""
    for pin, archive in archives.items():
        workspace = workspace.replace(pin.sha256, hashlib.sha256(archive).hexdigest())
    return workspace
