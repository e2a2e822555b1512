"""The preview is the next email: the same period and the same bytes, but for the moment of the numbers."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from focusflow.database.session import Role
from reports.delivery.composer import PENDING
from reports.render import report_json
from tests.sizes import dice, sized

ZONES = ["UTC", "Pacific/Kiritimati", "America/St_Johns", "Pacific/Pago_Pago", "Australia/Lord_Howe", "Europe/Berlin"]
SOMETIME = datetime(2026, 11, 16, tzinfo=UTC)


def without_time(text):
    return re.sub(r"as of [^(]*\(", "as of then (", text)


@pytest.fixture
def numbers(facts_of):
    """Numbers that differ from period to period, as of a moment."""

    def at(now):
        def facts(user, period):
            found = facts_of(user, period)
            return replace(
                found, as_of=now, totals={**found.totals, "tasks_completed": period.first.toordinal() % 97 + 2}
            )

        return facts

    return at


@pytest.mark.parametrize("seed", range(sized(8, 60)))
def test_the_preview_is_the_email_that_comes_next(sending, new_user, post, numbers, seed):
    draw, kind = dice(seed), ["weekly", "monthly"][seed % 2]
    preferences = {"weekly_report": kind == "weekly", "monthly_report": kind == "monthly"}
    preferences |= {"weekly_report_day": draw.randrange(7), "weekly_report_hour": draw.randrange(24)}
    ada = new_user(draw.choice(ZONES), **preferences)
    database = sending().recipients.database
    with database.owner() as connection:
        connection.execute("update users set week_start = %s where id = %s", [draw.randrange(7), ada])
    now = SOMETIME + timedelta(hours=draw.uniform(0, 24 * 7))
    for _ in range(2):  # once with nothing sent before, once after an email
        to, taken = sending().recipients.by_id(ada), len(post.taken)
        report, email = sending(now, facts=numbers(now)).composer.preview(to, kind, now)
        while len(post.taken) == taken:
            report, email = sending(now, facts=numbers(now)).composer.preview(to, kind, now)
            sending(now, facts=numbers(now)).run()
            now += timedelta(hours=draw.choice([1, 5, 26]))
        mail = post.taken[-1]
        for subtype, expected in (("plain", email.text), ("html", email.html)):
            body = mail.get_body([subtype]).get_content()
            assert without_time(body).splitlines() == without_time(expected).splitlines()
        assert mail["Subject"] == email.subject
        assert report.label in email.html
        now += timedelta(hours=draw.choice([0, 1, 30]))


def test_what_an_attempt_has_fixed_is_what_the_preview_shows(sending, new_user, post, database, numbers):
    ada = new_user(monthly_report=False)
    monday = datetime(2026, 11, 16, 7, 30, tzinfo=UTC)
    post.for_address[f"{ada}@example.com"] = "451 come again later"
    sending(monday, facts=numbers(monday)).run()
    later = monday + timedelta(minutes=1)

    def changed(user, period):
        found = numbers(later)(user, period)
        return replace(found, totals={**found.totals, "tasks_completed": 1})

    sender = sending(later, facts=changed)
    report, _ = sender.composer.preview(sender.recipients.by_id(ada), "weekly", later)
    with database.transaction(Role.REPORTING) as tx:
        row = tx.one("select content, status from report_deliveries where user_id = %(id)s", {"id": ada})
    assert row["status"] in PENDING
    assert row["content"]["headline"].encode() in report_json(report)
