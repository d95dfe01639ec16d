"""Bazel for checks of the build, with a bazelw recording its command lines."""

from pathlib import Path

import pytest

from tools.own_bazel.bazel import BazelError, own_bazel

_BAZELW = """#!/bin/bash
echo "$NAME $*" >>calls
[[ $3 != build ]] || { printf '%s\\n' {1..30} 'ERROR: no such target' >&2; exit 3; }
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    program = tmp_path / "bazelw"
    program.write_text(_BAZELW)
    program.chmod(0o755)
    return tmp_path


def test_nothing_of_the_users_comes_in_and_nothing_is_left(workspace: Path) -> None:
    with own_bazel(workspace, Path("/base"), {"NAME": "value"}) as bazel:
        bazel.check("query", "//...")
    start = "value --nohome_rc --output_base=/base"
    calls = (workspace / "calls").read_text().splitlines()
    assert calls == [f"{start} query //...", f"{start} clean --expunge"]


def test_a_command_that_fails_is_said_with_its_last_lines(workspace: Path) -> None:
    with own_bazel(workspace, Path("/base")) as bazel:
        assert bazel.run("build").returncode == 3
        with pytest.raises(BazelError) as caught:
            bazel.check("build", "//...")
    first, *lines = str(caught.value).splitlines()
    assert first == "build //...: exit code 3"
    assert lines == [*map(str, range(12, 31)), "ERROR: no such target"]


def test_the_first_failure_is_reported_where_nothing_works(workspace: Path) -> None:
    (workspace / "bazelw").write_text("#!/bin/bash\nexit 1")
    with pytest.raises(BazelError, match=r"^query"), own_bazel(workspace, Path("/base")) as bazel:
        bazel.check("query", "//...")
