"""Debian's Prometheus with deploy/observability's configuration, for servers of this machine."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from ruamel.yaml import YAML

from testing.addresses import reserved_address
from testing.processes import ServerProcess
from testing.waiting import LIMIT_SECONDS, wait_until
from tests.deploy.observability import FOLDER, yaml

Series = list[dict[str, Any]]
"""The result of `query_range`: each series' labels (`metric`) and `values`."""

_PROGRAMS = "PROMETHEUS"
_SCRAPE_SECONDS = 1


def program(name: str) -> Path:
    """Path of `prometheus` or `promtool`. Skips the test if Prometheus is missing."""
    folder = os.environ.get(_PROGRAMS)
    if folder is None:
        pytest.skip("deploy/observability/check.sh gets Prometheus and runs this")
    return Path(folder, name)


def promtool(*arguments: str) -> str:
    """Runs promtool in deploy/observability, and returns its output.

    Raises:
        AssertionError: it found a fault. The message is its output.
    """
    ended = subprocess.run(
        [program("promtool"), *arguments], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


class Prometheus:
    """A running Prometheus."""

    def __init__(self, address: str) -> None:
        self._address = address

    def is_ready(self) -> bool:
        """True once it answers."""
        try:
            with urlopen(f"http://{self._address}/-/ready", timeout=LIMIT_SECONDS):
                return True
        except (URLError, ConnectionError):
            return False

    def ask(self, what: str, **parameters: str | float) -> Any:
        """Its response, by https://prometheus.io/docs/prometheus/2.42/querying/api/.

        Raises:
            HTTPError: it cannot answer, for example because of a faulty query.
        """
        url = f"http://{self._address}/api/v1/{what}?{urlencode(parameters)}"
        with urlopen(url, timeout=LIMIT_SECONDS) as response:
            return json.load(response)["data"]

    def values(self, expression: str) -> list[float]:
        """The current values of all series of an expression."""
        result = self.ask("query", query=expression)["result"]
        return [float(one["value"][1]) for one in result]


@contextmanager
def running_prometheus(
    servers: Mapping[str, list[ServerProcess]], folder: Path
) -> Iterator[Prometheus]:
    """Starts it, and waits until it answers.

    Args:
        servers: the scraped servers, by the names of their jobs.
        folder: for its files. Empty.
    """
    configuration = folder / "prometheus.yaml"
    with configuration.open("w") as file:
        YAML(typ="safe").dump(_configuration(servers), file)
    # Prometheus does not share its port, so the address is free again when it starts.
    with reserved_address() as address:
        arguments = [f"--config.file={configuration}", f"--web.listen-address={address}"]
    with (folder / "log").open("wb") as log:
        arguments.append(f"--storage.tsdb.path={folder / 'data'}")
        process = subprocess.Popen([program("prometheus"), *arguments], stderr=log)
    try:
        running = Prometheus(address)
        wait_until(lambda: process.poll() is not None or running.is_ready(), "Prometheus answers")
        assert process.poll() is None, (folder / "log").read_text()
        yield running
    finally:
        process.kill()
        process.wait()


def _configuration(servers: Mapping[str, list[ServerProcess]]) -> Any:
    """The configuration for Kubernetes, with other addresses, TLS and scrape interval."""
    read = yaml("prometheus.yaml")
    every = f"{_SCRAPE_SECONDS}s"
    read["global"] = {"scrape_interval": every, "evaluation_interval": every}
    read["rule_files"] = [str((FOLDER / file).resolve()) for file in read["rule_files"]]
    for job in read["scrape_configs"]:
        del job["scheme"], job["tls_config"], job["dns_sd_configs"]
        addresses = [server.metrics_address for server in servers[job["job_name"]]]
        job["static_configs"] = [{"targets": addresses}]
    return read
