"""A minute's requests at once, then as they come back; each user's their own."""

from uuid import UUID

import pytest

from operational_api.security import quota
from operational_api.security.quota import Quota, TooManyRequests

ADA, BEN = UUID(int=1), UUID(int=2)


@pytest.fixture
def seconds():
    return [0.0]


@pytest.fixture
def six_a_minute(seconds):
    return Quota(6, clock=lambda: seconds[0])


def test_what_is_more_than_a_minutes_requests_is_refused_until_one_comes_back(six_a_minute, seconds):
    for _ in range(6):
        six_a_minute.count(ADA)
    with pytest.raises(TooManyRequests) as refused:
        six_a_minute.count(ADA)
    assert refused.value.retry_after == 10
    six_a_minute.count(BEN)
    seconds[0] += 10
    six_a_minute.count(ADA)
    with pytest.raises(TooManyRequests):
        six_a_minute.count(ADA)


def test_those_who_have_all_their_requests_again_are_forgotten(six_a_minute, seconds, monkeypatch):
    monkeypatch.setattr(quota, "PEOPLE", 1)
    six_a_minute.count(ADA)
    seconds[0] += 10
    six_a_minute.count(BEN)
    assert list(six_a_minute._whole_at) == [BEN]
