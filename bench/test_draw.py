"""Pictures of a run show its figures, and are the same for the same run."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

from bench.draw import Rounds, draw

DOCS = Path("docs/performance")
PICTURES = ("cpu.svg", "latency.svg", "throughput.svg")
SVG = "{http://www.w3.org/2000/svg}"


def a_round(rate: float) -> dict[str, object]:
    """A round: latency and CPU time grow with the calls in flight."""
    points = {
        str(in_flight): {
            "rate": rate * in_flight,
            "latency": {"p99": float(in_flight)},
            "cpu": {"mock_data": 20.0, "orc2": 30.0, "orc1": 40.0},
        }
        for in_flight in (512, 1, 8, 128)
    }
    return {"points": points}


def drawn(rounds: Rounds, folder: Path) -> dict[str, ET.Element]:
    draw(rounds, folder)
    return {name: ET.parse(folder / name).getroot() for name in PICTURES}


def words(picture: ET.Element) -> list[str]:
    return [text for element in picture.iter(f"{SVG}text") if (text := element.text)]


def legend(picture: ET.Element) -> ET.Element:
    (found,) = [one for one in picture.iter(f"{SVG}g") if one.get("id") == "legend_1"]
    return found


def test_pictures_name_contenders_and_units(tmp_path: Path) -> None:
    pictures = drawn({"ours & theirs": [a_round(10), a_round(20)]}, tmp_path)
    for name, unit in [("throughput.svg", "calls/s"), ("latency.svg", "ms")]:
        assert {"ours & theirs", unit, "1", "8", "128", "512"} <= set(words(pictures[name]))
    assert {"ours & theirs", "orc1", "orc2", "mock_data"} <= set(words(pictures["cpu.svg"]))


def test_a_bar_has_the_sum_of_its_hops(tmp_path: Path) -> None:
    assert "90" in words(drawn({"ours": [a_round(10)]}, tmp_path)["cpu.svg"])


def test_latency_is_on_a_logarithmic_axis(tmp_path: Path) -> None:
    assert {"10", "100"} <= set(words(drawn({"ours": [a_round(1)]}, tmp_path)["latency.svg"]))


def test_no_two_contenders_look_the_same(tmp_path: Path) -> None:
    names = [f"number {number}" for number in range(16)]
    picture = drawn({name: [a_round(1)] for name in names}, tmp_path)["latency.svg"]
    looks = {line.get("style") for line in legend(picture).iter(f"{SVG}path")}
    assert len(looks) == len(names)


def test_names_stand_in_the_order_of_the_lines(tmp_path: Path) -> None:
    rounds = {"slow": [a_round(1)], "fast": [a_round(3)], "middling": [a_round(2)]}
    picture = drawn(rounds, tmp_path)["throughput.svg"]
    assert words(legend(picture)) == ["fast", "middling", "slow"]


def test_black_on_white_is_legible_in_any_theme(tmp_path: Path) -> None:
    for picture in drawn({"ours": [a_round(1)]}, tmp_path).values():
        background = next(picture.iter(f"{SVG}path"))
        assert background.get("style") == "fill: #ffffff"
        _, _, width, height = picture.attrib["viewBox"].split()
        assert f"{width} {height}" in background.attrib["d"]
        assert not any("fill" in text.attrib["style"] for text in picture.iter(f"{SVG}text"))


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    """The page's pictures belong to the run kept beside them."""
    draw(json.loads((DOCS / "chain.json").read_text())["rounds"], tmp_path)
    for name in PICTURES:
        assert (tmp_path / name).read_bytes() == (DOCS / name).read_bytes()
