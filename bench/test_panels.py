"""The dashboard's picture has each panel, named as in Grafana."""

from pathlib import Path
from xml.etree import ElementTree as ET

from bench.panels import draw, series_name

START = 1000.0
CALLS = {
    "title": "Calls",
    "kind": "timeseries",
    "unit": "reqps",
    "queries": [{"legend": "{{server}} {{method}}"}],
    "responses": [[{"metric": {"server": "orc1"}, "values": [[1000.0, "1"], [1001.0, "2"]]}]],
}
LATENCIES = {
    "title": "Latencies",
    "kind": "heatmap",
    "unit": "s",
    "queries": [{"legend": "{{le}}"}],
    "responses": [
        [
            {"metric": {"le": le}, "values": [[1000.0, "0"], [1001.0, count]]}
            for le, count in [("0.1", "3"), ("0.01", "1"), ("+Inf", "3")]
        ]
    ],
}


def test_each_panel_is_drawn_the_same_each_time(tmp_path: Path) -> None:
    first, second = tmp_path / "first.svg", tmp_path / "second.svg"
    for file in (first, second):
        draw([CALLS, LATENCIES], START, file)
    assert first.read_bytes() == second.read_bytes()
    texts = set(ET.parse(first).getroot().itertext())
    assert {"Calls", "calls/s", "orc1 ", "Latencies", "seconds"} <= texts
    # The heat map is a bitmap.
    assert first.read_text().count("<image") == 1


def test_a_series_is_named_by_its_labels() -> None:
    assert series_name("{{server}} to {{peer}}", {"server": "orc1"}) == "orc1 to "
