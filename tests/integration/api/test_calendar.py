"""Appointments: when they take place, where they clash, and the time between them. The user is in Berlin."""

from uuid import UUID

import pytest

from focusflow import availability


def event(me, start, end, **fields):
    answer = me.call("POST", "/calendar", {"title": "Meeting", "start_at": start, "end_at": end, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


def starts(me, query):
    return [each["start_at"] for each in me.call("GET", f"/calendar?{query}").json()["items"]]


def types(events, me):
    return [each["type"] for each in events(me.id)]


def test_an_appointment_is_added_changed_and_deleted(me, events):
    made = event(me, "2026-12-01T09:00:00Z", "2026-12-01T10:00:00Z", location="Room 1", attendees=["Ada"])
    changed = me.call("PATCH", f"/calendar/{made['id']}", {"location": None, "busy": False}, If_Match='"1"').json()
    assert (changed["location"], changed["busy"], changed["version"]) == (None, False, 2)
    assert me.call("PATCH", f"/calendar/{made['id']}", {"title": "x"}, If_Match='"1"').status_code == 412
    assert me.call("DELETE", f"/calendar/{made['id']}").status_code == 204
    assert types(events, me)[1:] == ["calendar.created", "calendar.updated", "calendar.deleted"]


def test_a_recurring_appointment_keeps_its_hour_through_daylight_saving(me):
    event(me, "2026-03-26T08:00:00Z", "2026-03-26T09:00:00Z", rrule="FREQ=DAILY;UNTIL=20260330T235959Z")
    assert starts(me, "since=2026-03-01&until=2026-04-30") == [
        "2026-03-26T08:00:00Z", "2026-03-27T08:00:00Z", "2026-03-28T08:00:00Z", "2026-03-29T07:00:00Z", "2026-03-30T07:00:00Z",
    ]  # fmt: skip


def test_a_series_leaves_out_a_time_and_takes_place_at_others(me, events):
    fields = {
        "rrule": "FREQ=WEEKLY",
        "extra_rrules": ["FREQ=MONTHLY;BYMONTHDAY=-1"],
        "rdates": ["2026-12-17T07:00:00Z"],
    }
    series = event(me, "2026-12-01T09:00:00Z", "2026-12-01T10:00:00Z", **fields)
    changed = me.call("PATCH", f"/calendar/{series['id']}", {"exdates": ["2026-12-15T10:00:00+01:00"]}).json()
    assert changed["exdates"] == ["2026-12-15T09:00:00Z"]
    found = [start[5:13] for start in starts(me, "since=2026-12-01&until=2026-12-31")]
    assert found == ["12-01T09", "12-08T09", "12-17T07", "12-22T09", "12-29T09", "12-31T09"]
    assert [each.get("data", {}).get("exdates") for each in events(me.id)][1:] == [[], ["2026-12-15T09:00:00Z"]]


def test_times_without_a_rule_are_found_long_after_the_first_one(me):
    event(me, "2026-12-01T09:00:00Z", "2026-12-01T10:00:00Z", rdates=["2027-03-01T09:00:00Z"])
    assert starts(me, "since=2027-03-01&until=2027-03-07") == ["2027-03-01T09:00:00Z"]
    ended = {"rrule": "FREQ=DAILY;UNTIL=20261203", "rdates": ["2027-04-01T09:00:00Z"]}
    event(me, "2026-12-01T11:00:00Z", "2026-12-01T12:00:00Z", **ended)
    assert starts(me, "since=2027-04-01&until=2027-04-07") == ["2027-04-01T09:00:00Z"]


WEEKLY, NOON = {"rrule": "FREQ=WEEKLY"}, "2026-12-08T12:00:00Z"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        (WEEKLY | {"exdates": [NOON]}, "exdates"),
        ({"exdates": ["2026-12-01T09:00:00Z"]}, "exdates"),
        ({"rrule": "FREQ=DAILY;COUNT=1", "exdates": ["2026-12-01T09:00:00Z"]}, "exdates"),
        (WEEKLY | {"rdates": ["2026-11-30T09:00:00Z"]}, "rdates"),
        ({"extra_rrules": ["FREQ=DAILY"]}, "extra_rrules"),
        (WEEKLY | {"extra_rrules": ["FREQ=HOURLY"]}, "extra_rrules.0"),
        (WEEKLY | {"extra_rrules": ["FREQ=DAILY;UNTIL=20260101"]}, "extra_rrules"),
        ({"rrule": "FREQ=WEEKLY;BYDAY=MO", "extra_rrules": ["FREQ=WEEKLY;BYDAY=FR"]}, "rrule"),
        (WEEKLY | {"exdates": [NOON] * 501}, "exdates"),
        (WEEKLY | {"extra_rrules": ["FREQ=DAILY"] * 5}, "extra_rrules"),
    ],
)
def test_a_series_that_says_nothing_is_refused_with_its_field(me, fields, field):
    body = {"title": "x", "start_at": "2026-12-01T09:00:00Z", "end_at": "2026-12-01T10:00:00Z", **fields}
    answer = me.call("POST", "/calendar", body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, f"body.{field}")


def test_a_series_is_not_moved_away_from_the_times_it_leaves_out(me):
    series = event(me, "2026-12-01T09:00:00Z", "2026-12-01T10:00:00Z", exdates=["2026-12-08T09:00:00Z"], **WEEKLY)
    later = {"start_at": "2026-12-01T12:00:00Z", "end_at": "2026-12-01T13:00:00Z"}
    answer = me.call("PATCH", f"/calendar/{series['id']}", later)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.exdates")
    assert me.call("PATCH", f"/calendar/{series['id']}", later | {"exdates": [NOON]}).status_code == 200


def test_a_recurring_appointment_of_long_ago_is_found_in_its_week(me):
    event(me, "2020-01-06T08:00:00Z", "2020-01-06T09:00:00Z", rrule="FREQ=WEEKLY;BYDAY=MO")
    assert starts(me, "since=2026-11-16&until=2026-11-22") == ["2026-11-16T08:00:00Z"]


def test_a_rule_of_the_rarest_day_is_one(me):
    event(me, "2024-02-29T09:00:00Z", "2024-02-29T10:00:00Z", rrule="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29")
    assert starts(me, "since=2028-02-01&until=2028-03-31") == ["2028-02-29T09:00:00Z"]


@pytest.mark.parametrize(
    ("start", "rrule", "status"),
    [
        ("2024-02-29", "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29", 201),
        ("2025-03-01", "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29", 422),
        ("2024-02-29", "FREQ=YEARLY;INTERVAL=3;BYMONTH=2;BYMONTHDAY=29", 201),
        ("2025-03-01", "FREQ=YEARLY;INTERVAL=3;BYMONTH=2;BYMONTHDAY=29", 422),
        ("2026-12-01", "FREQ=DAILY;INTERVAL=7;BYDAY=MO", 422),
        ("2026-12-01", "FREQ=DAILY;UNTIL=20261130T000000Z", 422),
        ("2026-12-01", "FREQ=MONTHLY;COUNT=3;BYMONTH=2;BYMONTHDAY=30", 422),
        ("2026-12-01", "FREQ=DAILY;INTERVAL=999999;COUNT=2", 201),
    ],
)  # fmt: skip
def test_a_rule_is_refused_that_its_appointment_never_comes_to(me, start, rrule, status):
    body = {"title": "x", "start_at": f"{start}T09:00:00Z", "end_at": f"{start}T10:00:00Z", "rrule": rrule}
    assert me.call("POST", "/calendar", body).status_code == status


HOSTILE = [
    ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "no day of any year matches it"),
    ("FREQ=DAILY;BYEASTER=-400", "BYEASTER is not a part"),
    ("FREQ=DAILY;BYWEEKNO=53", "BYWEEKNO cannot be used with FREQ=DAILY"),
    ("FREQ=DAILY;BYMONTHDAY=1;BYSETPOS=2", "no day of any year matches it"),
    ("FREQ=MONTHLY;BYDAY=6MO", "no day of any year matches it"),
    ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "COUNT and UNTIL cannot be used together"),
]


@pytest.mark.parametrize(("rrule", "why"), HOSTILE)
def test_a_rule_that_can_never_be_followed_is_refused_before_the_database_is_asked(me, database, rrule, why):
    body = {"title": "x", "start_at": "2026-12-01T09:00:00Z", "end_at": "2026-12-01T10:00:00Z", "rrule": rrule}
    with database.owner() as connection:
        connection.execute("lock table users in access exclusive mode")  # whoever asks would wait
        answers = [
            me.call("POST", "/calendar", body),
            me.call("PATCH", f"/calendar/{UUID(int=1)}", {"rrule": rrule}),
            me.call("POST", "/tasks", {"title": "x", "recurrence": rrule}),
            me.call("POST", "/tasks/bulk/update", {"ids": [str(UUID(int=1))], "changes": {"recurrence": rrule}}),
        ]
    assert [answer.status_code for answer in answers] == [422] * 4
    assert [answer.json()["errors"][0]["field"] for answer in answers] == [
        "body.rrule", "body.rrule", "body.recurrence", "body.changes.recurrence",
    ]  # fmt: skip
    assert all(why in answer.json()["detail"] for answer in answers)


def test_sixty_daily_appointments_since_1970_are_listed_from_the_date_requested(me, monkeypatch):
    monkeypatch.setattr(availability, "STEPS_AT_MOST", 60 * 250)
    for minute in range(60):
        event(me, f"1970-01-01T10:{minute:02}:00Z", f"1970-01-01T10:{minute:02}:30Z", rrule="FREQ=DAILY")
    page = me.call("GET", "/calendar?since=2026-10-01&until=2026-12-31").json()
    assert (len(page["items"]), page["has_more"]) == (2000, True)
    day = me.call("GET", "/calendar?since=2026-12-31&until=2026-12-31").json()
    assert (len(day["items"]), day["has_more"]) == (60, False)
    span = "since=2026-10-01&until=2026-12-31"
    assert me.call("GET", f"/calendar/conflicts?{span}").json()["items"] == []
    assert len(me.call("GET", f"/calendar/free?{span}&day_start=08:00&day_end=09:00").json()["items"]) == 92
    monkeypatch.setattr(availability, "STEPS_AT_MOST", 1000)
    refused = me.call("GET", f"/calendar/free?{span}")
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/too-many-steps")
    assert "Ask for fewer days" in refused.json()["detail"]


def test_an_appointment_whose_rule_was_stored_earlier_takes_place_once_and_can_be_changed(me, database):
    made = event(me, "2026-12-01T09:00:00Z", "2026-12-01T10:00:00Z", rrule="FREQ=DAILY")
    event(me, "2026-12-02T09:00:00Z", "2026-12-02T10:00:00Z")
    with database.owner() as connection:
        connection.execute("update calendar_events set rrule = 'FREQ=DAILY;BYEASTER=0' where id = %s", [made["id"]])
    assert starts(me, "since=2026-12-01&until=2026-12-07") == ["2026-12-01T09:00:00Z", "2026-12-02T09:00:00Z"]
    path = f"/calendar/{made['id']}"
    assert me.call("PATCH", path, {"title": "y"}).status_code == 200
    assert me.call("PATCH", path, {"start_at": "2026-12-01T08:00:00Z"}).json()["errors"][0]["field"] == "body.rrule"
    assert me.call("PATCH", path, {"rrule": "FREQ=WEEKLY"}).status_code == 200


def test_the_end_of_a_rule_in_utc_is_that_moment(me):
    """Half past midnight in Berlin is half past eleven of the day before in UTC."""
    event(me, "2026-12-01T23:30:00Z", "2026-12-02T00:30:00Z", rrule="FREQ=DAILY;UNTIL=20261203T233000Z")
    assert starts(me, "since=2026-12-01&until=2026-12-31")[-1] == "2026-12-03T23:30:00Z"


def test_more_than_can_be_searched_is_an_error_and_not_left_out(me, monkeypatch):
    monkeypatch.setattr(availability, "EVENTS_AT_MOST", 2)
    for day in (1, 2, 3):
        event(me, f"2026-12-0{day}T09:00:00Z", f"2026-12-0{day}T10:00:00Z")
    assert len(starts(me, "since=2026-12-01&until=2026-12-02")) == 2
    answer = me.call("GET", "/calendar?since=2026-12-01&until=2026-12-03")
    assert answer.status_code == 422
    assert "fewer days" in answer.json()["detail"]


def test_series_that_are_over_do_not_count_among_what_can_be_looked_through(me, monkeypatch):
    monkeypatch.setattr(availability, "EVENTS_AT_MOST", 2)
    begin = "2026-12-01T09:00:00Z", "2026-12-01T10:00:00Z"
    for until in ("20261202", "20261203T090000Z", "20261203T090000", "20261208T090000Z"):
        event(me, *begin, rrule=f"freq=daily;until={until}")
    assert starts(me, "since=2026-12-08&until=2026-12-09") == ["2026-12-08T09:00:00Z"]
    assert me.call("GET", "/calendar?since=2026-12-02&until=2026-12-03").status_code == 422


def test_what_reaches_into_a_day_takes_place_on_it(me):
    event(me, "2026-12-01T22:30:00Z", "2026-12-02T00:30:00Z")
    for day, count in (("2026-11-30", 0), ("2026-12-01", 1), ("2026-12-02", 1), ("2026-12-03", 0)):
        assert len(starts(me, f"since={day}&until={day}")) == count


def test_conflicts_are_reported_with_the_time_that_both_want(me):
    event(me, "2026-12-01T09:00:00Z", "2026-12-01T10:00:00Z", title="One", rrule="FREQ=DAILY;COUNT=2")
    event(me, "2026-12-02T09:30:00Z", "2026-12-02T10:30:00Z", title="Two")
    event(me, "2026-12-02T09:30:00Z", "2026-12-02T10:30:00Z", title="Free", busy=False)
    event(me, "2026-12-02T10:30:00Z", "2026-12-02T11:00:00Z", title="Right after")
    event(me, "2026-12-01T00:00:00Z", "2026-12-03T00:00:00Z", title="Fair", all_day=True)
    (clash,) = me.call("GET", "/calendar/conflicts?since=2026-12-01&until=2026-12-07").json()["items"]
    assert (clash["first"]["title"], clash["second"]["title"]) == ("One", "Two")
    assert (clash["start_at"], clash["end_at"]) == ("2026-12-02T09:30:00Z", "2026-12-02T10:00:00Z")


def test_free_time_lies_between_appointments_within_working_hours(me):
    event(me, "2026-12-01T09:00:00Z", "2026-12-01T10:00:00Z")  # ten to eleven in Berlin
    event(me, "2026-12-01T09:30:00Z", "2026-12-01T11:00:00Z")
    event(me, "2026-12-01T15:40:00Z", "2026-12-01T18:00:00Z")
    me.call("POST", "/days-off", {"first_date": "2026-12-02", "last_date": "2026-12-02"})
    free = me.call("GET", "/calendar/free?since=2026-12-01&until=2026-12-03&minutes=60").json()["items"]
    assert [(each["start_at"][5:16], each["end_at"][5:16], each["minutes"]) for each in free] == [
        ("12-01T08:00", "12-01T09:00", 60),
        ("12-01T11:00", "12-01T15:40", 280),
        ("12-03T08:00", "12-03T16:00", 480),
    ]


def test_a_night_of_23_hours_has_one_less(me):
    query = "since=2026-03-29&until=2026-03-29&day_start=00:00&day_end=06:00"
    (free,) = me.call("GET", f"/calendar/free?{query}").json()["items"]
    assert free["minutes"] == 300


@pytest.mark.parametrize(
    "fields",
    [
        {"end_at": "2026-12-01T08:00:00Z"},
        {"end_at": "2027-12-01T08:00:00Z"},
        {"rrule": "FREQ=SECONDLY"},
        {"rrule": "FREQ=MINUTELY;INTERVAL=5"},
        {"rrule": "FREQ=DAILY;INTERVAL=0"},
        {"rrule": "FREQ=DAILY;INTERVAL=-1"},
        {"rrule": "FREQ=WEEKLY;INTERVAL=x"},
        {"rrule": "FREQ=DAILY;COUNT=-1"},
        {"rrule": "FREQ=DAILY;COUNT=0"},
        {"rrule": "FREQ=DAILY;BYHOUR=9,10"},
        {"rrule": "every monday"},
        {"rrule": ""},
        {"rrule": "FREQ=YEARLY;BYMONTH=13"},
        {"rrule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"},
        {"rrule": "FREQ=DAILY\nFREQ=WEEKLY"},
        {"title": ""},
        {"attendees": ["x"] * 501},
        {"start_at": "0000-01-01T00:00:00Z"},
        {"start_at": "9999-12-31T00:00:00Z"},
        {"source": "google"},
    ],
    ids=str,
)
def test_an_appointment_that_cannot_be_is_refused(me, events, fields):
    body = {"title": "x", "start_at": "2026-12-01T09:00:00Z", "end_at": "2026-12-01T10:00:00Z", **fields}
    assert me.call("POST", "/calendar", body).status_code == 422
    assert types(events, me) == ["user.registered"]


@pytest.mark.parametrize(
    "query",
    [
        "", "since=2026-12-01", "since=2026-12-02&until=2026-12-01", "since=2026-01-01&until=2026-12-31",
        "since=0&until=1", "since=0000-01-01&until=0000-01-02",
    ],
)  # fmt: skip
def test_a_span_that_cannot_be_is_refused(me, query):
    for path in ("/calendar", "/calendar/conflicts", "/calendar/free"):
        assert me.call("GET", f"{path}?{query}").status_code == 422


@pytest.mark.parametrize("query", ["day_start=17:00&day_end=09:00", "day_start=9", "day_start=25:00", "minutes=0"])
def test_working_hours_that_cannot_be_are_refused(me, query):
    assert me.call("GET", f"/calendar/free?since=2026-12-01&until=2026-12-01&{query}").status_code == 422


def test_free_time_keeps_to_the_working_hours_that_one_chose(me):
    me.call("PATCH", "/preferences", {"work_from": "06:00", "work_until": "07:30"})
    path = "/calendar/free?since=2026-12-01&until=2026-12-01"
    (slot,) = me.call("GET", path).json()["items"]
    assert (slot["start_at"], slot["end_at"]) == ("2026-12-01T05:00:00Z", "2026-12-01T06:30:00Z")
    (asked,) = me.call("GET", f"{path}&day_start=10:00&day_end=11:00").json()["items"]
    assert asked["start_at"] == "2026-12-01T09:00:00Z"
    assert me.call("GET", f"{path}&day_start=08:00").status_code == 422
