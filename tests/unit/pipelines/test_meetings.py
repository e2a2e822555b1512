"""When busy appointments take place, and what one user's rules may cost the others."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from focusflow.lake.session import Session
from focusflow.lake.tables import duckdb_connection
from pipelines.engine.descriptions import table
from pipelines.tables.gold.calendar_load import inputs as inputs_of_calendar_load

SINCE, UNTIL = datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 4, tzinfo=UTC)
SCHEMA = table("silver/calendar_event_history").spec.schema


@pytest.fixture
def times():
    """How often each meeting of a history takes place."""
    with duckdb_connection() as connection:

        def times(*rows, since=SINCE):
            history = [
                {
                    "user_id": user, "bucket": 0, "calendar_event_id": name, "start_at": start, "end_at": start + timedelta(hours=1),
                    "rrule": rule, "changed_in": "Europe/Berlin", "change": "calendar.created", "busy": True, "all_day": False,
                }
                for user, name, start, rule in rows
            ]  # fmt: skip
            inputs = {
                "silver.calendar_event_history": pa.Table.from_pylist(history, schema=SCHEMA),
                "users": pa.table({"user_id": sorted({user for user, *_ in rows})}),
            }
            found = inputs_of_calendar_load.meetings_between(Session(connection), inputs, since, UNTIL)
            return dict(Counter(found["calendar_event_id"].to_pylist()))

        yield times


LONG_AGO = datetime(1970, 1, 1, 9, tzinfo=UTC)


def test_a_meeting_since_1970_is_followed_from_where_it_is_asked_for(times, monkeypatch):
    monkeypatch.setattr(inputs_of_calendar_load, "STEPS_AT_MOST", 200)
    assert times(("ada", "daily", LONG_AGO, "FREQ=DAILY")) == {"daily": 3}


def test_one_user_who_has_too_much_loses_the_newest_series_and_nobody_else_any(times, monkeypatch, caplog):
    monkeypatch.setattr(inputs_of_calendar_load, "STEPS_AT_MOST", 25_000)
    rows = [("eve", f"daily {n}", LONG_AGO, "FREQ=DAILY") for n in range(3)]
    found = times(*rows, ("ada", "stand-up", SINCE, "FREQ=DAILY"), since=None)
    assert found == {"daily 0": (UNTIL - LONG_AGO).days + 1, "daily 1": 1, "daily 2": 1, "stand-up": 3}
    assert "2 of them count once" in caplog.text


@pytest.mark.parametrize(
    "rule", ["FREQ=DAILY;BYEASTER=0", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;BYWEEKNO=60"]
)
def test_a_rule_that_leads_nowhere_stops_nothing(times, rule):
    found = times(("eve", "bad", SINCE, rule), ("ada", "stand-up", SINCE, "FREQ=DAILY"))
    assert found["stand-up"] == 3
    assert found.get("bad", 0) <= 1
