"""Every way to run the chain with or without a feature starts, and responds rightly."""

import subprocess

import pytest

from testing.runfiles import program

FEATURES = ["call log", "load shedding", "metrics", "tracing", "TLS", "mTLS"]


@pytest.mark.parametrize("transport", ["wire", "grpcio"])
def test_each_feature_has_a_cost(transport: str) -> None:
    command = [str(program("bench/features")), "--rounds", "1", "--calls", "64"]
    command += ["--transport", transport]
    result = subprocess.run(
        [*command, "--generator", "python"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    for feature in FEATURES:
        assert f"\n| {feature}" in result.stdout
