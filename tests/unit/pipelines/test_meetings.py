"""When busy appointments take place, and what one user's rules may cost the others."""

from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from pipelines.engine import meetings

SINCE, UNTIL = datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 4, tzinfo=UTC)
COLUMNS = """user_id varchar, bucket smallint, calendar_event_id varchar, start_at timestamptz, end_at timestamptz, rrule varchar,
    changed_in varchar, valid_to timestamptz, change varchar, busy boolean, all_day boolean, calendar_id varchar"""


@pytest.fixture
def lay_out():
    """Lays out the meetings of a history, and gives how often each takes place."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'; create schema silver; create table people (user_id varchar)")
        connection.execute(f"create table silver.calendar_event_history ({COLUMNS})")

        def laid_out(*rows, since=SINCE):
            for user, name, start, rule in rows:
                connection.execute("insert into people select $1 where $1 not in (from people)", [user])
                connection.execute(
                    "insert into silver.calendar_event_history values"
                    " ($1, 0, $2, $3, $4, $5, 'Europe/Berlin', null, 'calendar.created', true, false, null)",
                    [user, name, start, start + timedelta(hours=1), rule],
                )
            meetings.lay_out(connection, since, UNTIL)
            counted = "select calendar_event_id, count(*) from meetings group by all order by all"
            return dict(connection.execute(counted).fetchall())

        yield laid_out


LONG_AGO = datetime(1970, 1, 1, 9, tzinfo=UTC)


def test_a_meeting_since_1970_is_followed_from_where_it_is_asked_for(lay_out, monkeypatch):
    monkeypatch.setattr(meetings, "STEPS_AT_MOST", 200)
    assert lay_out(("ada", "daily", LONG_AGO, "FREQ=DAILY")) == {"daily": 3}


def test_one_user_who_has_too_much_loses_the_newest_series_and_nobody_else_any(lay_out, monkeypatch, caplog):
    monkeypatch.setattr(meetings, "STEPS_AT_MOST", 25_000)
    rows = [("eve", f"daily {n}", LONG_AGO, "FREQ=DAILY") for n in range(3)]
    found = lay_out(*rows, ("ada", "stand-up", SINCE, "FREQ=DAILY"), since=None)
    assert found == {"daily 0": (UNTIL - LONG_AGO).days + 1, "daily 1": 1, "daily 2": 1, "stand-up": 3}
    assert "2 of them count once" in caplog.text


@pytest.mark.parametrize(
    "rule", ["FREQ=DAILY;BYEASTER=0", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;BYWEEKNO=60"]
)
def test_a_rule_that_leads_nowhere_stops_nothing(lay_out, rule):
    found = lay_out(("eve", "bad", SINCE, rule), ("ada", "stand-up", SINCE, "FREQ=DAILY"))
    assert found["stand-up"] == 3
    assert found.get("bad", 0) <= 1
