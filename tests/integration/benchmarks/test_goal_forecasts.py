"""When a goal is reached lies between p10 and p90 of what was forecast about four times in five, however it goes."""

from benchmarks.goal_forecasts import coverage, simulated


def test_four_of_five_goals_are_reached_between_the_soonest_and_the_latest():
    *kinds, everyone = coverage(simulated(150, seed=2026))
    assert everyone["goals"] > 900
    assert 0.75 <= everyone["inside"] <= 0.85
    assert everyone["late"] - everyone["early"] < 0.08
    assert everyone["open_ended"] < 0.1
    assert [kind["kind"] for kind in kinds if not 0.7 <= kind["inside"] <= 0.9] == []
