"""What a table says of many rounds."""

import pytest

from bench.figures import Figure, figure, percentile, percentiles, ratio


def test_a_figure_is_the_median_with_its_range() -> None:
    assert figure([3.0, 1.0, 9.0, 2.0]) == Figure(2.5, 1.0, 9.0)


def test_a_ratio_is_taken_round_by_round() -> None:
    assert ratio([10.0, 20.0, 90.0], [10.0, 10.0, 30.0]) == Figure(2.0, 1.0, 3.0)


def test_rounds_of_different_number_have_no_ratio() -> None:
    with pytest.raises(ValueError, match="zip"):
        ratio([1.0], [1.0, 2.0])


def test_no_rounds_have_no_figure() -> None:
    with pytest.raises(ValueError, match="no rounds"):
        figure([])


@pytest.mark.parametrize(
    ("percent", "value"), [(50, 500), (90, 900), (99, 990), (99.9, 999), (100, 1000), (0.01, 1)]
)
def test_a_percentile_is_a_value_that_was_measured(percent: float, value: float) -> None:
    assert percentile([float(number) for number in range(1, 1001)], percent) == value


def test_a_single_value_is_every_percentile() -> None:
    assert percentiles([7.0]) == {"p50": 7.0, "p90": 7.0, "p99": 7.0, "p99.9": 7.0}


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)
