"""A CI machine's Bazel flags for caches, and the route of the remote cache's token."""

import json
import os
import subprocess

import pytest

_ADDRESS = "grpcs://cache.example.com:443/orchestrator"
_TOKEN = "a-token"  # noqa: S105 (of no cache)


def run(program: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [program, "get"],
        env={"PATH": os.environ["PATH"], "HOME": "/home/ci"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def flags(**environment: str) -> list[str]:
    """The lines other than comments."""
    result = run(".ci/bazelrc", **environment)
    assert (result.returncode, result.stderr) == (0, "")
    return [line for line in result.stdout.splitlines() if not line.startswith("#")]


def test_without_a_remote_cache_there_is_the_disk_cache() -> None:
    assert "common --config=ci" in flags()
    assert 'common "--disk_cache=/home/ci/.cache/bazel-disk"' in flags()
    assert 'common "--disk_cache=/cache/bazel-disk"' in flags(XDG_CACHE_HOME="/cache")
    assert not [line for line in flags() if "remote" in line]


def test_slow_tests_run_too() -> None:
    # .bazelrc's lines for `test` come after `common --config=ci`, and leave these tests out.
    assert "test --test_tag_filters=" in flags()


def test_an_address_may_end_in_a_line_break() -> None:
    assert flags(REMOTE_CACHE=f"{_ADDRESS}\n") == flags(REMOTE_CACHE=_ADDRESS)


def test_an_empty_address_is_none() -> None:
    assert flags(REMOTE_CACHE="") == flags()


@pytest.mark.parametrize(
    ("environment", "upload"),
    [
        ({}, "--noremote_upload_local_results"),
        ({"REMOTE_CACHE_MODE": "read"}, "--noremote_upload_local_results"),
        ({"REMOTE_CACHE_MODE": "write"}, "--remote_upload_local_results"),
    ],
)
def test_a_remote_cache_is_written_only_when_told_to(
    environment: dict[str, str], upload: str
) -> None:
    lines = flags(REMOTE_CACHE=_ADDRESS, **environment)
    assert f"common:remote-cache --remote_cache={_ADDRESS} {upload}" in lines
    assert lines[-1] == "common --config=remote-cache"


def test_another_mode_is_refused() -> None:
    result = run(".ci/bazelrc", REMOTE_CACHE=_ADDRESS, REMOTE_CACHE_MODE="writ")
    assert result.returncode == 2
    assert "not writ" in result.stderr


@pytest.mark.parametrize(
    "address", [_ADDRESS, "https://cache.example.com/x", "cache.example.com:1"]
)
def test_the_token_is_asked_for_by_host_and_never_written(address: str) -> None:
    lines = flags(REMOTE_CACHE=address, REMOTE_CACHE_TOKEN=_TOKEN)
    helper = "--credential_helper=cache.example.com=%workspace%/.ci/credentials"
    assert f"common:remote-cache {helper}" in lines
    assert _TOKEN not in "".join(lines)


# A pasted secret often has a line break at its end.
@pytest.mark.parametrize("end", ["", "\n"])
def test_the_credentials_are_a_header(end: str) -> None:
    response = json.loads(run(".ci/credentials", REMOTE_CACHE_TOKEN=_TOKEN + end).stdout)
    assert response == {"headers": {"Authorization": [f"Bearer {_TOKEN}"]}}


def test_no_token_is_no_header() -> None:
    assert json.loads(run(".ci/credentials").stdout) == {"headers": {}}
