"""Categories, days off, preferences and notifications."""

from datetime import timedelta
from functools import partial

import pytest

from focusflow import clock
from operational_api.categories import routes as categories
from operational_api.keys import routes as keys
from operational_api.notifications import routes as notifications


def types(events, me):
    return [each["type"] for each in events(me.id)]


def test_a_category_has_its_name_once_however_it_is_written(me):
    home = me.call("POST", "/categories", {"name": "Home", "color": "#2a9d8f"})
    assert home.status_code == 201
    assert me.call("POST", "/categories", {"name": "hOmE"}).status_code == 409
    work = me.call("POST", "/categories", {"name": "Work"}).json()
    assert me.call("PATCH", f"/categories/{work['id']}", {"name": "HOME"}).status_code == 409
    assert me.call("PATCH", f"/categories/{work['id']}", {"name": "Office", "icon": "desk"}).json()["version"] == 2
    assert [each["name"] for each in me.call("GET", "/categories").json()["items"]] == ["Home", "Office"]


def test_a_user_has_so_many_categories_and_reminders_at_most(me, monkeypatch):
    monkeypatch.setattr(categories, "AT_MOST", 2)
    monkeypatch.setattr(notifications, "WAITING_AT_MOST", 2)
    soon = (clock.now() + timedelta(days=1)).isoformat()
    for path, body in (("categories", {"name": "{}"}), ("notifications", {"title": "{}", "scheduled_at": soon})):
        made = [
            me.call("POST", f"/{path}", {name: value.format(n) for name, value in body.items()}).status_code
            for n in range(3)
        ]
        assert made == [201, 201, 409]


def test_past_reminders_that_were_not_delivered_count_too(me, monkeypatch):
    monkeypatch.setattr(notifications, "WAITING_AT_MOST", 2)
    past = {"title": "Call", "scheduled_at": (clock.now() - timedelta(days=1)).isoformat()}
    assert [me.call("POST", "/notifications", past).status_code for _ in range(3)] == [201, 201, 409]


def test_two_at_once_do_not_both_take_what_is_left(me, both_at_once, monkeypatch):
    """The same days off, the last category, the last reminder, the last key."""
    monkeypatch.setattr(categories, "AT_MOST", 1)
    monkeypatch.setattr(keys, "AT_MOST", 1)
    monkeypatch.setattr(notifications, "WAITING_AT_MOST", 1)
    soon = (clock.now() + timedelta(days=1)).isoformat()
    for table, path, body in (
        ("days_off", "/days-off", {"first_date": "2026-12-24", "last_date": "2026-12-26"}),
        ("categories", "/categories", {"name": "{}"}),
        ("notifications", "/notifications", {"title": "{}", "scheduled_at": soon}),
        ("api_keys", "/keys", {"name": "{}", "scopes": ["tasks:read"]}),
    ):
        one, other = (
            body | {name: name_of for name in ("name", "title") if name in body} for name_of in ("one", "other")
        )
        assert both_at_once(table, partial(me.call, "POST", path, one), partial(me.call, "POST", path, other)) == [
            201,
            409,
        ]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("categories", {"name": "Home"}),
        ("days-off", {"first_date": "2026-12-24", "last_date": "2026-12-26"}),
        ("notifications", {"title": "Call", "scheduled_at": "2090-12-01T08:00:00Z"}),
        ("calendar", {"title": "Meeting", "start_at": "2026-12-01T09:00:00Z", "end_at": "2026-12-01T10:00:00Z"}),
        ("habits", {"title": "Read", "frequency": "daily"}),
        ("time", {"started_at": "2026-11-01T09:00:00Z", "ended_at": "2026-11-01T10:00:00Z"}),
    ],
)
def test_a_retry_under_the_same_key_gets_the_same_answer_and_makes_nothing_more(me, path, body):
    first, again = (me.call("POST", f"/{path}", body, Idempotency_Key="once") for _ in range(2))
    assert first.status_code == 201, first.text
    assert again.json() == first.json()
    changed = {
        **body,
        next(iter(body)): "2026-12-02T09:00:00Z" if path == "time" else "2026-12-23" if path == "days-off" else "Other",
    }
    assert me.call("POST", f"/{path}", changed, Idempotency_Key="once").status_code == 422


def test_names_of_categories_are_each_users_own(me, new_user):
    for user in (me, new_user()):
        assert user.call("POST", "/categories", {"name": "Home"}).status_code == 201


def test_a_category_that_something_is_in_cannot_be_deleted(me):
    made = me.call("POST", "/categories", {"name": "Home"}).json()
    task = me.task(category_id=made["id"])
    assert me.call("DELETE", f"/categories/{made['id']}").status_code == 409
    me.call("DELETE", f"/tasks/{task['id']}")
    assert me.call("DELETE", f"/categories/{made['id']}", If_Match='"7"').status_code == 412
    assert me.call("DELETE", f"/categories/{made['id']}").status_code == 204
    assert me.call("GET", f"/categories/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": "x" * 61}, {"name": "a\0"}, {"name": "x", "color": "red"}, {"name": "x", "id": "1"}],
)
def test_a_category_that_cannot_be_is_refused(me, body):
    assert me.call("POST", "/categories", body).status_code == 422


def test_days_off_are_events_too(me, events):
    made = me.call("POST", "/days-off", {"first_date": "2026-12-24", "last_date": "2026-12-26", "reason": "holiday"})
    assert made.status_code == 201
    path = f"/days-off/{made.json()['id']}"
    assert me.call("PUT", path, {"first_date": "2026-12-23", "last_date": "2026-12-26"}).json()["reason"] == "vacation"
    assert me.call("DELETE", path).status_code == 204
    assert types(events, me)[1:] == ["dayoff.created", "dayoff.updated", "dayoff.deleted"]
    assert events(me.id)[2]["before"] == {"first_date": "2026-12-24", "reason": "holiday"}


def test_a_day_is_off_once(me):
    first = me.call("POST", "/days-off", {"first_date": "2026-12-24", "last_date": "2026-12-26"}).json()
    assert me.call("POST", "/days-off", {"first_date": "2026-12-26", "last_date": "2026-12-28"}).status_code == 409
    second = me.call("POST", "/days-off", {"first_date": "2026-12-27", "last_date": "2026-12-28"}).json()
    shifted = {"first_date": "2026-12-25", "last_date": "2026-12-27"}
    assert me.call("PUT", f"/days-off/{first['id']}", shifted).status_code == 409
    assert me.call("PUT", f"/days-off/{first['id']}", {**shifted, "last_date": "2026-12-26"}).status_code == 200
    listed = me.call("GET", "/days-off?since=2026-12-27").json()["items"]
    assert [each["id"] for each in listed] == [second["id"]]


def test_days_off_are_paged(me):
    for day in range(1, 6):
        me.call("POST", "/days-off", {"first_date": f"2026-01-0{day}", "last_date": f"2026-01-0{day}"})
    first = me.call("GET", "/days-off?limit=3").json()
    rest = me.call("GET", f"/days-off?limit=3&cursor={first['next_cursor']}").json()
    assert [each["first_date"][-1] for each in first["items"] + rest["items"]] == ["5", "4", "3", "2", "1"]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    "body",
    [
        {"first_date": "2026-12-24"},
        {"first_date": "2026-12-24", "last_date": "2026-12-23"},
        {"first_date": "2026-01-01", "last_date": "2028-01-01"},
        {"first_date": "2026-13-01", "last_date": "2026-13-01"},
        {"first_date": "2026-12-24", "last_date": "2026-12-24", "reason": "bored"},
    ],
)
def test_days_off_that_cannot_be_are_refused(me, events, body):
    assert me.call("POST", "/days-off", body).status_code == 422
    assert types(events, me) == ["user.registered"]


def test_who_never_chose_has_the_defaults(me):
    answer = me.call("GET", "/preferences")
    chosen = answer.json()
    assert (chosen["weekly_report"], chosen["weekly_report_day"], chosen["weekly_report_hour"]) == (True, 0, 8)
    assert chosen["notifications"]["task_reminder"] == {"is_enabled": True, "channels": ["in_app"]}
    assert answer.headers["etag"] == '"0"'


def test_preferences_are_changed_one_by_one(me):
    quiet = {"quiet_from": "22:00", "quiet_until": "07:00"}
    first = me.call("PATCH", "/preferences", {**quiet, "weekly_report_hour": 18}, If_Match='"0"')
    assert (first.status_code, first.json()["quiet_from"], first.json()["version"]) == (200, "22:00:00", 1)
    notified = {"notifications": {"achievement": {"is_enabled": True, "channels": ["email", "in_app", "email"]}}}
    second = me.call("PATCH", "/preferences", notified).json()
    assert second["notifications"]["achievement"]["channels"] == ["email", "in_app"]
    assert (second["weekly_report_hour"], second["quiet_until"]) == (18, "07:00:00")
    assert me.call("PATCH", "/preferences", notified).json()["version"] == 2  # the same choice again is none
    assert me.call("PATCH", "/preferences", {"calm_mode": True}, If_Match='"1"').status_code == 412
    assert me.call("PATCH", "/preferences", {"calm_mode": False}).json()["version"] == 2  # nothing changed


@pytest.mark.parametrize(
    "body",
    [
        {"quiet_from": "22:00"},
        {"work_from": "18:00"},
        {"work_until": None},
        {"quiet_from": "22:00", "quiet_until": "22:00"},
        {"quiet_from": "22:00:30", "quiet_until": "07:00"},
        {"quiet_from": 5, "quiet_until": 6},
        {"weekly_report_day": 7},
        {"weekly_report": None},
        {"empty_week": "zeros"},
        {"notifications": {"spam": {"is_enabled": True, "channels": []}}},
        {"notifications": {"report": {"is_enabled": True, "channels": ["fax"]}}},
        {"colour": "red"},
    ],
    ids=str,
)
def test_preferences_that_cannot_be_are_refused(me, body):
    assert me.call("PATCH", "/preferences", body).status_code == 422
    assert me.call("GET", "/preferences").json()["version"] == 0


@pytest.fixture
def notified(database):
    """Tells somebody something, as the platform does."""

    def tell(user, title, hours_ago=1):
        with database.owner() as connection:
            connection.execute(
                "insert into notifications (id, user_id, created_at, updated_at, type, title, scheduled_at, status)"
                " values (gen_random_uuid(), %s, now(), now(), 'system', %s, now() - make_interval(hours => %s), 'sent')",
                [user.id, title, hours_ago],
            )

    return tell


def test_notifications_are_read_one_by_one_or_all(me, new_user, notified):
    other = new_user()
    for hours, title in ((3, "old"), (2, "middle"), (1, "new")):
        notified(me, title, hours)
    notified(other, "not mine")
    listed = me.call("GET", "/notifications").json()["items"]
    assert [each["title"] for each in listed] == ["new", "middle", "old"]
    for _ in range(2):
        assert me.call("POST", f"/notifications/{listed[0]['id']}/read").json()["version"] == 2
    assert [each["title"] for each in me.call("GET", "/notifications?unread=true").json()["items"]] == ["middle", "old"]
    assert me.call("POST", "/notifications/read-all").json() == {"read": 2}
    assert me.call("POST", "/notifications/read-all").json() == {"read": 0}
    assert len(other.call("GET", "/notifications?unread=true").json()["items"]) == 1
    assert me.call("DELETE", f"/notifications/{listed[2]['id']}").status_code == 204
    page = me.call("GET", "/notifications?limit=1").json()
    assert (
        me.call("GET", f"/notifications?limit=1&cursor={page['next_cursor']}").json()["items"][0]["title"] == "middle"
    )


def test_a_reminder_waits_for_its_time(me):
    task = me.task()
    at = (clock.now() + timedelta(days=1)).isoformat()
    made = me.call("POST", "/notifications", {"title": "Call", "scheduled_at": at, "task_id": task["id"]})
    assert (made.status_code, made.json()["status"], made.json()["data"]) == (201, "scheduled", {"task_id": task["id"]})
    assert me.call("GET", "/notifications").json()["items"] == []
    assert len(me.call("GET", "/notifications?upcoming=true").json()["items"]) == 1


def test_a_reminder_with_a_new_moment_gets_its_attempts_again(me, database):
    soon, later = (f"{clock.now() + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}" for days in (1, 2))
    made = me.call("POST", "/notifications", {"title": "Call", "scheduled_at": later}).json()
    with database.owner() as connection:
        connection.execute("update notifications set attempts = 5, next_attempt_at = now() + interval '9 days'")
    assert me.call("PATCH", f"/notifications/{made['id']}", {"scheduled_at": soon}).status_code == 200
    with database.owner() as connection:
        (row,) = connection.execute(
            "select attempts, due_at = scheduled_at as is_due_then from notifications where id = %s", [made["id"]]
        ).fetchall()
    assert row == {"attempts": 0, "is_due_then": True}


def test_a_reminder_can_be_postponed_until_it_was_delivered(me, database):
    soon, later = (f"{clock.now() + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}" for days in (1, 2))
    made = me.call("POST", "/notifications", {"title": "Call", "body": "the bank", "scheduled_at": soon}).json()
    path = f"/notifications/{made['id']}"
    put_off = me.call("PATCH", path, {"scheduled_at": later, "body": None}, If_Match='"1"')
    assert (put_off.status_code, put_off.headers["etag"]) == (200, '"2"')
    assert put_off.json() == made | {"scheduled_at": later, "body": None, "version": 2}
    assert me.call("PATCH", path, {"scheduled_at": soon}, If_Match='"1"').status_code == 412
    assert me.call("PATCH", path, {"title": None}).status_code == 422
    for notified in ("status = 'sent'", "status = 'scheduled', type = 'daily_plan'"):
        with database.owner() as connection:
            connection.execute(f"update notifications set {notified} where id = %s", [made["id"]])
        assert me.call("PATCH", path, {"title": "x"}).status_code == 409
    assert me.call("GET", path).json()["title"] == "Call"


@pytest.mark.parametrize(
    "body", [{"title": "x"}, {"title": "x", "scheduled_at": "soon"}, {"scheduled_at": "2027-01-01T00:00:00Z"}]
)
def test_a_reminder_that_cannot_be_is_refused(me, body):
    assert me.call("POST", "/notifications", body).status_code == 422


def test_a_notification_that_has_moved_on_is_not_deleted(me):
    soon = (clock.now() + timedelta(days=1)).isoformat()
    made = me.call("POST", "/notifications", {"title": "Call", "scheduled_at": soon}).json()
    path = f"/notifications/{made['id']}"
    read = me.call("POST", f"{path}/read", If_Match=f'"{made["version"]}"')
    assert (read.status_code, read.headers["etag"]) == (200, f'"{made["version"] + 1}"')
    for method, where in (("POST", f"{path}/read"), ("DELETE", path)):
        assert me.call(method, where, If_Match=f'"{made["version"]}"').status_code == 412
    assert me.call("DELETE", path, If_Match=read.headers["etag"]).status_code == 204
