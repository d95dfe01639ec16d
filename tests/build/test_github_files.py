"""The files for GitHub: valid by schema, every action pinned, no needless permission."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.support.schemas import is_valid

_WORKFLOW = Path(".github/workflows/ci.yml")
_RELEASE = Path(".github/workflows/release.yml")
_RENOVATE = Path(".github/renovate.json")
_TEMPLATES = Path(".github/ISSUE_TEMPLATE")
_SCHEMAS = {
    _WORKFLOW: "vendor.github-workflows",
    _RELEASE: "vendor.github-workflows",
    _RENOVATE: "vendor.renovate",
    _TEMPLATES / "bug.yml": "vendor.github-issue-forms",
    _TEMPLATES / "feature.yml": "vendor.github-issue-forms",
    _TEMPLATES / "config.yml": "vendor.github-issue-config",
}

# The pip-compile options known to Renovate. It stops at any other.
_RENOVATES_OPTIONS = {
    "--allow-unsafe",
    "--generate-hashes",
    "--no-emit-index-url",
    "--output-file=requirements.txt",
    "--strip-extras",
}


@pytest.mark.parametrize("file", list(_SCHEMAS))
def test_a_file_matches_its_schema(file: Path) -> None:
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


@pytest.mark.parametrize("file", [_WORKFLOW, _RELEASE])
def test_actions_are_pinned_by_commit_with_the_version_beside_it(file: Path) -> None:
    uses = re.findall(r"uses: (.*)", file.read_text())
    assert uses
    for action in uses:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


def test_no_job_may_write(workflow: dict[str, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    assert not [job for job in workflow["jobs"].values() if "permissions" in job]


def test_only_the_job_that_publishes_a_release_may_write() -> None:
    workflow = YAML(typ="safe").load(_RELEASE)
    assert workflow["permissions"] == {"contents": "read"}
    files, publish = workflow["jobs"].values()
    assert "permissions" not in files
    assert "token" not in str(files)
    assert publish["permissions"] == {
        "actions": "read",
        "attestations": "write",
        "contents": "write",
        "id-token": "write",
    }
    assert "token" not in str(publish["env"])
    programs = [step["run"].split()[0] for step in publish["steps"] if "run" in step]
    assert programs == ["gh", "gh"]
    for job in (files, publish):
        assert job["timeout-minutes"] <= 60
        assert not [step for step in job["steps"] if "${{" in step.get("run", "")]


def test_every_job_ends(workflow: dict[str, Any]) -> None:
    assert all(job["timeout-minutes"] <= 60 for job in workflow["jobs"].values())


def test_both_routes_run_all_of_ci(workflow: dict[str, Any]) -> None:
    github, debian = ("\n".join(commands(workflow, f"{name}-route")) for name in ROUTES)
    assert ".ci/run" in github.splitlines()
    assert "--config=bazel-9" in github
    assert ".ci/on_bare_debian" in debian
    assert "BAZELW_ROUTE=debian exec .ci/run\n" in Path(".ci/on_bare_debian").read_text()


ROUTES = ("github", "debian")


def commands(workflow: dict[str, Any], job: str) -> list[str]:
    return [step["run"] for step in workflow["jobs"][job]["steps"] if "run" in step]


def test_no_job_has_more_of_the_machine_than_it_needs(workflow: dict[str, Any]) -> None:
    for name, job in workflow["jobs"].items():
        assert "container" not in job, name
        assert not re.search(r"--privileged|--cap-add|--device", str(commands(workflow, name)))


def test_the_writers_token_is_of_an_environment_for_main_alone(workflow: dict[str, Any]) -> None:
    writer = "${{ github.ref == 'refs/heads/main' && 'cache-writer' || 'cache-reader' }}"
    with_token = [job for job in workflow["jobs"].values() if "REMOTE_CACHE_TOKEN" in str(job)]
    assert [job["environment"] for job in with_token] == [writer]
    assert [job for job in workflow["jobs"].values() if "environment" in job] == with_token
    assert "env" not in workflow


def test_a_pull_request_says_it_reads_the_cache(workflow: dict[str, Any]) -> None:
    (mode,) = re.findall(r"REMOTE_CACHE_MODE: (.*)", _WORKFLOW.read_text())
    assert mode == "${{ github.ref == 'refs/heads/main' && 'write' || 'read' }}"


def test_only_what_nobody_has_seen_pass_may_fail(workflow: dict[str, Any]) -> None:
    allowed = [name for name, job in workflow["jobs"].items() if "continue-on-error" in job]
    assert allowed == ["other-machines", "modules"]


def test_modules_are_tried_on_each_bazel_that_is_supported(workflow: dict[str, Any]) -> None:
    versions = workflow["jobs"]["modules"]["strategy"]["matrix"]["bazel"]
    assert [version.partition(".")[0] for version in versions] == ["7", "8", "9"]
    assert versions[0] == Path(".bazelversion").read_text().strip()


def test_advisories_are_looked_at_by_time_too(workflow: dict[str, Any]) -> None:
    assert "advisories" in workflow["jobs"]
    assert "schedule:" in _WORKFLOW.read_text()


def test_scripts_of_the_repository_are_there(workflow: dict[str, Any]) -> None:
    told = " ".join(step.get("run", "") for step in steps(workflow))
    scripts = re.findall(r"\.ci/\w+", told)
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
    ("manager", "file"),
    [
        ("bazel", "WORKSPACE"),
        ("bazel-module", "MODULE.bazel"),
        ("pip-compile", "requirements.txt"),
    ],
)
def test_renovate_looks_into_the_files_with_pins(manager: str, file: str) -> None:
    config = json.loads(_RENOVATE.read_text())
    assert manager in config["enabledManagers"]
    patterns = [pattern.strip("/") for pattern in config[manager]["managerFilePatterns"]]
    assert any(re.search(pattern, file) for pattern in patterns)
