"""The layers of `rpc`, and `testing` on top: an import goes downwards, or stays in its layer."""

import ast
from collections.abc import Iterator
from pathlib import Path

import rpc

import pytest

import testing

# These build on `rpc`, or `rpc` must not know them.
_ABOVE = {
    *("bench", "client", "demo", "deploy", "docs"),
    *("proto", "services", "testing", "tests", "tools"),
}


def complaints(root: Path, layers: tuple[str, ...]) -> list[str]:
    """Faulty imports in a folder of layers, a line each."""
    found = []
    for file in sorted(root.rglob("*.py")):
        name = file.relative_to(root).parts[0].removesuffix(".py")
        if name == "__init__":
            continue
        if name not in layers:
            found.append(f"{file.relative_to(root)} is in no layer")
            continue
        own = layers.index(name)
        for module in _imports(file):
            top, _, rest = module.partition(".")
            layer = rest.partition(".")[0]
            if top in _ABOVE or (top == "rpc" and layer in layers[:own]):
                found.append(f"{file.relative_to(root)} imports {module}")
    return found


def _imports(file: Path) -> Iterator[str]:
    """Every possibly imported module, wherever the import stands."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # Relative ones are against the style (ruff's TID252).
            assert node.level == 0, f"{file} has a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_import_goes_upwards() -> None:
    root = Path(rpc.__file__).parent
    assert len(list(root.rglob("*.py"))) > len(rpc.LAYERS)
    assert complaints(root, rpc.LAYERS) == []


def test_what_tests_need_builds_on_the_runtime_alone() -> None:
    files = sorted(Path(testing.__file__).parent.glob("*.py"))
    imported = {module for file in files for module in _imports(file)}
    tops = {module.partition(".")[0] for module in imported}
    assert "rpc" in tops
    assert tops & (_ABOVE | {"wire"}) == {"testing"}


def test_every_layer_is_there() -> None:
    root = Path(rpc.__file__).parent
    there = {path.name.removesuffix(".py") for path in root.iterdir()}
    assert set(rpc.LAYERS) <= there


@pytest.mark.parametrize(
    "line",
    [
        "import rpc.high.module",
        "from rpc.high import module",
        "from rpc import high",
        "def lazily():\n    from rpc.high.module import thing",
        "if TYPE_CHECKING:\n    from rpc.high.module import thing",
        "from services.orc1 import SERVICE",
        "from proto import user_pb2",
    ],
)
def test_an_import_upwards_is_found(tmp_path: Path, line: str) -> None:
    (tmp_path / "low").mkdir()
    (tmp_path / "low" / "module.py").write_text(f"{line}\n")
    (found,) = complaints(tmp_path, ("high", "low"))
    assert found.startswith("low/module.py imports ")


def test_an_import_downwards_or_inside_is_fine(tmp_path: Path) -> None:
    (tmp_path / "high.py").write_text("import os\nfrom rpc.low.module import thing\n")
    (tmp_path / "low").mkdir()
    (tmp_path / "low" / "module.py").write_text("from rpc.low.other import thing\n")
    assert complaints(tmp_path, ("high", "low")) == []


def test_a_package_without_a_layer_is_found(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").write_text("")
    (tmp_path / "utils").mkdir()
    (tmp_path / "utils" / "module.py").write_text("")
    assert complaints(tmp_path, ("high", "low")) == ["utils/module.py is in no layer"]
