"""A line becomes the task that its writer meant, in their language, and whatever was guessed wrong can be put back into the title."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operational_api.tasks.quick_add import parse
from tests.sizes import sized

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)  # a Monday
HOME = UUID(int=1)


def understood(text, locale="en", timezone="UTC", now=NOW):
    found = parse(text, locale, timezone, now, {"home": HOME})
    return found.title, found.fields


def test_a_line_with_everything():
    title, fields = understood("report fri 30m !high #work every week")
    assert title == "report"
    assert fields == {
        "due_date": date(2026, 12, 4),
        "estimated_minutes": 30,
        "priority": "high",
        "tags": ["work"],
        "recurrence": "FREQ=WEEKLY",
    }


@pytest.mark.parametrize(
    ("text", "locale", "day"),
    [
        ("report today", "en", date(2026, 11, 30)),
        ("report by tomorrow", "en", date(2026, 12, 1)),
        ("report mon", "en", date(2026, 12, 7)),
        ("report next friday", "en", date(2026, 12, 11)),
        ("report in 3 weeks", "en", date(2026, 12, 21)),
        ("report next week", "en", date(2026, 12, 7)),
        ("report next month", "en", date(2026, 12, 1)),
        ("report 2027-02-28", "en", date(2027, 2, 28)),
        ("report 29 feb", "en", date(2028, 2, 29)),
        ("report December 1st", "en", date(2026, 12, 1)),
        ("report 3/12", "en", date(2026, 12, 3)),
        ("report 3/12", "en-US", date(2027, 3, 12)),
        ("report 12/31/27", "en-US", date(2027, 12, 31)),
        ("Bericht bis Freitag", "de", date(2026, 12, 4)),
        ("Bericht übermorgen", "de", date(2026, 12, 2)),
        ("Bericht 3.12.", "de", date(2026, 12, 3)),
        ("Bericht am 1. Dezember", "de", date(2026, 12, 1)),
        ("rapport demain", "fr", date(2026, 12, 1)),
        ("rapport 1er décembre", "fr", date(2026, 12, 1)),
        ("rapport dans 2 semaines", "fr", date(2026, 12, 14)),
        ("informe pasado mañana", "es", date(2026, 12, 2)),
        ("informe el 1 de diciembre", "es", date(2026, 12, 1)),
        ("rapport fredag", "sv", date(2026, 12, 4)),
        ("tomorrow call mum", "en", date(2026, 12, 1)),
        ("call mum on Friday about the party", "en", date(2026, 12, 4)),
    ],
)
def test_days_are_read_as_the_locale_writes_them(text, locale, day):
    assert understood(text, locale)[1].get("due_date") == day


@pytest.mark.parametrize(
    ("text", "locale", "rule", "day"),
    [
        ("water plants every day", "en", "FREQ=DAILY", date(2026, 11, 30)),
        ("swim every mon and thu", "en", "FREQ=WEEKLY;BYDAY=MO,TH", date(2026, 11, 30)),
        ("swim every Thursday", "en", "FREQ=WEEKLY;BYDAY=TH", date(2026, 12, 3)),
        ("standup every weekday", "en", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", date(2026, 11, 30)),
        ("backup every 2 weeks fri", "en", "FREQ=WEEKLY;INTERVAL=2", date(2026, 12, 4)),
        ("rent monthly 2026-12-01", "en", "FREQ=MONTHLY", date(2026, 12, 1)),
        ("Müll jeden Dienstag", "de", "FREQ=WEEKLY;BYDAY=TU", date(2026, 12, 1)),
        ("courses tous les jours", "fr", "FREQ=DAILY", date(2026, 11, 30)),
        ("compra cada semana", "es", "FREQ=WEEKLY", date(2026, 11, 30)),
    ],
)
def test_repetitions_are_rules_and_begin_on_their_first_day(text, locale, rule, day):
    fields = understood(text, locale)[1]
    assert (fields.get("recurrence"), fields.get("due_date")) == (rule, day)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("call tomorrow at 15:00", "2026-12-01T14:00"),
        ("call at 3pm", "2026-11-30T14:00"),
        ("call 08:30", "2026-12-01T07:30"),  # that time has passed today
    ],
)
def test_times_are_on_the_users_own_clock(text, moment):
    title, fields = understood(text, timezone="Europe/Berlin")
    assert (title, f"{fields['due_at']:%Y-%m-%dT%H:%M}") == ("call", moment)
    assert "due_date" not in fields


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("a 90min", 90),
        ("a 1.5h", 90),
        ("a 1h30", 90),
        ("a 1h30m", 90),
        ("a for 2 hours", 120),
        ("a 45 min", 45),
        ("45m a", 45),
    ],
)
def test_estimates(text, minutes):
    assert understood(text) == ("a", {"estimated_minutes": minutes})


@pytest.mark.parametrize(
    "text",
    [
        "Buy sun cream", "March to the top", "Prepare Monday meeting", "Fix #123", "Watch a 2h movie with Jo", "May I help", "Read chapters 1/2 again",
        "Wow!", "C# course notes", "every", "tomorrow", "30m", "Email about !important", "Sat down", 'Read "Dune"',
    ],
)  # fmt: skip
def test_text_that_only_resembles_a_field_belongs_to_the_title(text):
    assert understood(text) == (text, {})


def test_a_hash_names_a_category_that_exists_and_else_a_tag():
    assert understood("sweep #Home #garden") == ("sweep", {"category_id": HOME, "tags": ["garden"]})


def test_text_in_quotes_or_behind_a_backslash_belongs_to_the_title():
    assert understood(r"watch \fri 30m") == ("watch fri", {"estimated_minutes": 30})
    assert understood('play "every day" \\#work') == ("play every day #work", {})
    assert understood(r"open C:\temp tomorrow")[0] == r"open C:\temp"


def test_each_wrong_guess_can_be_put_back_without_losing_the_others():
    found = parse("report fri 30m !high", "en", "UTC", NOW, {})
    assert [(each.field, each.text) for each in found.understood] == [
        ("due", "fri"),
        ("estimate", "30m"),
        ("priority", "!high"),
    ]
    again = parse(found.understood[1].otherwise, "en", "UTC", NOW, {})
    assert (again.title, again.fields) == ("report 30m", {"due_date": date(2026, 12, 4), "priority": "high"})


WORDS = st.sampled_from(
    ["report", "fri", "30m", "!high", "#work", "every", "week", "mon", "and", "tomorrow", "in", "3", "days", "at", "15:00", "3pm", "1h30", "on", "by", "next", '"fri"', "\\fri", '"every day"', "1/2", "1.", "dec", "sun", "a", '"', "@"]
)  # fmt: skip
LINES = st.one_of(st.text(max_size=80), st.lists(WORDS, max_size=9).map(" ".join))


@given(LINES, st.sampled_from(["en", "en-US", "de", "fr", "es", "ja", "ar", "tlh"]))
@settings(max_examples=sized(150, 5000), deadline=None)
def test_no_line_is_lost_whatever_it_says(text, locale):
    found = parse(text, locale, "Europe/Berlin", NOW, {"home": HOME})
    assert bool(found.title) == bool(text.split())
    for _ in range(20):  # put back, one after the other
        if not found.understood:
            break
        before = len(found.understood)
        text = found.understood[0].otherwise
        found = parse(text, locale, "Europe/Berlin", NOW, {"home": HOME})
        assert len(found.understood) <= before
    assert not found.understood
