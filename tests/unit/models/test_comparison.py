"""Two orders compared by a coin for each user and day."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID

import pytest

from models.evaluation.feedback import compared
from models.serving.comparison import is_baseline_day
from models.serving.registry import Registry, Serving
from models.serving.scoring import BASELINE_VERSION
from tests.unit.models.made_up import model

FIRST = date(2026, 3, 2)
USERS = [UUID(int=number) for number in range(12)]


def shown(gain, *, days=60, seed=1):
    """Days of users who take up more or less, the more under a model by a gain."""
    dice = Random(seed)
    rows = []
    for number, user in enumerate(USERS):
        for day in (FIRST + timedelta(days=n) for n in range(days)):
            is_baseline = is_baseline_day(user, day)
            taken_up = 0.2 + 0.04 * number + (0 if is_baseline else gain) + dice.gauss(0, 0.15)
            version = BASELINE_VERSION if is_baseline else "pr-1"
            rows.append({"user_id": user, "local_date": day, "model_version": version, "taken_up": taken_up})
    return rows


def uplift(rows):
    found = compared(rows)
    assert found is not None
    return found


def test_half_of_the_days_of_each_user_are_of_urgency_and_each_is_always_the_same():
    days = [FIRST + timedelta(days=n) for n in range(400)]
    for user in USERS:
        coins = [is_baseline_day(user, day) for day in days]
        assert 0.4 < sum(coins) / len(days) < 0.6
        assert coins == [is_baseline_day(user, day) for day in days]


def test_a_gain_is_found_with_its_interval_and_no_gain_is_not():
    found, nothing = uplift(shown(0.1)), uplift(shown(0.0))
    assert found.difference.low < 0.1 < found.difference.high
    assert found.difference.low > 0 > nothing.difference.low
    assert 0 < found.detectable < 0.1
    assert found.users == 12
    assert found.days_by_model + found.days_by_urgency <= 12 * 60


def test_more_days_show_smaller_differences():
    assert uplift(shown(0.0, days=120)).detectable < uplift(shown(0.0, days=30)).detectable


def test_days_that_no_coin_decided_are_no_comparison():
    by_model = [row | {"model_version": "pr-1"} for row in shown(0.1)]
    assert compared(by_model) is None
    before = [
        row | {"local_date": row["local_date"] - timedelta(days=90), "model_version": "pr-0", "taken_up": 0.0}
        for row in shown(0.0)
    ]
    assert uplift(before + shown(0.0)).difference.mean == pytest.approx(uplift(shown(0.0)).difference.mean)


@pytest.mark.parametrize("has_comparison", [False, True])
def test_the_model_ranks_every_day_unless_it_is_compared(tmp_path, has_comparison):
    registry = Registry(tmp_path)
    registry.promote(
        registry.save(model(), {"refused": []}, datetime(2026, 3, 1, tzinfo=UTC)), datetime(2026, 3, 1, tzinfo=UTC)
    )
    serving = Serving(registry, has_comparison=has_comparison)
    days = [FIRST + timedelta(days=n) for n in range(30)]
    ranked = [serving.model_for(USERS[0], day) is not None for day in days]
    assert ranked == [not (has_comparison and is_baseline_day(USERS[0], day)) for day in days]
