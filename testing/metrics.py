"""What a server's metrics say, read as Prometheus reads them."""

from urllib.request import urlopen

from rpc.server.running_server import RunningServer

from prometheus_client.parser import text_string_to_metric_families

from testing.processes import ServerProcess
from testing.waiting import LIMIT_SECONDS, wait_until


def metric(server: ServerProcess | RunningServer, name: str, **labels: str) -> float:
    """Sum of a metric's samples that bear the labels, or 0 if there is none."""
    assert server.metrics_address is not None, "the server was not told to serve metrics"
    url = f"http://{server.metrics_address}/metrics"
    with urlopen(url, timeout=LIMIT_SECONDS) as response:
        families = list(text_string_to_metric_families(response.read().decode()))
    samples = [sample for family in families for sample in family.samples if sample.name == name]
    return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())


def wait_until_in_flight(server: ServerProcess, calls: int) -> None:
    """Waits until the server is answering so many calls."""
    gauge = "grpc_server_call_in_flight"
    wait_until(lambda: metric(server, gauge) == calls, f"{calls} calls are in flight")
