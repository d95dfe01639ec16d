"""The simulator: the same each time, and right where the answer is known."""

import re
from pathlib import Path

import pytest

from bench.simulation import rollout
from bench.simulation.capacity import replicas, waits
from bench.simulation.mesh import mesh, rendezvous
from bench.simulation.plots import draw
from bench.simulation.scenarios import SCENARIOS, SECONDS, Records, run, run_all

END = range(SECONDS - 10, SECONDS)


@pytest.fixture(scope="module")
def records() -> Records:
    return run_all()


def test_a_scenario_gives_the_same_record_each_time() -> None:
    scenario = SCENARIOS["slow_replica"]
    first, second = (run(scenario, scenario.variants["nothing"], seconds=5) for _ in range(2))
    assert first == second
    assert sum(first.ends.values()) > 0


def test_eager_retries_never_recover_and_ours_do(records: Records) -> None:
    storm = records["retry_storm"]
    assert storm["retries of everything"].share_good(END) < 0.1
    assert storm["ours: only UNAVAILABLE, shedding"].share_good(END) > 0.99


def test_the_throttle_stops_retries_of_what_is_broken(records: Records) -> None:
    during = SCENARIOS["broken"].during
    attempts = [record.attempts_a_call(during) for record in records["broken"].values()]
    assert attempts == [pytest.approx(3, abs=0.1), pytest.approx(1, abs=0.1)]


@pytest.mark.parametrize("load", [0.3, 0.6])
def test_waits_are_those_of_a_queue_with_one_server(load: float) -> None:
    # M/M/1: the time in the system is exponential, with a mean of 1 / (1 - load) service times.
    assert waits(load)["p50"] == pytest.approx(0.693 / (1 - load), rel=0.1)
    assert waits(load)["p99"] == pytest.approx(4.605 / (1 - load), rel=0.2)


def test_replicas_for_a_rate() -> None:
    found = replicas(1_000_000, 30e-6, use=0.6)
    assert found.cores == pytest.approx(30)
    assert found.replicas == 51
    assert found.after_a_loss == pytest.approx(30 / 34)


def test_subsets_bound_the_connections() -> None:
    assert mesh(1000, 100).connections == 100_000
    parts = mesh(1000, 100, subset=20)
    assert (parts.connections, parts.of_a_server) == (20_000, 200)
    assert 200 < parts.most < 300
    assert mesh(10, 10, subset=20) == mesh(10, 10)


def test_a_server_more_changes_one_connection_at_most() -> None:
    for caller in range(100):
        before, after = (set(rendezvous(caller, servers, 20)) for servers in (100, 101))
        assert len(before - after) <= 1


def test_a_rolling_restart_takes_its_steps_in_turn() -> None:
    assert rollout.seconds(4, surge=1) == 4 * 15 + 10
    assert rollout.seconds(4, surge=rollout.surge(4, 0.25)) == 4 * 15 + 10
    assert rollout.seconds(7, surge=rollout.surge(7, 0.25)) == 4 * 15 + 10


def test_the_page_shows_every_plot() -> None:
    shown = set(re.findall(r"\(scale/(\w+)\.svg\)", Path("docs/scale.md").read_text()))
    assert shown == {*SCENARIOS, "waits"}


def test_the_pages_plots_are_of_this_simulator(records: Records, tmp_path: Path) -> None:
    draw(records, tmp_path)
    for plot in tmp_path.iterdir():
        assert plot.read_bytes() == Path("docs/scale", plot.name).read_bytes()
