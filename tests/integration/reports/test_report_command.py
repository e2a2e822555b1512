"""`focusflow report` finds the user, takes the week that is theirs, and writes the same numbers in each form."""

from datetime import timedelta

import orjson
import pytest
from click.testing import CliRunner

from cli.main import commands
from focusflow import clock
from focusflow.database.session import Role
from focusflow.errors import NotFound
from focusflow.lake.tables import Lake
from focusflow.locales import span
from reports.periods.facts import NotComputed
from tests.conftest import BUCKETS, add_user
from tests.unit.reports.conftest import DAILY, WEEK, day


@pytest.fixture
def home(tmp_path, database_url, monkeypatch):
    monkeypatch.setenv("FOCUSFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("FOCUSFLOW_DATABASE_URL", database_url)
    monkeypatch.setenv("FOCUSFLOW_BUCKETS", str(BUCKETS))
    return tmp_path


def run(*words):
    return CliRunner().invoke(commands, ["report", *words], catch_exceptions=True)


def put(home, user_id, days):
    import pyarrow as pa

    from focusflow.identity import bucket_of

    rows = [{**day(each, user_id, tasks_completed=2), "bucket": bucket_of(user_id, BUCKETS)} for each in days]
    Lake(str(home / "lake")).open(DAILY).append(pa.Table.from_pylist(rows, DAILY.schema), positions={})


def test_the_week_around_a_day_is_written_as_html_text_json_and_pdf(home, user_id):
    put(home, user_id, WEEK)
    said = run("weekly", "--user", f"{user_id}@EXAMPLE.com", "--week", str(WEEK.last), "--out", str(home / "out"))
    assert said.exit_code == 0, said.output
    assert {path.suffix for path in (home / "out").iterdir()} == {".html", ".txt", ".json", ".pdf"}
    found = orjson.loads((home / "out" / f"report-{WEEK.first}-{WEEK.last}.json").read_bytes())
    assert found["headline"].startswith("14 tasks completed")


def test_without_a_week_it_is_the_last_whole_one_where_the_user_lives(home, database):
    user_id = add_user(database, "Pacific/Kiritimati")
    with database.transaction(Role.AUTH, user_id) as tx:
        tx.run("update users set week_start = 6 where id = %(id)s", {"id": user_id})
    today = clock.local_date(clock.now(), "Pacific/Kiritimati")
    last = clock.Period.week_of(today - timedelta(days=7), 6)
    put(home, user_id, last)
    said = run("weekly", "--user", f"{user_id}@example.com")
    days = span(last.first, last.last, "en")
    assert f"{last.label}: {days}" in said.output


def test_any_days_are_summed(home, user_id):
    put(home, user_id, WEEK)
    span = ("--from", str(WEEK.first), "--to", str(WEEK.first + timedelta(days=2)))
    assert "6 tasks completed" in run("custom", "--user", f"{user_id}@example.com", *span).output


def test_an_unknown_address_and_a_week_without_numbers_are_reported(home, user_id):
    assert isinstance(run("weekly", "--user", "nobody@example.com").exception, NotFound)
    assert isinstance(run("weekly", "--user", f"{user_id}@example.com").exception, NotComputed)


def test_insights_cite_the_numbers_they_rest_on(home, user_id):
    put(home, user_id, WEEK)
    said = CliRunner().invoke(
        commands, ["insights", "--user", f"{user_id}@example.com", "--week", str(WEEK.first), "--json"]
    )
    first = orjson.loads(said.output)["observations"][0]
    assert first["evidence"] == [{"metric": "tasks_completed", "value": 14.0}]
    assert "14" in first["text"]


def test_a_report_is_mailed_once_and_what_became_of_it_is_listed(home, database):
    user_id = add_user(database, "UTC")
    with database.owner() as connection:
        connection.execute("update users set created_at = '2020-01-01' where id = %s", [user_id])
    put(home, user_id, WEEK)
    send = ("weekly", "--user", f"{user_id}@example.com", "--week", str(WEEK.first), "--send")
    for _ in range(2):
        said = run(*send)
        assert (said.exit_code, said.output) == (0, "sent\n")
    assert len(list((home / "mails").glob("*.eml"))) == 1
    listed = orjson.loads(run("deliveries", "--status", "sent", "--json").output)
    assert [(row["email"], row["period"]) for row in listed] == [(f"{user_id}@example.com", "2026-W43")]


def test_a_user_who_is_due_is_emailed_and_the_counts_are_printed(home, database):
    with database.owner() as connection:
        connection.execute("truncate users cascade")
    user_id = add_user(database, "UTC")
    with database.owner() as connection:
        connection.execute("update users set created_at = '2020-01-01' where id = %s", [user_id])
        connection.execute(
            "insert into preferences (user_id, updated_at, monthly_report) values (%s, '2020-01-01', false)", [user_id]
        )
    today = clock.now().date()
    put(home, user_id, clock.Period.between(today - timedelta(days=20), today))
    counts = orjson.loads(run("send-due", "--json").output)
    assert (counts["planned"], counts["due"], counts["sent"]) == (1, 1, 1)
    assert orjson.loads(run("send-due", "--json").output)["due"] == 0
