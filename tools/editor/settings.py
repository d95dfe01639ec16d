"""Settings of editors, written where there are none."""

import json
from pathlib import Path
from typing import Any

_LINKS_OF_BAZEL = "bazel-*"

SETTINGS: dict[str, dict[str, Any]] = {
    "pyrightconfig.json": {
        "venvPath": ".",
        "venv": ".venv",
        "pythonVersion": "3.11",
        "exclude": [".venv", _LINKS_OF_BAZEL, "**/__pycache__"],
        # mypy judges types: pyproject.toml has the rules.
        "typeCheckingMode": "off",
        "reportMissingImports": "error",
        # Among these is a module that a package does not have.
        "reportAttributeAccessIssue": "warning",
        "ignore": ["**/*_pb2_grpc.py"],
    },
    ".vscode/settings.json": {
        "python.defaultInterpreterPath": "${workspaceFolder}/.venv/bin/python",
        "python.testing.pytestEnabled": True,
        "python.testing.pytestArgs": ["tests/unit", "services"],
        "mypy-type-checker.importStrategy": "fromEnvironment",
        "ruff.importStrategy": "fromEnvironment",
        "files.watcherExclude": {"**/bazel-*/**": True},
        "search.exclude": {"**/bazel-*": True},
    },
}
"""By file what stands in it."""


def write_settings(workspace: Path) -> tuple[list[Path], list[Path]]:
    """Writes each missing file of settings.

    Returns:
        The files as this program has them, and those changed by a person.
    """
    made: list[Path] = []
    kept: list[Path] = []
    for name, settings in SETTINGS.items():
        file, text = workspace / name, json.dumps(settings, indent=2) + "\n"
        if not file.exists():
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        (made if file.read_text(encoding="utf-8") == text else kept).append(Path(name))
    return made, kept
