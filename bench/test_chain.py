"""The benchmark runs on the real programs: each contender starts and every response is right.

Nothing is timed here: how fast the machine is says nothing of the code.
"""

import json
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

from testing.processes import run_to_end
from testing.runfiles import program

CONTENDERS = [
    "this chain on wire",
    "this chain on grpcio",
    "bare grpc.aio",
    "sync, 10 threads",
    "grpclib",
    "pygrpc-native",
]


def test_a_quick_run_measures_everything(tmp_path: Path) -> None:
    command = [str(program("bench/chain")), "--quick", "--generator", "python"]
    result = subprocess.run(
        [*command, "--out", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "ours over" in result.stdout
    run = json.loads((tmp_path / "chain.json").read_text())
    assert list(run["rounds"]) == CONTENDERS
    for (measured,) in run["rounds"].values():
        for point in [*measured["points"].values(), measured["open"]]:
            assert point["calls"] > 0
            assert point["rate"] > 0
            assert point["latency"]["p50"] <= point["latency"]["p99.9"]
            assert all(cpu > 0 for cpu in point["cpu"].values())
        assert measured["checked"] > 0
        assert measured["startup"].keys() == measured["memory"].keys()
    drawn = run_to_end("bench/draw", str(tmp_path / "chain.json"), "--out", str(tmp_path))
    assert drawn.returncode == 0, drawn.stderr
    for picture in ("throughput.svg", "latency.svg", "cpu.svg"):
        ET.parse(tmp_path / picture)


def test_a_file_that_is_no_run_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "chain.json").write_text("{}")
    drawn = run_to_end("bench/draw", str(tmp_path / "chain.json"), "--out", str(tmp_path))
    assert (drawn.returncode, drawn.stdout) == (1, "")
    assert "chain.json" in drawn.stderr


def test_tls_leaves_out_who_cannot_have_it(tmp_path: Path) -> None:
    command = [str(program("bench/chain")), "--quick", "--generator", "python", "--tls"]
    result = subprocess.run(
        [*command, "--out", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "no TLS here: bare grpc.aio, sync, 10 threads, grpclib, pygrpc-native" in result.stderr
    run = json.loads((tmp_path / "chain.json").read_text())
    assert list(run["rounds"]) == ["this chain on wire", "this chain on grpcio"]


def test_a_generator_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    result = subprocess.run(
        [program("bench/chain"), "--quick", "--generator", "h2load", "--out", tmp_path],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(tmp_path)},
    )
    assert result.returncode == 1
    assert "nghttp2-client" in result.stderr
