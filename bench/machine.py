"""On what a run was made: figures without it mean nothing."""

import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path


def facts() -> dict[str, str]:
    """The machine, the versions, the time."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": f"{os.cpu_count()} of {_cpu_model()}",
        "kernel": platform.release(),
        "python": platform.python_version(),
        "grpcio": version("grpcio"),
        "load average": f"{os.getloadavg()[0]:.1f}",
    }


def in_words(about: Mapping[str, object]) -> str:
    """The facts in a line, as in `cpu: 2 of AMD EPYC, kernel: 6.18`."""
    return ", ".join(f"{key}: {value}" for key, value in about.items())


def _cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
