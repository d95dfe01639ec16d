"""docs/operations.md names the servers' metrics, variables, options and conventions."""

import asyncio
import re
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from rpc.telemetry.otel_environment import HEEDED
from rpc.telemetry.otel_pipeline import SCHEMA_URL

import pytest
from prometheus_client.parser import text_string_to_metric_families

from docs.options import options_table
from services.orc2 import orc2
from testing.addresses import reserved_address
from testing.in_process import serving
from testing.waiting import LIMIT_SECONDS

PAGE = Path("docs/operations.md").read_text()
# Metrics of the process, or start times of series.
NOT_LISTED = re.compile(r"(process|python)_\w+|\w+_created")


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def served(address: str) -> set[str]:
    with urlopen(f"http://{address}/metrics", timeout=LIMIT_SECONDS) as response:
        families = text_string_to_metric_families(response.read().decode())
    names = {f"{one.name}_total" if one.type == "counter" else one.name for one in families}
    return {name for name in names if not NOT_LISTED.fullmatch(name)}


@pytest.mark.parametrize("transport", ["grpcio", "wire"])
async def test_the_list_of_metrics_is_that_of_a_server(transport: str) -> None:
    listed = set(re.findall(r"`((?:grpc|tls|log|event)_[a-z_]+)`", section("Metrics")))
    labels = {"grpc_method", "grpc_status"}
    with reserved_address() as nobody:
        options: dict[str, Any] = {
            "upstream": nobody,
            "metrics_address": "127.0.0.1:0",
            "transport": transport,
        }
        async with serving(orc2.SERVICE, **options) as server:
            assert server.metrics_address is not None
            assert await asyncio.to_thread(served, server.metrics_address) == listed - labels


@pytest.mark.parametrize("variable", sorted(HEEDED))
def test_each_variable_of_opentelemetry_is_named(variable: str) -> None:
    named = re.findall(r"`(OTEL_[A-Z_…]+|…[A-Z_]+)`", section("Traces"))
    patterns = [re.sub("^…", "OTEL_EXPORTER_OTLP…", name).replace("…", ".*") for name in named]
    assert any(re.fullmatch(pattern, variable) for pattern in patterns)


def test_each_option_is_named() -> None:
    options = re.findall(r"^\| `(--[a-z-]+)", options_table(), re.MULTILINE)
    assert len(options) > 30
    unnamed = [option for option in options if not re.search(rf"{option}(?![a-z-])", PAGE)]
    # Only its negation has an effect.
    assert unnamed == ["--reflection"]
    assert "--no-reflection" in PAGE


def test_the_conventions_are_those_of_the_spans() -> None:
    version = SCHEMA_URL.rpartition("/")[2]
    assert f"semantic conventions {version.removesuffix('.0')}." in section("Traces")
