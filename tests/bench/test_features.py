"""Every way to run the chain with or without a feature starts, and answers rightly."""

import subprocess

from tests.support.processes import program

FEATURES = ["call log", "load shedding", "metrics", "tracing", "TLS", "mTLS"]


def test_each_feature_has_a_cost() -> None:
    command = [str(program("bench/features")), "--rounds", "1", "--calls", "64"]
    result = subprocess.run(
        [*command, "--generator", "python"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    for feature in FEATURES:
        assert f"\n| {feature}" in result.stdout
