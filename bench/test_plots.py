"""Plots are well-formed SVG that bears the data, and are the same for the same data."""

from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest

from bench.figures import Figure
from bench.plots import Axes, curves, lines, stacks

AXES = Axes("A <title>", "calls in flight", "calls/s")


def draw_curves() -> str:
    points = {512.0: Figure(50, 40, 60), 1.0: Figure(10, 9, 11), 8.0: Figure(100, 90, 100)}
    return curves(AXES, {"ours & theirs": points})


def draw_lines() -> str:
    return lines(AXES, {"ours & theirs": {1: 8, 2: 4}})


def draw_stacks() -> str:
    return stacks(AXES, {"ours & theirs": {"orc1": 30.0, "orc2": 20.0}})


@pytest.mark.parametrize("draw", [draw_curves, draw_lines, draw_stacks])
def test_a_plot_says_what_it_shows(draw: Callable[[], str]) -> None:
    words = "".join(ET.fromstring(draw()).itertext())
    for text in ("A <title>", "ours & theirs", "calls in flight", "calls/s"):
        assert text in words


@pytest.mark.parametrize("draw", [draw_curves, draw_lines, draw_stacks])
def test_the_same_data_give_the_same_bytes(draw: Callable[[], str]) -> None:
    assert draw() == draw()


def test_a_curve_has_its_points_in_order() -> None:
    words = "".join(ET.fromstring(draw_curves()).itertext()).split()
    marks = [word for word in words if word in {"1", "8", "512"}]
    assert marks == ["1", "8", "512"]


def test_a_stack_has_the_figure_of_each_part() -> None:
    words = "".join(ET.fromstring(draw_stacks()).itertext()).split()
    assert {"30", "20", "orc1", "orc2"} <= set(words)
