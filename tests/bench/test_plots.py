"""Plots are well-formed SVG that bears the data."""

from xml.etree import ElementTree as ET

import pytest

from bench.figures import Figure
from bench.plots import Axes, curves, round_up, stacks

AXES = Axes("A <title>", "calls in flight", "calls/s")
SVG = "{http://www.w3.org/2000/svg}"


def test_a_curve_goes_through_each_median_in_order() -> None:
    points = {512.0: Figure(50, 40, 60), 1.0: Figure(10, 9, 11), 8.0: Figure(100, 90, 100)}
    root = ET.fromstring(curves(AXES, {"ours & theirs": points}))
    line = root.find(f"{SVG}polyline")
    assert line is not None
    places = [tuple(map(float, place.split(","))) for place in line.attrib["points"].split()]
    assert [x for x, _ in places] == sorted(x for x, _ in places)
    # Down the page is less.
    assert places[1][1] < places[2][1] < places[0][1]
    assert "A <title>" in "".join(root.itertext())
    assert "ours & theirs" in "".join(root.itertext())


def test_stacks_lie_upon_each_other() -> None:
    root = ET.fromstring(stacks(AXES, {"ours": {"orc1": 30.0, "orc2": 20.0}}))
    lower, upper = [one.attrib for one in root.findall(f"{SVG}rect") if "x" in one.attrib][:2]
    assert float(upper["y"]) + float(upper["height"]) == pytest.approx(float(lower["y"]), abs=0.2)
    assert float(lower["height"]) / float(upper["height"]) == pytest.approx(1.5, abs=0.01)


@pytest.mark.parametrize(
    ("value", "top"), [(0.7, 1), (1, 1), (1.2, 2), (23, 25), (301, 500), (999, 1000)]
)
def test_an_axis_ends_in_a_round_number(value: float, top: float) -> None:
    assert round_up(value) == pytest.approx(top)
