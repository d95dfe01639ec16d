"""The benchmark of the build, with a bazelw that builds nothing and says that it did."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from bench.scale.bazel import Step
from bench.scale.growth import per_service, table
from testing.runfiles import program

# Each build runs as many processes as the workspace has services beside the chain. `BROKEN` breaks
# the second size.
_BAZELW = r"""#!/bin/bash
services=$(ls -d service_* 2>/dev/null | wc -l)
[[ $1 == --nohome_rc ]] || exit 9
shift
echo "$services $2 ${*:3}" >>"$CALLS"
mkdir -p "${1#--output_base=}"
case $2 in
  build)
    [[ -z $BROKEN || $services == 0 ]] || { echo 'ERROR: no such target' >&2; exit 1; }
    runner='{"name": "linux-sandbox", "count": '$services', "execKind": "Local"}'
    metrics='{"actionSummary": {"runnerCount": [{"name": "total", "count": 99}, '"$runner"']}}'
    for word in "$@"; do
      [[ $word != --build_event_json_file=* ]] || printf '%s\n' '{"id": {}}' \
        '{"buildMetrics": '"$metrics"'}' >"${word#*=}"
    done
    ;;
  clean) [[ $* != *--expunge* ]] || rm -r "${1#--output_base=}" ;;
esac
"""
_STEPS = [
    "load",
    "analysis",
    "execution",
    "cold build",
    "nothing changed",
    "a servicer changed",
    "a contract changed",
    "shared code changed",
]


class Checkout:
    """A checkout in which the benchmark runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scratch = folder / "scratch"
        self.scratch.mkdir()
        self.calls = folder / "calls"
        files = [
            "bazelw",
            "services/orc2/orc2.py",
            "proto/user.proto",
            "rpc/interceptors/status_mapping.py",
        ]
        for name in files:
            file = folder / "checkout" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(_BAZELW)
            file.chmod(0o755)
        git = folder / "git"
        git.write_text("#!/bin/sh\nprintf '%s\\0' " + " ".join(files))
        git.chmod(0o755)

    def run(self, *arguments: str, broken: str = "") -> "subprocess.CompletedProcess[str]":
        environment = {
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "BUILD_WORKSPACE_DIRECTORY": str(self.folder / "checkout"),
            "BUILD_WORKING_DIRECTORY": str(self.folder),
            "CALLS": str(self.calls),
            "BROKEN": broken,
        }
        return subprocess.run(
            [program("bench/scale/scale"), "--scratch", self.scratch, *arguments],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_each_size_is_built_and_reported(checkout: Checkout) -> None:
    result = checkout.run("--services", "6", "--services", "3", "--jobs", "1", "--out", "results")
    assert result.returncode == 0, result.stderr
    raw = json.loads((checkout.folder / "results/scale.json").read_text())
    assert [list(steps) for steps in raw["services"].values()] == [_STEPS, _STEPS]
    assert list(raw["services"]) == ["3", "6"]
    assert [steps["execution"]["processes"] for steps in raw["services"].values()] == [0, 3]
    assert set(raw["ms_per_service"]) == set(_STEPS)
    assert "| cold build " in result.stdout
    assert "6 services" in result.stdout
    assert "0 build --build_event_json_file=" in checkout.calls.read_text()
    assert "--jobs=1 //..." in checkout.calls.read_text()


def test_nothing_is_left_behind(checkout: Checkout) -> None:
    checkout.run("--services", "4")
    assert not list(checkout.scratch.iterdir())
    assert "clean --expunge" in checkout.calls.read_text().splitlines()[-1]


def test_a_build_that_fails_is_said_and_cleaned_up(checkout: Checkout) -> None:
    result = checkout.run("--services", "3", "--services", "4", broken="yes")
    assert result.returncode == 1
    assert "ERROR: no such target" in result.stderr
    assert not list(checkout.scratch.iterdir())


def test_fewer_services_than_the_chain_are_refused(checkout: Checkout) -> None:
    result = checkout.run("--services", "2")
    assert result.returncode == 2
    assert not checkout.calls.exists()


def test_growth_is_taken_between_sizes() -> None:
    sizes = {n: {"load": Step(seconds, 0)} for n, seconds in [(3, 1.0), (30, 3.7), (300, 57.7)]}
    assert per_service(sizes, "load") == pytest.approx([100, 200])


def test_a_table_has_costs_and_growth() -> None:
    sizes = {3: {"load": Step(1.0, 0)}, 5: {"load": Step(2.0, 7)}}
    assert table(sizes) == [
        ["step", "3 services", "5 services", "ms a service, 3 to 5"],
        ["load", "1.0 s", "2.0 s, 7 processes", "500.0"],
    ]
