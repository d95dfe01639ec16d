"""The dashboard and the rules use only existing metrics, and each alert is explained."""

import re
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import grpc
import pytest
from prometheus_client.parser import text_string_to_metric_families

from proto import user_pb2, user_pb2_grpc
from testing.chain import running_chain
from testing.processes import ServerProcess
from testing.waiting import LIMIT_SECONDS
from tests.deploy.kubernetes_objects import SERVERS
from tests.deploy.observability import asked_for, dashboard, metrics_in, rules, yaml

# Prometheus' own.
UP = "up"
METRICS = ["--metrics-address", "127.0.0.1:0"]


def served(server: ServerProcess) -> set[str]:
    """Names of a server's metrics, with or without samples."""
    with urlopen(f"http://{server.metrics_address}/metrics", timeout=LIMIT_SECONDS) as response:
        families = list(text_string_to_metric_families(response.read().decode()))
    kinds = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}
    return {family.name + suffix for family in families for suffix in kinds.get(family.type, ("",))}


def test_every_selected_metric_is_served() -> None:
    with running_chain(orc1=METRICS, orc2=METRICS, mock_data=METRICS) as chain:
        with grpc.insecure_channel(chain.orc1.address) as channel:
            stub = user_pb2_grpc.Orchestrator1ServiceStub(channel)
            stub.GetUserByName(user_pb2.UserName(name="krithik"), timeout=LIMIT_SECONDS)
        for name, server in chain.servers.items():
            assert asked_for() - {UP} - served(server) == set(), f"{name} lacks them"


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ('sum by (le) (rate(calls_total{code!="ok or"}[5m])) > 0', {"calls_total"}),
        ("a:b:rate5m and c_d / on (x) 1e3", {"a:b:rate5m", "c_d"}),
        ("histogram_quantile(0.99, sum by (a, le) (rate(t_bucket[$__rate]))) or 0", {"t_bucket"}),
    ],
)
def test_names_in_an_expression(expression: str, names: set[str]) -> None:
    assert metrics_in(expression) == names


def test_panels_have_a_place_each() -> None:
    drawn = dashboard()["panels"]
    assert Counter(panel["id"] for panel in drawn).most_common(1)[0][1] == 1
    for one, other in combinations((panel["gridPos"] for panel in drawn), 2):
        assert not overlap(one, other), (one, other)


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    """True if two places on the dashboard overlap."""
    across = one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"]
    return across and one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"]


def test_every_query_is_put_to_the_chosen_prometheus() -> None:
    for panel in dashboard()["panels"]:
        for query in panel.get("targets", ()):
            assert query["datasource"]["uid"] == "${prometheus}"
    assert [one["name"] for one in dashboard()["templating"]["list"]] == ["prometheus", "server"]


@pytest.mark.parametrize("rule", rules("alerts.yaml"), ids=lambda rule: rule["alert"])
def test_an_alert_says_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"page", "ticket"}
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^#+ (.*)$", Path(page).read_text(), re.MULTILINE)
    assert anchor in {heading.lower() for heading in headings}
    assert anchor == rule["alert"].lower()


def test_every_alert_is_tried() -> None:
    tried = {
        one["alertname"]
        for test in yaml("rules_test.yaml")["tests"]
        for one in test["alert_rule_test"]
        if one.get("exp_alerts")
    }
    assert tried == {rule["alert"] for rule in rules("alerts.yaml")}


def test_prometheus_looks_at_each_server_in_kubernetes() -> None:
    jobs = {job["job_name"]: job for job in yaml("prometheus.yaml")["scrape_configs"]}
    assert jobs.keys() == set(SERVERS)
    for name, job in jobs.items():
        host = f"{name}.orchestrator.svc.cluster.local"
        assert job["tls_config"]["server_name"] == host
        assert [one["names"] for one in job["dns_sd_configs"]] == [[host]]
