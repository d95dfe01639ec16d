"""Plots as SVG, which browsers and GitHub show without anything else."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from bench.figures import Figure

COLOURS = ("#0b6e4f", "#d1495b", "#30638e", "#edae49", "#6c4ab6", "#555555")

_WIDTH, _HEIGHT = 720, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 20, 44, 84
_TICKS = 5


@dataclass(frozen=True, slots=True)
class Axes:
    """What a plot says beside its data."""

    title: str
    x: str
    y: str


@dataclass(frozen=True, slots=True)
class _Scale:
    """From values to places: x on a logarithmic axis, y from 0 up."""

    least_x: float
    most_x: float
    most_y: float

    def x(self, value: float) -> float:
        span = math.log(self.most_x / self.least_x) or 1.0
        share = math.log(value / self.least_x) / span
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        return _HEIGHT - _BOTTOM - value / self.most_y * (_HEIGHT - _TOP - _BOTTOM)


def curves(axes: Axes, series: Mapping[str, Mapping[float, Figure]]) -> str:
    """Curves over a logarithmic axis: the medians as a line, the range of rounds as a band."""
    xs = sorted({x for points in series.values() for x in points})
    most = max(one.most for points in series.values() for one in points.values())
    scale = _Scale(xs[0], xs[-1], round_up(most))
    parts = [_y_axis(axes, scale), *(_x_tick(scale.x(x), f"{x:g}") for x in xs)]
    for colour, points in zip(COLOURS, series.values(), strict=False):
        parts.append(_band(scale, points, colour))
        parts.append(_line(scale, points, colour))
    return _svg(axes, [*parts, _legend(list(series))])


def stacks(axes: Axes, bars: Mapping[str, Mapping[str, float]]) -> str:
    """One bar for each name, made of its parts one upon the other."""
    most = round_up(max(sum(parts.values()) for parts in bars.values()))
    scale = _Scale(1, 1, most)
    step = (_WIDTH - _LEFT - _RIGHT) / len(bars)
    parts = [_y_axis(axes, scale)]
    for number, (name, values) in enumerate(bars.items()):
        middle = _LEFT + (number + 0.5) * step
        parts += [_x_tick(middle, name), _stack(scale, middle, step * 0.5, list(values.values()))]
    return _svg(axes, [*parts, _legend(list(next(iter(bars.values()))))])


def round_up(value: float) -> float:
    """The next of 1, 2, 2.5, 5 times a power of ten, for the top of an axis."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value)


def _line(scale: _Scale, points: Mapping[float, Figure], colour: str) -> str:
    places = [(scale.x(x), scale.y(one.median)) for x, one in sorted(points.items())]
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places)
    return (
        f'<polyline points="{_places(places)}" fill="none" stroke="{colour}" stroke-width="2"/>'
        f"{dots}"
    )


def _band(scale: _Scale, points: Mapping[float, Figure], colour: str) -> str:
    ordered = sorted(points.items())
    up = [(scale.x(x), scale.y(one.most)) for x, one in ordered]
    down = [(scale.x(x), scale.y(one.least)) for x, one in reversed(ordered)]
    return f'<polygon points="{_places(up + down)}" fill="{colour}" opacity="0.15"/>'


def _places(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _stack(scale: _Scale, middle: float, width: float, values: Sequence[float]) -> str:
    parts, below = [], 0.0
    for colour, value in zip(COLOURS, values, strict=False):
        top, bottom = scale.y(below + value), scale.y(below)
        parts.append(
            f'<rect x="{middle - width / 2:.1f}" y="{top:.1f}" width="{width:.1f}"'
            f' height="{bottom - top:.1f}" fill="{colour}"/>'
            f'<text x="{middle:.1f}" y="{(top + bottom) / 2 + 4:.1f}" text-anchor="middle"'
            f' fill="#fff">{value:.0f}</text>'
        )
        below += value
    return "".join(parts)


def _x_tick(place: float, text: str) -> str:
    return _text(place, _HEIGHT - _BOTTOM + 18, "middle", text)


def _text(x: float, y: float, anchor: str, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _y_axis(axes: Axes, scale: _Scale) -> str:
    parts = [
        f'<text x="{_LEFT}" y="{_TOP - 10}">{escape(axes.y)}</text>',
        _text(_WIDTH - _RIGHT, _HEIGHT - _BOTTOM + 36, "end", axes.x),
    ]
    for tick in range(_TICKS + 1):
        value = scale.most_y * tick / _TICKS
        y = scale.y(value)
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'
        )
    return "".join(parts)


def _legend(names: Sequence[str]) -> str:
    step, y = (_WIDTH - _LEFT - _RIGHT) / len(names), _HEIGHT - 16
    return "".join(
        f'<rect x="{_LEFT + number * step:.0f}" y="{y - 10}" width="12" height="12"'
        f' fill="{colour}"/>'
        f'<text x="{_LEFT + number * step + 18:.0f}" y="{y}">{escape(name)}</text>'
        for number, (colour, name) in enumerate(zip(COLOURS, names, strict=False))
    )


def _svg(axes: Axes, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
        f' width="{_WIDTH}" font-family="sans-serif" font-size="12" role="img">'
        f'<title>{escape(axes.title)}</title><rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="{_WIDTH / 2}" y="18" text-anchor="middle" font-size="15">'
        f"{escape(axes.title)}</text>{''.join(parts)}</svg>\n"
    )
