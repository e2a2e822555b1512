"""Reports over HTTP: what was mailed, what is to come, any days; each in its forms, each the caller's own."""

from datetime import timedelta
from uuid import UUID

import orjson
import pytest
from psycopg.types.json import Jsonb

from focusflow import clock
from focusflow.clock import Period
from focusflow.database.session import Role
from focusflow.identity import new_id
from reports.periods.content import build_report
from tests.integration.api.lake import put
from tests.unit.reports.conftest import facts

__all__ = ["facts"]


@pytest.fixture
def delivered(database, facts):
    """A report in the ledger."""

    def add(user, period="2026-W43", content=True, **fields):
        row = {
            "id": new_id(), "user_id": UUID(user.id), "kind": "weekly", "period": period, "first": facts.period.first,
            "last": facts.period.last, "status": "sent", "content": Jsonb(orjson.loads(orjson.dumps(build_report(facts)))) if content else None, **fields,
        }  # fmt: skip
        with database.transaction(Role.REPORTING) as tx:
            tx.run(
                "insert into report_deliveries (id, user_id, created_at, updated_at, kind, period, first_day, last_day, status, next_attempt_at,"
                " message_id, content) values (%(id)s, %(user_id)s, clock_timestamp(), clock_timestamp(), %(kind)s, %(period)s, %(first)s,"
                " %(last)s, %(status)s, clock_timestamp(), '<x>', %(content)s)",
                row,
            )
        return row["id"]

    return add


def test_reports_are_listed_with_what_became_of_them_the_newest_first(me, delivered):
    for week in ("2026-W41", "2026-W42", "2026-W43"):
        delivered(me, week)
    page = me.call("GET", "/reports?limit=2").json()
    assert [each["period"] for each in page["items"]] == ["2026-W43", "2026-W42"]
    rest = me.call("GET", f"/reports?limit=2&cursor={page['next_cursor']}").json()
    assert [(each["period"], each["status"], each["is_made"]) for each in rest["items"]] == [("2026-W41", "sent", True)]


@pytest.mark.parametrize(
    ("form", "media_type", "text_of"),
    [("json", "application/json", '"headline"'), ("html", "text/html; charset=utf-8", "<h1"), ("text", "text/plain; charset=utf-8", "IN NUMBERS")],
)  # fmt: skip
def test_a_report_can_be_read_in_each_form_as_it_was_sent(me, delivered, form, media_type, text_of):
    answer = me.call("GET", f"/reports/{delivered(me)}?format={form}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert text_of in answer.text
    assert "12 tasks completed" in answer.text


def test_a_report_can_be_printed(me, delivered):
    answer = me.call("GET", f"/reports/{delivered(me)}?format=pdf")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["content-disposition"] == 'attachment; filename="report-2026-10-19-2026-10-25.pdf"'
    assert answer.content.startswith(b"%PDF")


def test_another_users_report_is_not_there(me, new_user, delivered):
    theirs = delivered(new_user())
    assert me.call("GET", f"/reports/{theirs}").status_code == 404
    assert me.call("GET", "/reports").json()["items"] == []


def test_one_that_was_not_made_says_so(me, delivered):
    assert me.call("GET", f"/reports/{delivered(me, content=False)}").status_code == 409


def test_any_days_make_a_report_of_the_callers_own_numbers(me, new_user, http):
    days = Period.between(facts_day := clock.now().date() - timedelta(days=20), facts_day + timedelta(days=2))
    put(http, me.id, days, tasks_completed=3)
    put(http, new_user().id, days, tasks_completed=50)
    body = {"first_day": f"{days.first}", "last_day": f"{days.last}"}
    made = me.call("POST", "/reports", body).json()
    assert made["headline"].startswith("9 tasks completed")
    assert len(made["bars"]) == 3
    only = me.call("POST", "/reports", {**body, "sections": ["numbers"]}).json()
    assert (only["bars"], only["parts"]) == ([], [])
    assert "9 tasks completed" in me.call("POST", "/reports?format=text", body).text


@pytest.mark.parametrize("form", ["json", "text", "pdf"])
def test_a_report_is_made_once_for_a_key(me, http, form):
    day, earlier = clock.now().date() - timedelta(days=20), clock.now().date() - timedelta(days=21)
    put(http, me.id, [day], tasks_completed=3)
    path, body = f"/reports?format={form}", {"first_day": f"{earlier}", "last_day": f"{day}"}
    first = me.call("POST", path, body, Idempotency_Key="once")
    put(http, me.id, [earlier], tasks_completed=2)
    again = me.call("POST", path, body, Idempotency_Key="once")
    assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")
    assert again.headers["content-type"] == first.headers["content-type"]
    assert (again.text == first.text) or form == "pdf"
    assert me.call("POST", path, body).content != first.content


@pytest.mark.parametrize(
    "body",
    [
        {"first_day": "2026-11-02", "last_day": "2026-11-01"}, {"first_day": "2025-01-01", "last_day": "2026-11-01"},
        {"first_day": "2026-11-01"}, {"first_day": "2026-11-01", "last_day": "2026-11-02", "sections": ["secrets"]},
    ],
)  # fmt: skip
def test_days_that_make_no_report_are_refused(me, body):
    assert me.call("POST", "/reports", body).status_code == 422


def test_the_report_to_come_can_be_looked_at(me, http):
    today = clock.local_date(clock.now(), "Europe/Berlin")
    put(http, me.id, [today], tasks_completed=4)
    assert me.call("GET", "/reports/preview").json()["headline"].startswith("4 tasks completed")
    monthly = me.call("GET", "/reports/preview?kind=monthly&format=html")
    assert f"{today:%B %Y}" in monthly.text
    assert "script" not in monthly.text
    assert "default-src 'none'" in monthly.headers["content-security-policy"]


def test_the_report_of_a_week_in_which_nothing_is_recorded_yet_says_so(me, http):
    put(http, me.id, [clock.local_date(clock.now(), "Europe/Berlin")])
    report = me.call("GET", "/reports/preview").json()
    assert report["headline"].startswith("Nothing recorded this week yet.")
    assert (report["is_empty"], report["lines"], report["bars"]) == (True, [], [])


def test_what_is_not_computed_is_reported_and_is_no_zero(me, http, new_user):
    put(http, new_user().id, [clock.now().date()])
    answer = me.call("GET", "/reports/preview")
    assert answer.status_code == 409
    assert "not computed yet" in answer.json()["detail"]
