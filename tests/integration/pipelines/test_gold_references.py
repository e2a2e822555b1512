"""Every gold table against a slow and obvious account of the same lives, however their events arrive."""

from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipelines.engine import build, daily, priorities
from tests.integration.pipelines.generated_histories import generated_histories
from tests.integration.pipelines.gold_oracle import OF_ALL, OF_USERS, compare_all
from tests.sizes import sized


def test_no_table_is_without_an_account():
    counted = {account.__name__ for account in (*OF_USERS, *OF_ALL)}
    others = {each.name.removeprefix("gold/") for each in (daily.DAILY, priorities.SCORES)}
    assert counted == {table.name for table in build.TABLES} | others


@pytest.mark.timeout(400)  # of the processor it takes a minute, and machines are shared
@settings(
    max_examples=sized(2, 50),
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(users=st.lists(generated_histories, min_size=3, max_size=4), days=st.integers(0, 70), seed=st.integers(0, 2**32))
def test_every_table_says_what_was_counted_slowly(tmp_path_factory, users, days, seed):
    compare_all(tmp_path_factory.mktemp("lake"), users, days, Random(seed))
