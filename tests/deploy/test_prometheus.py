"""The rules and the dashboard in Debian's Prometheus, on a running chain.

It needs a Prometheus. Bazel brings none, but deploy/observability/check.sh does. Without one
everything is skipped.
"""

import asyncio
import json
import os
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from testing.channels import open_channel
from testing.load import open_load, steady_load
from testing.processes import running
from testing.waiting import eventually
from tests.deploy.observability import DashboardPanel, panels
from tests.deploy.prometheus import Prometheus, Series, program, promtool, running_prometheus
from tests.support.chain_calls import caller
from tests.support.replicas import Replica, replicas, target

METRICS = ["--metrics-address", "127.0.0.1:0"]
SLOTS = 20
TIMEOUT = 5.0
CALM_SECONDS, LOAD_SECONDS = 12.0, 8.0
CALM_RATE = 50.0
# Grafana's values for the variables of the dashboard.
VARIABLES = {"$__rate_interval": "5s", "$server": ".+"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "rules", "recording.yaml", "alerts.yaml"],
        ["check", "config", "--syntax-only", "prometheus.yaml"],
        ["test", "rules", "rules_test.yaml"],
    ],
    ids=" ".join,
)
def test_promtool_finds_no_fault(arguments: list[str]) -> None:
    assert "SUCCESS" in promtool(*arguments)


async def test_dashboard_and_rules_see_the_running_chain(tmp_path: Path) -> None:
    program("prometheus")
    slow, few = ["--delay", "0.02"], ["--max-concurrent-rpcs", str(SLOTS)]
    with (
        replicas("services/mock_data", 2, *METRICS, *slow) as third,
        running("services/orc2", "--upstream", target(third), *METRICS, *few) as second,
        running("services/orc1", "--upstream", second.address, *METRICS) as first,
    ):
        servers = {
            "orc1": [first],
            "orc2": [second],
            "mock-data": [replica.server for replica in third],
        }
        with running_prometheus(servers, tmp_path) as prometheus:
            start = time.time()
            await load(first.address, third[0])
            await eventually(lambda: sees(prometheus), "Prometheus has seen the end of the load")
            check(prometheus)
            look_at_panels(prometheus, start)


async def load(address: str, mock_data: Replica) -> None:
    """Calm, then more calls than there are slots, then enough calls while a replica dies."""
    async with open_channel(address, "user.Orchestrator1Service") as channel:
        call = caller(channel, TIMEOUT)
        await open_load(call, CALM_RATE, CALM_SECONDS)
        async with steady_load(call, 2 * SLOTS):
            await asyncio.sleep(LOAD_SECONDS)
        async with steady_load(call, SLOTS // 2):
            await asyncio.sleep(1)
            mock_data.kill()
            await asyncio.sleep(LOAD_SECONDS)
        await open_load(call, CALM_RATE, CALM_SECONDS)


def sees(prometheus: Prometheus) -> bool:
    """True once it has scraped all servers since the load, and evaluated an hour's rule."""
    seen = prometheus.values("sum(grpc_server_call_retried_total)")
    return any(seen) and bool(prometheus.values("server:grpc_server_call:error_ratio_rate1h"))


def check(prometheus: Prometheus) -> None:
    """Each rule can be evaluated, each panel shows data, and past events are visible."""
    groups = prometheus.ask("rules")["groups"]
    assert {rule["health"] for group in groups for rule in group["rules"]} == {"ok"}
    assert sorted(prometheus.values('up{server!=""}')) == [0, 1, 1, 1]
    assert prometheus.values('grpc_server_call_slots{server="orc2"}') == [SLOTS]
    assert sum(prometheus.values('grpc_server_call_shed_total{server="orc2"}')) > 0
    assert sum(prometheus.values('grpc_server_call_shed_total{server="orc1"}')) == 0
    assert max(prometheus.values('server:grpc_server_call:error_ratio_rate1h{server="orc1"}')) > 0


def look_at_panels(prometheus: Prometheus, start: float) -> None:
    """Queries each panel's series, and keeps them for a picture (//bench:panels)."""
    found = [(panel, ask(prometheus, panel, start)) for panel in panels()]
    empty = [panel.title for panel, responses in found if not all(responses)]
    assert not empty, f"these show nothing: {empty}"
    folder = os.environ.get("TEST_UNDECLARED_OUTPUTS_DIR")
    if folder is not None:
        shown = [asdict(panel) | {"responses": responses} for panel, responses in found]
        Path(folder, "panels.json").write_text(json.dumps({"start": start, "panels": shown}))


def ask(prometheus: Prometheus, panel: DashboardPanel, start: float) -> list[Series]:
    """A panel's series from the start of the run on."""
    asked = []
    for query in panel.queries:
        expression = query.expression
        for name, value in VARIABLES.items():
            expression = expression.replace(name, value)
        response = prometheus.ask(
            "query_range", query=expression, start=start, end=time.time(), step=1
        )
        asked.append(response["result"])
    return asked
