"""The next period of a user lies in the usual range about four times in five, however the series behaves and however short it is."""

import pytest

from benchmarks.usual_ranges import KINDS, coverage


@pytest.fixture(scope="module")
def found():
    return coverage(1500, seed=2026)


@pytest.mark.parametrize("kind", KINDS)
def test_the_next_period_lies_in_the_usual_range(found, kind):
    shares = {row["periods"]: row["inside"] for row in found if row["kind"] == kind}
    assert 0.78 <= sum(shares.values()) / len(shares) <= 0.85
    assert all(0.76 <= share <= 0.87 for share in shares.values()), shares  # 1,500 series: a standard error of 0.01


def test_a_stationary_series_is_called_higher_or_lower_in_a_fifth_of_periods_at_most(found):
    stationary = [row for row in found if "autocorrelation" not in row["kind"]]
    assert sum(row["higher"] + row["lower"] for row in stationary) / len(stationary) <= 0.2


def test_the_range_of_a_short_history_is_wider(found):
    for kind in ("scores", "minutes", "counts, mean 20"):
        widths = {row["periods"]: row["width"] for row in found if row["kind"] == kind}
        assert widths[6] > widths[8] > widths[26]
