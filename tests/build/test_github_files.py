"""The files for GitHub: as their schemas say, every action pinned, no right that is not needed."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.support.schemas import is_valid

_WORKFLOW = Path(".github/workflows/ci.yml")
_RENOVATE = Path(".github/renovate.json")
_SCHEMAS = {_WORKFLOW: "vendor.github-workflows", _RENOVATE: "vendor.renovate"}

# What Renovate knows of pip-compile's options; at another one it stops.
_RENOVATES_OPTIONS = {
    "--allow-unsafe",
    "--generate-hashes",
    "--no-emit-index-url",
    "--output-file=requirements.txt",
    "--strip-extras",
}


@pytest.mark.parametrize("file", list(_SCHEMAS))
def test_a_file_is_as_its_schema_says(file: Path) -> None:
    assert is_valid(file, _SCHEMAS[file])


@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [(_WORKFLOW, "runs-on:", "run-on:"), (_RENOVATE, '"enabled": true', '"enabled": "yes"')],
)
def test_a_mistake_is_found(tmp_path: Path, file: Path, right: str, wrong: str) -> None:
    broken = tmp_path / file.name
    broken.write_text(file.read_text().replace(right, wrong))
    assert not is_valid(broken, _SCHEMAS[file])


@pytest.fixture
def workflow() -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load(_WORKFLOW)
    return loaded


def steps(workflow: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for job in workflow["jobs"].values():
        yield from job["steps"]


def test_actions_are_pinned_by_commit_with_the_version_beside_it() -> None:
    uses = re.findall(r"uses: (.*)", _WORKFLOW.read_text())
    assert uses
    for action in uses:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


def test_no_job_may_write(workflow: dict[str, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    assert not [job for job in workflow["jobs"].values() if "permissions" in job]


def test_every_job_ends_and_runs_what_ci_runs(workflow: dict[str, Any]) -> None:
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 60
        assert ".ci/run" in [step.get("run") for step in job["steps"]]


def test_scripts_of_the_repository_are_there(workflow: dict[str, Any]) -> None:
    commands = " ".join(step.get("run", "") for step in steps(workflow))
    scripts = re.findall(r"\.ci/\w+", commands)
    assert scripts
    assert all(Path(script).is_file() for script in scripts)


def test_no_secret_is_written_into_a_command(workflow: dict[str, Any]) -> None:
    assert not [step for step in steps(workflow) if "${{" in step.get("run", "")]


def test_renovate_can_lock_the_packages_again() -> None:
    head = Path("requirements.txt").read_text().splitlines()[:5]
    command, *options, source = head[-1].removeprefix("#    ").split()
    assert (command, source) == ("pip-compile", "requirements.in")
    assert set(options) == _RENOVATES_OPTIONS


@pytest.mark.parametrize(
    ("manager", "file"), [("bazel", "WORKSPACE"), ("pip-compile", "requirements.txt")]
)
def test_renovate_looks_into_the_files_with_pins(manager: str, file: str) -> None:
    config = json.loads(_RENOVATE.read_text())
    assert manager in config["enabledManagers"]
    patterns = [pattern.strip("/") for pattern in config[manager]["managerFilePatterns"]]
    assert any(re.search(pattern, file) for pattern in patterns)
