"""The table against a slow and obvious account of the same histories."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from focusflow.clock import local_date
from focusflow.lake.tables import Lake
from pipelines.reference.days import productivity_daily
from tests.integration.pipelines.account import Account
from tests.integration.pipelines.conftest import World
from tests.integration.pipelines.stories import stories
from tests.sizes import sized


@pytest.mark.timeout(300)
@settings(max_examples=sized(6, 100))
@given(story=stories, hours=st.integers(0, 72))
def test_every_day_comes_out_as_counted_slowly(tmp_path_factory, story, hours):
    ada = story.user()
    as_of = ada.events[-1].time + timedelta(hours=hours)
    world = World(Lake(str(tmp_path_factory.mktemp("lake"))))
    world.land(ada.events)
    world.refresh(as_of)
    days = world.days(ada)
    assert list(days)[-1] == f"{local_date(as_of, ada.timezone)}"
    for day, expected in productivity_daily(Account(ada, as_of)).items():
        told = {name: days[f"{day}"][name] for name in expected}
        assert told == pytest.approx(expected), day
