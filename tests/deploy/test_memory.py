"""The limits' defaults fit the manifests' memory (docs/reliability.md, "Memory")."""

import re
from pathlib import Path

from rpc.transports.settings import LimitSettings

KIB, MIB = 1 << 10, 1 << 20
OF_ITS_OWN, COPIES, OF_A_CONNECTION = 64 * MIB, 4, 48 * KIB
MANIFESTS = Path("deploy/kubernetes")


def memory_limits() -> list[int]:
    """The memory limit of each server's container, in bytes."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(MANIFESTS.rglob("*.yaml"))]
    found = [re.findall(r"limits:\n\s+memory: (\d+)Mi", text) for text in texts]
    return [int(number) * MIB for numbers in found for number in numbers]


def test_the_defaults_fit_the_memory_of_a_pod() -> None:
    limits = LimitSettings()
    taken = OF_ITS_OWN + COPIES * limits.max_bytes_in_flight
    taken += OF_A_CONNECTION * limits.max_connections
    assert memory_limits()
    assert taken <= min(memory_limits())


def test_calls_of_the_largest_messages_fit_too() -> None:
    # grpcio does not limit the bytes: a request and a response count for each call.
    limits = LimitSettings()
    taken = OF_ITS_OWN + 2 * limits.max_concurrent_rpcs * limits.max_message_bytes
    taken += OF_A_CONNECTION * limits.max_connections
    assert taken <= min(memory_limits())


def test_the_page_has_the_formula() -> None:
    page = Path("docs/reliability.md").read_text(encoding="utf-8")
    assert "64 MiB + 4 * max-bytes-in-flight + 48 KiB * max-connections <= memory limit" in page
