"""Pictures for the docs: SVG, the same to the byte for the same data."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
from matplotlib import rcsetup, style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

_COLOURS = mpl.color_sequences["Dark2"]
_DASHES = ["-", "--"]
_STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#999999",
    "axes.grid": True,
    "axes.prop_cycle": rcsetup.cycler(
        color=_COLOURS * len(_DASHES),
        linestyle=[dash for dash in _DASHES for _ in _COLOURS],
    ),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": "medium",
    "figure.constrained_layout.use": True,
    # The list stands in each text of a picture.
    "font.sans-serif": ["DejaVu Sans", "Verdana"],
    "font.size": 9,
    "grid.color": "#dddddd",
    "legend.frameon": False,
    # GitHub shows a picture on white or on black, and does not say on which.
    "savefig.facecolor": "white",
    # Letters stay letters, and no name in the file is random.
    "svg.fonttype": "none",
    "svg.hashsalt": "plots",
}
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


@contextmanager
def drawing(file: Path, inches: tuple[float, float] = (7.2, 4.0)) -> Iterator[Figure]:
    """A figure to draw on. Leaving the context writes it as SVG."""
    # The user's own matplotlibrc does not count.
    with style.context(["default", _STYLE]):
        figure = Figure(figsize=inches)
        yield figure
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata=_NO_METADATA)
    lines = text.getvalue().splitlines()
    file.write_text("".join(f"{line.rstrip()}\n" for line in lines))


def legend_beside(panel: Axes, handles: Sequence[Line2D] | None = None) -> None:
    """Names what is drawn, or the handles in their order, on the right of it."""
    panel.legend(handles=handles, loc="upper left", bbox_to_anchor=(1, 1))
