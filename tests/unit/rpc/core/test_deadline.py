"""An upstream's share of its caller's time."""

from rpc.core.deadline import upstream_timeout

import pytest

NOW = 1000.0


@pytest.fixture(autouse=True)
def _at_a_fixed_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rpc.core.deadline.time.perf_counter", lambda: NOW)


def test_a_caller_that_never_gives_up_gets_the_default() -> None:
    assert upstream_timeout(None, 5.0) == 5.0


def test_a_deadline_that_no_clock_reaches_is_one_that_grpcs_do() -> None:
    # The deadline of Java's clients that set none: 2562047 hours.
    assert upstream_timeout(NOW + 2562047 * 3600.0, 5.0) < 1_000_000


def test_a_margin_and_a_share_are_kept_back() -> None:
    assert upstream_timeout(NOW + 10.0, 5.0) == pytest.approx(10.0 - 0.01 - 0.1)


def test_a_short_deadline_is_not_used_up_by_the_margin() -> None:
    assert upstream_timeout(NOW + 0.01, 5.0) == pytest.approx(0.009)


@pytest.mark.parametrize("expires", [NOW, NOW - 1])
def test_a_time_that_is_up_leaves_nothing(expires: float) -> None:
    assert upstream_timeout(expires, 5.0) == 0.0


@pytest.mark.parametrize("remaining", [0.001, 0.1, 1.0, 5.0, 60.0, 3600.0])
def test_each_hop_gives_up_before_its_caller(remaining: float) -> None:
    timeout = remaining
    for _ in range(3):
        given = upstream_timeout(NOW + timeout, 5.0)
        assert timeout * 0.85 < given < timeout
        timeout = given
