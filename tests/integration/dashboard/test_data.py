"""What the data layer lets out: a user's own rows, and to analysts what is about all."""

from pathlib import Path
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.data import lake
from focusflow.identity import bucket_of, new_id
from pipelines.engine.daily import DAILY
from tests.integration.dashboard.conftest import PAGE_SECONDS, TODAY, days_of


def answer_to(question, **values):
    """What a page gets to see, as CSV; the problem that is raised, by its name."""

    def script(question, values):
        import streamlit as st

        from dashboard.data import lake
        from focusflow.errors import Problem

        try:
            st.text(lake.query(question, **values).write_csv())
        except Problem as problem:
            st.text(type(problem).__name__)

    page = AppTest.from_function(
        script, kwargs={"question": question, "values": values}, default_timeout=PAGE_SECONDS
    ).run()
    assert not page.exception, page.exception
    return page.text[0].value


def test_a_query_sees_no_row_of_anybody_else(look):
    me, other = str(new_id()), str(new_id())
    look(days_of(me, 1, count=3), days_of(other, 77, count=3), user_id=me)
    told = answer_to("days", first=TODAY, last=TODAY)
    assert "77" not in told
    assert len(told.splitlines()) == 2


def test_a_query_opens_only_the_months_it_is_asked_for(look, lake):
    me = str(new_id())
    look(days_of(me, 1, count=100), user_id=me)
    month = TODAY.replace(day=1)
    for file in lake.pinned("gold/productivity_daily").files(f"month < '{month:%Y-%m}'"):
        Path(file.removeprefix("file://")).unlink()
    assert len(answer_to("days", first=month, last=TODAY).splitlines()) == 1 + TODAY.day


@pytest.mark.parametrize("damaged", ["*.parquet", "*.json"])
def test_a_damaged_table_is_reported_in_one_sentence(look, lake, damaged):
    me = str(new_id())
    look(days_of(me, 1, count=3), user_id=me)
    for path in Path(lake.location, "gold", "productivity_daily").rglob(damaged):
        path.write_bytes(path.read_bytes()[:40])
    assert answer_to("days", first=TODAY, last=TODAY) == "NumbersDamaged"


@pytest.mark.parametrize("question", lake.OWN)
def test_every_question_is_answered_from_a_table_that_has_nobody_in_it(look, lake, question):
    from pipelines.engine import build, daily, user_quarantine

    for spec in (user_quarantine.USERS, daily.DAILY, *(table.spec for table in build.TABLES)):
        lake.open(spec)
    look()
    days = {"before": TODAY} if question == "judged_weeks" else {"first": TODAY, "last": TODAY}
    (columns,) = answer_to(question, **days).splitlines()
    assert "user_id" not in columns.split(",")


@pytest.mark.parametrize("question", lake.PRODUCT)
def test_what_is_about_all_users_is_not_for_every_user(look, question):
    look()
    assert answer_to(question) == "Forbidden"


def test_every_query_that_is_not_about_all_users_sees_only_rows_that_have_an_owner():
    from pipelines.engine import build, daily, priorities, user_quarantine

    owned = {table.spec.name for table in build.TABLES if table.is_personal} | {
        daily.DAILY.name,
        priorities.SCORES.name,
        user_quarantine.USERS.name,
    }
    assert {table for question in lake.OWN for table in lake.READS[question]} <= owned


def a_page():
    """A page that reads the user's days, and then says whether they may be others now."""

    def script():
        import streamlit as st

        from dashboard.data import lake

        if "read" not in st.session_state:
            st.session_state["read"] = len(
                lake.query("days", first=st.session_state["day"], last=st.session_state["day"])
            )
        st.text(lake.has_newer_rows())

    page = AppTest.from_function(script, default_timeout=PAGE_SECONDS)
    page.session_state["day"] = TODAY
    return page


def test_a_page_moves_on_with_rows_of_its_user_and_not_with_those_of_other_buckets(look, lake, monkeypatch):
    monkeypatch.setattr("dashboard.data.lake.RECENT_SECONDS", 0)
    me = str(new_id())
    other = next(
        each for each in iter(lambda: str(new_id()), None) if bucket_of(UUID(each), 8) != bucket_of(UUID(me), 8)
    )
    look(days_of(me, 1, count=3), user_id=me)
    page = a_page()
    daily = lake.open(DAILY)
    assert page.run().text[0].value == "False"
    daily.append(days_of(other, 2, count=3).to_arrow(), positions={})
    assert page.run().text[0].value == "False"
    daily.append(days_of(me, 3, count=1).to_arrow(), positions={})
    assert page.run().text[0].value == "True"
