"""Reports go out by a real mail server that behaves and misbehaves: nobody gets a period's report twice, and every fate can be seen."""

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from focusflow.clock import Period
from focusflow.database.session import Role
from focusflow.errors import Conflict
from focusflow.mail import mailer
from pipelines.orchestration.assets.reports import SILENCE, judged
from reports.delivery.schedule import PAUSES
from reports.delivery.sender import Pace
from reports.periods.facts import NotComputed
from tests.integration.reports.conftest import MONDAY

LAST_WEEK = Period.week_of(MONDAY.date() - timedelta(days=7))


def state(database, user_id, kind="weekly"):
    with database.transaction(Role.REPORTING) as tx:
        rows = tx.all(
            "select status, attempts, reason, next_attempt_at, period, content from report_deliveries"
            " where user_id = %(id)s and kind = %(kind)s order by first_day",
            {"id": user_id, "kind": kind},
        )
    return rows[-1] if rows else None


def is_silent(counts):
    """Whether a run raises the alarm that nothing goes out."""
    return not next(each.passed for each in judged(counts) if each.check_name == SILENCE.name)


def weekly_only(**more):
    return {"monthly_report": False, **more}


def test_a_due_report_arrives_once_as_text_and_html_with_a_way_out(sending, new_user, post, database):
    ada = new_user(**weekly_only())
    counts = sending().run()
    assert (counts.planned, counts.due, counts.sent, counts.failed) == (1, 1, 1, 0)
    (mail,) = post.taken
    assert mail["To"] == f"{ada}@example.com"
    assert mail["Subject"].startswith("Week 46, 2026: ")
    assert mail["Message-ID"] == f"<weekly.2026-W46.{ada.hex}@example.com>"
    assert mail["List-Unsubscribe"].startswith("<https://focus.example.com/api/v1/reports/unsubscribe/")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text, html = (mail.get_body([kind]).get_content() for kind in ("plain", "html"))
    assert "12 tasks completed" in text
    assert "12 tasks completed" in html
    assert mail["List-Unsubscribe"].strip("<>") in text
    assert sending().run().due == 0
    assert sending(MONDAY + timedelta(days=3)).run().due == 0
    assert len(post.taken) == 1
    assert state(database, ada)["status"] == "sent"


def test_what_was_sent_is_a_notification_and_an_event(sending, new_user, database):
    ada = new_user(**weekly_only())
    sending().run()
    with database.owner() as connection:
        (note,) = connection.execute(
            "select type, title, status from notifications where user_id = %s", [ada]
        ).fetchall()
        (row,) = connection.execute("select value from outbox where user_id = %s", [ada]).fetchall()
    assert note == {"type": "report", "title": "Your report: Week 46, 2026", "status": "sent"}
    event = orjson.loads(row["value"])
    assert (event["type"], event["actor"], event["data"]["period"]) == ("report.sent", "system", "2026-W46")


@pytest.mark.parametrize(("channels", "notes"), [(["in_app"], 1), ([], 0)])
def test_who_reads_in_the_app_alone_gets_the_report_there_and_no_mail(sending, new_user, post, channels, notes):
    ada, database = new_user(**weekly_only()), sending().recipients.database
    with database.owner() as connection:
        connection.execute("insert into notification_preferences values (%s, 'report', true, %s)", [ada, channels])
    assert sending().run().sent == notes
    assert post.taken == []
    with database.owner() as connection:
        told = connection.execute("select data from notifications where user_id = %s", [ada]).fetchall()
        kept = connection.execute("select id from report_deliveries where content is not null").fetchall()
    assert [each["data"]["delivery_id"] for each in told] == [str(row["id"]) for row in kept]
    assert len(kept) == notes
    assert sending(MONDAY + timedelta(hours=1)).run().sent == 0


@pytest.mark.parametrize(
    ("answer", "status"),
    [("550 no such mailbox", "failed"), ("451 greylisted", "due"), ("hang up", "unknown"), ("take and hang up", "unknown"), ("take and hang", "unknown")],
)  # fmt: skip
def test_one_bad_mailbox_stops_nobody_and_its_fate_can_be_seen(sending, new_user, post, answer, status):
    database = sending().recipients.database
    bad, *good = (new_user(**weekly_only()) for _ in range(4))
    post.for_address[f"{bad}@example.com"] = answer
    assert sending().run().sent == 3
    assert {state(database, each)["status"] for each in good} == {"sent"}
    found = state(database, bad)
    assert found["status"] == status
    assert found["reason"]


def test_a_greylisted_mail_is_tried_again_with_the_same_identity_and_words(sending, new_user, post, database, facts_of):
    ada = new_user(**weekly_only())
    post.to_text = "451 come back later"
    assert sending().run().put_off == 1
    assert sending(MONDAY + timedelta(minutes=4)).run().due == 0
    first, post.to_text = post.taken.pop(), None
    changed = lambda user, period: replace(facts_of(user, period), totals={**facts_of(user, period).totals, "tasks_completed": 99})  # noqa: E731  # fmt: skip
    assert sending(MONDAY + timedelta(minutes=6), facts=changed).run().sent == 1
    assert post.taken[0]["Message-ID"] == first["Message-ID"]
    assert post.taken[0].get_body(["plain"]).get_content() == first.get_body(["plain"]).get_content()
    assert state(database, ada)["attempts"] == 2


def test_what_never_gets_through_is_given_up_with_the_last_reason(sending, new_user, post, database):
    ada = new_user(**weekly_only())
    post.to_recipient = "451 not now for <ada@example.com>"
    now = MONDAY
    silent = [is_silent(sending(now).run())]
    while (found := state(database, ada))["status"] == "due":
        now = found["next_attempt_at"]
        silent.append(is_silent(sending(now).run()))
    assert silent == [False, False] + [True] * (len(silent) - 2)
    assert (found["status"], found["reason"]) == ("failed", "451 not now for <ada@example.com>")
    with database.owner() as connection:
        events = connection.execute("select value from outbox where user_id = %s", [ada]).fetchall()
    (event,) = (found for row in events if (found := json.loads(row["value"]))["type"] == "report.failed")
    assert event["data"]["reason"] == "451 not now for (address)"  # the event goes into the lake
    assert timedelta(days=2) < now - MONDAY < timedelta(days=5)
    assert sending(now + timedelta(hours=1)).run().due == 0


def test_an_email_of_unknown_fate_is_sent_again_only_by_an_operator(sending, new_user, post, database):
    ada = new_user(**weekly_only())
    post.to_text = "take and hang up"
    sending().run()
    post.to_text = None
    for hours in (1, 24, 100):
        assert sending(MONDAY + timedelta(hours=hours)).run().due == 0
    to = sending().recipients.by_id(ada)
    assert sending().send(to, "weekly", LAST_WEEK).status == "unknown"
    assert len(post.taken) == 1
    assert sending().again(to, "weekly", LAST_WEEK.key).status == "sent"
    with pytest.raises(Conflict, match="sent"):
        sending().again(to, "weekly", LAST_WEEK.key)
    assert len(post.taken) == 2


def test_what_a_killed_sender_left_is_unknown_once_it_cannot_come_back(sending, new_user, post, database, facts_of):
    ada = new_user(**weekly_only())
    sender = sending()
    to = sender.recipients.by_id(ada)
    sender.ledger.plan(to, "weekly", LAST_WEEK, MONDAY)
    row = sender.ledger.of_key(ada, "weekly", LAST_WEEK.key)
    sender.ledger.claim(row, {}, MONDAY, MONDAY + timedelta(minutes=15))
    assert sending(MONDAY + timedelta(minutes=14)).run().unknown == 0
    assert sending(MONDAY + timedelta(minutes=16)).run().unknown == 1
    assert state(database, ada)["status"] == "unknown"
    assert post.taken == []


def test_two_senders_at_once_send_each_report_once(sending, new_user, post):
    recipients = {new_user(**weekly_only()) for _ in range(30)}
    start = threading.Barrier(2)

    def run():
        start.wait()
        sending().run()

    both = [threading.Thread(target=run) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sorted(mail["To"] for mail in post.taken) == sorted(f"{each}@example.com" for each in recipients)


def test_after_weeks_without_a_server_the_newest_report_goes_out_and_no_other(sending, new_user, post, database):
    ada = new_user(**weekly_only())
    post.to_recipient = "451 not now"
    sending().run()
    post.to_recipient = None
    counts = sending(MONDAY + timedelta(days=15)).run()
    assert (counts.sent, counts.due) == (1, 1)
    assert post.taken[0]["Subject"].startswith("Week 48, 2026: ")
    with database.transaction(Role.REPORTING) as tx:
        rows = tx.all(
            "select period, status from report_deliveries where user_id = %(id)s order by first_day", {"id": ada}
        )
    assert [(row["period"], row["status"]) for row in rows] == [("2026-W46", "skipped"), ("2026-W48", "sent")]


def test_moving_and_other_preferences_bring_no_second_report_of_a_week(sending, new_user, post, database):
    ada = new_user(**weekly_only())
    sending().run()
    changes = ("timezone = 'Pacific/Kiritimati'", "timezone = 'Pacific/Pago_Pago'", "week_start = 6", "week_start = 5")
    for hours, change in enumerate(changes):
        with database.owner() as connection:
            connection.execute(f"update users set {change} where id = %s", [ada])
        sending(MONDAY + timedelta(hours=hours)).run()
    with database.owner() as connection:
        connection.execute(
            "update preferences set weekly_report_hour = 23, weekly_report_day = 1 where user_id = %s", [ada]
        )
    for hours in range(0, 5 * 24, 6):
        sending(MONDAY + timedelta(hours=hours)).run()
    subjects = [mail["Subject"] for mail in post.taken]
    assert len(subjects) == len(set(subjects))


@pytest.mark.parametrize(
    ("preferences", "sent"),
    [
        ({"weekly_report": False}, 0),
        ({"quiet_from": "08:00", "quiet_until": "09:00"}, 0),
        ({"quiet_from": "22:00", "quiet_until": "08:30"}, 1),
        ({"quiet_from": "22:00", "quiet_until": "08:31"}, 0),
    ],
)
def test_preferences_are_obeyed(sending, new_user, preferences, sent):
    new_user(**weekly_only(**preferences))
    assert sending().run().sent == sent


def test_an_hour_that_is_put_off_brings_no_older_week(sending, new_user, post, database):
    ada = new_user(**weekly_only())
    sending().run()
    with database.owner() as connection:
        connection.execute("update preferences set weekly_report_hour = 20 where user_id = %s", [ada])
    assert sending(MONDAY + timedelta(hours=1)).run().planned == 0
    assert len(post.taken) == 1


def test_after_the_quiet_hours_the_mail_goes_out(sending, new_user):
    new_user(**weekly_only(quiet_from="08:00", quiet_until="09:00"))
    assert sending().run().sent == 0
    assert sending(MONDAY + timedelta(hours=1)).run().sent == 1


def test_who_unsubscribes_while_it_waits_gets_nothing(sending, new_user, post, database):
    ada = new_user(**weekly_only())
    post.to_recipient = "451 not now"
    sending().run()
    post.to_recipient = None
    with database.transaction(Role.API, ada) as tx:
        tx.run("update preferences set weekly_report = false")
    assert sending(MONDAY + timedelta(hours=1)).run().skipped == 1
    assert post.taken == []


def test_who_unsubscribes_while_it_waits_for_its_turn_gets_nothing(sending, new_user, post, database):
    ada = new_user(**weekly_only())

    def unsubscribe(_):
        with database.transaction(Role.API, ada) as tx:
            tx.run("update preferences set weekly_report = false")

    sender = replace(sending(), pace=Pace(1000, sleep=unsubscribe))
    assert sender.run().skipped == 1
    assert post.taken == []


@pytest.mark.parametrize("change", ["is_active = false", "erased_at = created_at"])
def test_a_closed_account_gets_nothing(sending, new_user, post, database, change):
    ada = new_user(**weekly_only())
    sending().ledger.plan(sending().recipients.by_id(ada), "weekly", LAST_WEEK, MONDAY)
    with database.owner() as connection:
        connection.execute(f"update users set {change} where id = %s", [ada])
    assert sending().run().sent == 0
    assert post.taken == []


def test_an_empty_week_is_one_line_or_silence(sending, new_user, post, facts_of, database):
    totals = facts_of(None, LAST_WEEK).totals
    empty = dict.fromkeys(totals, 0) | {"productivity_score": None}
    nothing = lambda user, period: replace(facts_of(user, period), totals=empty)  # noqa: E731
    line, silence = new_user(**weekly_only()), new_user(**weekly_only(empty_week="nothing"))
    sending(facts=nothing).run()
    assert [mail["To"] for mail in post.taken] == [f"{line}@example.com"]
    assert "That is fine" in post.taken[0].get_body(["plain"]).get_content()
    assert state(database, silence)["status"] == "skipped"


def test_numbers_that_are_not_whole_or_cannot_be_read_are_never_mailed(sending, new_user, post, database, facts_of):
    unlucky, early, missing, fine = (new_user(**weekly_only()) for _ in range(4))

    def facts(user, period):
        if user.id == unlucky:
            raise OSError("a file is gone")
        if user.id == missing:
            raise NotComputed
        found = facts_of(user, period)
        return replace(found, as_of=datetime(2026, 11, 15, 22, 59, tzinfo=UTC)) if user.id == early else found

    assert sending(facts=facts).run().sent == 1
    assert post.taken[0]["To"] == f"{fine}@example.com"
    assert {state(database, each)["status"] for each in (unlucky, early, missing)} == {"due"}
    assert state(database, unlucky)["reason"] == "the report could not be made: OSError"
    assert sending(MONDAY + timedelta(minutes=6)).run().sent == 3


def test_what_late_data_changed_is_put_right_in_the_next_mail(sending, new_user, post, facts_of):
    new_user(**weekly_only())
    sending().run()
    assert "PUT RIGHT" not in post.taken[0].get_body(["plain"]).get_content()

    def later(user, period):
        found = facts_of(user, period)
        return replace(found, totals={**found.totals, "tasks_completed": 13}) if period == LAST_WEEK else found

    sending(MONDAY + timedelta(days=7), facts=later).run()
    assert (
        "- Completed in Week 46, 2026: 13 (reported as 12; changed by later data)"
        in post.taken[1].get_body(["plain"]).get_content()
    )
    sending(MONDAY + timedelta(days=14), facts=later).run()
    assert "PUT RIGHT" not in post.taken[2].get_body(["plain"]).get_content()


def test_a_week_reported_as_empty_is_corrected_too_and_one_that_has_become_empty(sending, new_user, post, facts_of):
    new_user(**weekly_only())
    nothing = dict.fromkeys(facts_of(None, LAST_WEEK).totals, 0) | {"productivity_score": None}

    def facts(*empty):
        return lambda user, period: replace(facts_of(user, period), **({"totals": nothing} if period in empty else {}))

    next_week = Period.week_of(MONDAY.date())
    sending(facts=facts(LAST_WEEK)).run()
    sending(MONDAY + timedelta(days=7), facts=facts()).run()
    sending(MONDAY + timedelta(days=14), facts=facts(next_week)).run()
    first, second, third = (mail.get_body(["plain"]).get_content() for mail in post.taken)
    assert "That is fine" in first
    assert "- Completed in Week 46, 2026: 12 (reported as nothing recorded; changed by later data)" in second
    assert "- Completed in Week 47, 2026: – (reported as 12; deleted since)" in third


def test_who_never_was_looked_for_is_counted_as_overlooked(sending, new_user):
    new_user(**weekly_only())
    sending(MONDAY - timedelta(days=7)).run()
    assert sending(MONDAY + timedelta(hours=1)).overlooked() == 0
    assert sending(MONDAY + timedelta(hours=3)).overlooked() == 1
    sending().run()
    assert sending(MONDAY + timedelta(hours=3)).overlooked() == 0


def test_a_last_week_that_is_gone_or_was_written_by_an_older_version_holds_no_report_up(
    sending, new_user, post, facts_of, database
):
    ada = new_user(**weekly_only())
    sending().run()
    with database.transaction(Role.REPORTING) as tx:
        tx.run("update report_deliveries set content = content - 'parts' where user_id = %(id)s", {"id": ada})

    def gone(user, period):
        if period == LAST_WEEK:
            raise NotComputed
        return facts_of(user, period)

    assert sending(MONDAY + timedelta(days=7), facts=gone).run().sent == 1


def test_no_more_mails_a_second_than_the_settings_say():
    slept: list[float] = []
    pace = Pace(4, monotonic=lambda: 100.0, sleep=slept.append)
    for _ in range(4):
        pace.wait()
    assert slept == [0, 0.25, 0.5, 0.75]


def test_without_a_server_reports_are_files(sending, new_user, settings):
    new_user(**weekly_only())
    sender = sending()
    files = settings.model_copy(update={"smtp_host": None})
    assert replace(sender, mailer=mailer(files)).run().sent == 1
    (file,) = (settings.home / "mails").glob("*.eml")
    assert b"List-Unsubscribe: <https://focus.example.com/api/v1/reports/unsubscribe/" in file.read_bytes()


@pytest.fixture
def pile_up(new_user, database):
    """Somebody with forty reports that are due before all others."""

    def made():
        user_id = new_user(monthly_report=False)
        with database.owner() as connection:
            connection.execute(
                "insert into report_deliveries (id, user_id, created_at, updated_at, kind, period, first_day, last_day, next_attempt_at, message_id)"
                " select gen_random_uuid(), %s, now(), now(), 'weekly', 'week ' || n, %s, %s, %s, '<' || n || '@example.com>'"
                " from generate_series(1, 40) as n",
                [user_id, LAST_WEEK.first, LAST_WEEK.last, MONDAY - timedelta(days=1)],
            )
        return user_id

    return made


@pytest.mark.parametrize("trouble", ["made", "read", "time zone"])
def test_many_reports_that_cannot_be_sent_come_after_all_users_first(sending, new_user, pile_up, facts_of, trouble):
    bad, good, database = pile_up(), new_user(**weekly_only()), sending().recipients.database
    with database.owner() as connection:
        if trouble == "read":
            connection.execute("update report_deliveries set last_day = first_day + 9")
        if trouble == "time zone":
            connection.execute("update users set timezone = 'Mars/Olympus' where id = %s", [bad])
    made = []

    def facts(user, period):
        made.append(user.id)
        if user.id == bad:
            raise ZeroDivisionError
        return facts_of(user, period)

    sender = sending(facts=facts)
    sender = replace(sender, settings=sender.settings.model_copy(update={"mail_connections": 1}))
    counts = sender.run()
    assert (counts.sent, counts.later) == (1, 40)
    assert made.index(good) <= 1
    found = state(database, bad)
    assert (found["status"], found["attempts"], found["next_attempt_at"]) == ("due", 1, MONDAY + timedelta(minutes=5))
    assert found["reason"]


def test_a_report_that_cannot_even_be_read_is_given_up_in_the_end_with_the_reason(sending, new_user, database):
    ada, now, runs = new_user(**weekly_only()), MONDAY, 0
    sender = sending()
    sender.ledger.plan(sender.recipients.by_id(ada), "weekly", LAST_WEEK, now)
    with database.owner() as connection:
        connection.execute("update report_deliveries set last_day = first_day + 9")
    while (found := state(database, ada))["status"] == "due":
        now, runs = found["next_attempt_at"], runs + 1
        sending(now).run()
    assert (found["status"], found["reason"]) == ("failed", "the report could not be sent: AssertionError")
    assert runs == len(PAUSES) + 1


def test_a_user_without_a_time_zone_keeps_nobody_from_being_due_and_is_given_up(sending, new_user, database):
    bad = new_user(timezone="Mars/Olympus", **weekly_only())
    new_user(**weekly_only())
    now = MONDAY
    assert sending(now).run().sent == 1
    for pause in PAUSES:
        now += pause
        sending(now).run()
    with database.owner() as connection:
        rows = connection.execute(
            "select user_id, item, attempts, next_attempt_at, reason from failed_attempts"
        ).fetchall()
    assert [(row["user_id"], row["item"], row["attempts"], row["next_attempt_at"]) for row in rows] == [
        (bad, "weekly", len(PAUSES) + 1, None)
    ]
    assert rows[0]["reason"] == "ZoneInfoNotFoundError"


def test_while_the_mail_server_is_down_no_report_loses_an_attempt(sending, new_user, post, database, nobody_there):
    users = [new_user(**weekly_only()) for _ in range(6)]
    first = sending(smtp_port=nobody_there).run()
    assert (first.due, first.sent, first.later, is_silent(first)) == (6, 0, 6, True)
    for hours in range(12, 5 * 24, 12):
        sending(MONDAY + timedelta(hours=hours), smtp_port=nobody_there).run()
    assert {(state(database, each)["status"], state(database, each)["attempts"]) for each in users} == {("due", 0)}
    assert sending(MONDAY + timedelta(days=5)).run().sent == 6
    assert len(post.taken) == 6


def test_while_the_mail_server_is_down_who_reads_in_the_app_gets_their_report(
    sending, new_user, database, nobody_there
):
    mailed, reader = new_user(**weekly_only()), new_user(**weekly_only())
    with database.owner() as connection:
        connection.execute("insert into notification_preferences values (%s, 'report', true, '{in_app}')", [reader])
    sending(smtp_port=nobody_there).run()
    assert state(database, reader)["status"] == "sent"
    assert state(database, mailed)["status"] == "due"


def test_a_report_that_was_sent_goes_to_channels_in_a_few_lines(database, sending, new_user):
    user_id = new_user(**weekly_only())
    with database.owner() as connection:
        connection.execute(
            "insert into notification_channels (id, user_id, created_at, updated_at, name, service, secret, masked_address, kinds)"
            " values (%(id)s, %(user)s, now(), now(), 'Phone', 'ntfy', '', '', '{report}')",
            {"id": user_id, "user": user_id},
        )
    sending().run()
    with database.owner() as connection:
        (row,) = connection.execute("select title, body from channel_deliveries").fetchall()
    assert row["title"].startswith("Your report: Week")
    assert 2 <= len(row["body"].splitlines()) <= 4
