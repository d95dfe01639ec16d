"""What is read out of h2load's report, and what is not taken on trust."""

import itertools

import pytest

from bench.h2load import check, frame, latencies, seconds, timing_script
from bench.load import LoadError

REPORT = """\
finished in 1.57s, 1914.59 req/s, 142.48KB/s
requests: 3000 total, 3000 started, 3000 done, {succeeded} succeeded, {failed} failed, 0 errored
status codes: 3000 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 223.26KB (228619) total, 9.38KB (9600) headers (space savings 96.05%), 1KB ({data}) data
"""
RESPONSE_BYTES = 19


def report(*, succeeded: int = 3000, failed: int = 0, data: int = 3000 * RESPONSE_BYTES) -> str:
    return REPORT.format(succeeded=succeeded, failed=failed, data=data)


def test_right_answers_pass() -> None:
    check(report(), 3000)


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (report(succeeded=2999, failed=1), "not all succeeded"),
        (report(data=2999 * RESPONSE_BYTES), "bytes of responses"),
        (report(data=3000 * RESPONSE_BYTES + 1), "bytes of responses"),
        ("Segmentation fault", "says nothing"),
    ],
    ids=["failed", "one error status", "one byte more", "crash"],
)
def test_anything_else_voids_the_figures(output: str, said: str) -> None:
    with pytest.raises(LoadError, match=said):
        check(output, 3000)


def test_fewer_calls_than_asked_for_void_the_figures() -> None:
    with pytest.raises(LoadError, match="not all succeeded"):
        check(report(), 3001)


@pytest.mark.parametrize(
    ("text", "value"), [("1.57s", 1.57), ("980.12ms", 0.98012), ("870us", 0.00087)]
)
def test_the_time_is_read_in_each_unit(text: str, value: float) -> None:
    assert seconds(f"finished in {text}, 1 req/s, 1KB/s") == pytest.approx(value)


def test_a_report_without_a_time_is_refused() -> None:
    with pytest.raises(LoadError):
        seconds("finished")


def test_latencies_are_sorted_milliseconds() -> None:
    log = "1795476908684911\t200\t949\n1795476908695024\t200\t378\n"
    assert latencies(log) == [0.378, 0.949]


def test_a_frame_is_flag_length_message() -> None:
    assert frame(b"abc") == b"\x00\x00\x00\x00\x03abc"


def test_the_script_sends_each_call_a_timers_delay_early() -> None:
    lines = timing_script("http://x", [0.0, 0.0102, 0.0103, 0.0203]).splitlines()
    moments = [float(line.split("\t")[0]) for line in lines]
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert moments[0] == 0
    assert gaps == pytest.approx([9.7, 0.0, 9.5])
