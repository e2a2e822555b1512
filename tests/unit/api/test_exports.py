"""What is exported comes back by an import."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import icalendar
import pytest
import recurring_ical_events
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from focusflow.clock import zone
from focusflow.series import Series
from ingestion.importers.engine.changes import Links, changes_of
from ingestion.importers.engine.files import Upload
from ingestion.importers.engine.formats import find_format, formats
from ingestion.importers.engine.normalize import normalize
from ingestion.importers.engine.records import Finding, Surroundings
from ingestion.replay import history
from operational_api.exports.formats import FORMATS
from operational_api.exports.records import NOUNS, Records
from operational_api.exports.tables import COLUMNS
from tests.sizes import sized

NOW = datetime(2026, 11, 20, 11, tzinfo=UTC)
NOTHING: dict[str, Any] = {noun: [] for noun in NOUNS}
HERE = "America/New_York"

IDS = st.integers(1, 2**60).map(lambda number: UUID(int=number))
WORDS = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x2FFF, exclude_categories=("C", "Z")), min_size=1, max_size=12
)
TITLES = st.lists(WORDS, min_size=1, max_size=3).map(" ".join) | st.sampled_from(
    ["=1+1", "'quoted", "a, b; c\\", "-5", '"x"', "BEGIN:VEVENT"]
)
TEXTS = st.none() | st.lists(TITLES, min_size=1, max_size=3).map("\n".join)
SECONDS = st.integers(631_152_000, 1_793_491_200)
MOMENTS = SECONDS.map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
DAYS = st.dates(date(1990, 1, 1), date(2026, 11, 1))
CATEGORIES = st.sampled_from([None, "Home", "Work & play"])
TAGS = st.lists(WORDS.map(str.lower), max_size=3, unique=True)
MINUTES = st.none() | st.integers(1, 1000)


@st.composite
def task(draw, goals=()):
    created = draw(MOMENTS)
    status = draw(st.sampled_from(["pending", "in_progress", "completed", "cancelled", "archived"]))
    is_done = status == "completed" or (status == "archived" and draw(st.booleans()))
    due = draw(st.none() | MOMENTS | DAYS)
    return {
        "id": draw(IDS), "title": draw(TITLES), "description": draw(TEXTS), "notes": draw(TEXTS),
        "priority": draw(st.sampled_from(["low", "medium", "high", "urgent"])), "status": status,
        "category": draw(CATEGORIES), "tags": draw(TAGS),
        "due_at": due if isinstance(due, datetime) else None, "due_date": None if isinstance(due, datetime) else due,
        "start_at": draw(st.none() | MOMENTS), "estimated_minutes": draw(MINUTES), "actual_minutes": draw(MINUTES),
        "completed_at": min(created + timedelta(hours=draw(st.integers(0, 1000))), NOW) if is_done else None,
        "parent_task_id": None, "goal_id": draw(st.sampled_from(goals)) if goals else None,
        "recurrence": draw(st.none() | st.just("FREQ=WEEKLY;BYDAY=MO")) if status in {"pending", "in_progress"} else None,
        "blocked_by": [], "pinned": draw(st.booleans()), "created_at": created,
    }  # fmt: skip


@st.composite
def goal(draw):
    is_done, created = draw(st.booleans()), draw(MOMENTS)
    return {
        "id": draw(IDS), "title": draw(TITLES), "description": draw(TEXTS), "category": draw(CATEGORIES),
        "horizon": draw(st.sampled_from(["goal", "vision"])), "start_date": draw(st.none() | DAYS), "target_date": draw(st.none() | DAYS),
        "measurement": draw(st.sampled_from(["percent", "number"])), "target_value": draw(st.none() | st.floats(1, 1e6)),
        "unit": draw(st.sampled_from([None, "books", "km"])),
        "current_value": draw(st.floats(0, 1e6)), "progress": draw(st.floats(0, 100)),
        "status": "completed" if is_done else draw(st.sampled_from(["active", "paused", "cancelled"])),
        "weekly_minutes": draw(MINUTES), "created_at": created,
        "completed_at": min(created + timedelta(days=3), NOW) if is_done else None,
    }  # fmt: skip


@st.composite
def habit(draw):
    frequency, start = draw(st.sampled_from(["daily", "weekdays", "weekly"])), draw(DAYS)
    return {
        "id": draw(IDS), "title": draw(TITLES), "frequency": frequency,
        "weekdays": [0, 3] if frequency == "weekdays" else [], "times_per_week": 3 if frequency == "weekly" else None,
        "start_date": start, "end_date": draw(st.none() | st.just(start + timedelta(days=9))),
        "reminder_time": draw(st.none() | st.just(time(7, 30))),
        "created_at": datetime.combine(start, time(), UTC), "archived_at": draw(st.none() | st.just(NOW)),
    }  # fmt: skip


@st.composite
def series(draw, start):
    """What recurs every second day, beside each month's same day, and at odd times."""
    rule = draw(st.sampled_from([None, "FREQ=DAILY;INTERVAL=2;COUNT=9", "FREQ=DAILY;INTERVAL=2"]))
    is_monthly = rule is not None and draw(st.booleans())
    added = draw(
        st.lists(st.integers(1, 3000).map(lambda n: start + timedelta(minutes=10 * n)), max_size=3, unique=True)
    )
    whole = Series((rule, *["FREQ=MONTHLY;COUNT=3"][:is_monthly]) if rule else (), tuple(sorted(added)))
    times = whole.occurrences((start, start), HERE, since=start - timedelta(1), until=start + timedelta(days=60))
    starts = [moment for moment, _ in times]
    left_out = (
        draw(st.lists(st.sampled_from(starts), max_size=min(3, len(starts) - 1), unique=True))
        if whole.is_recurring
        else []
    )
    return {
        "rrule": rule,
        "extra_rrules": list(whole.rules[1:]),
        "rdates": list(whole.added),
        "exdates": sorted(left_out),
    }


def span(draw):
    start = draw(MOMENTS)
    return start, start + timedelta(seconds=draw(st.integers(1, 80_000)))


@st.composite
def records(draw):
    goals = draw(st.lists(goal(), max_size=2))
    tasks = draw(st.lists(task([each["id"] for each in goals]), max_size=4))
    for child, parent in zip(tasks[1:], tasks, strict=False):
        child["parent_task_id"] = draw(st.none() | st.just(parent["id"]))
        child["blocked_by"] = draw(st.just([]) | st.just([tasks[0]["id"]]))
    habits = draw(st.lists(habit(), max_size=2))
    logs = [
        {"id": draw(IDS), "habit_id": each["id"], "local_date": each["start_date"], "value": draw(st.floats(0.1, 1e6)), "mood": draw(st.none() | st.integers(1, 5)),
         "notes": draw(TEXTS), "skipped": (is_skipped := draw(st.booleans())), "skip_reason": "ill" if is_skipped else None}
        for each in habits
    ]  # fmt: skip
    time_entries, appointments = [], []
    for _ in range(draw(st.integers(0, 2))):
        start, end = span(draw)
        time_entries.append({"id": draw(IDS), "task_id": tasks[0]["id"] if tasks else None, "kind": draw(st.sampled_from(["focus", "pomodoro", "manual"])),
                             "started_at": start, "ended_at": end, "note": draw(TEXTS)})  # fmt: skip
        start, end = span(draw)
        appointments.append({"id": draw(IDS), "title": draw(TITLES), "start_at": start, "end_at": end, "all_day": False, "busy": draw(st.booleans()),
                             "location": draw(st.none() | TITLES), "attendees": draw(TAGS), **draw(series(start)),
                             "source": draw(st.sampled_from(["manual", "ics"]))})  # fmt: skip
    milestones = [
        {"id": draw(IDS), "goal_id": each["id"], "title": draw(TITLES), "order_index": number, "target_date": draw(st.none() | DAYS), "status": "completed",
         "completed_at": draw(MOMENTS)}
        for number, each in enumerate(goals)
    ]  # fmt: skip
    first = draw(DAYS)
    days_off = [
        {
            "id": draw(IDS),
            "first_date": first,
            "last_date": first + timedelta(days=2),
            "reason": draw(st.sampled_from(["sick", "vacation"])),
        }
    ]
    rows: tuple[Any, ...] = ([], goals, milestones, tasks, habits, logs, time_entries, appointments, days_off)
    found = dict(zip(NOUNS, rows, strict=True))
    ids = [each["id"] for each in (*goals, *milestones, *tasks, *habits, *time_entries, *appointments, *days_off)]
    assume(len(set(ids)) == len(ids))
    return Records(HERE, NOW, found | {"categories": []})


def imported(exported, format_name):
    """The rows that an import of the export would write, by noun."""
    surroundings = Surroundings(zone(HERE), NOW)
    chosen = FORMATS[format_name]
    upload = Upload(chosen.file_name, chosen.write(exported))
    items: list[Any] = [
        result
        for item in formats()[find_format(upload)].read(upload, surroundings)
        for result in ([item] if isinstance(item, Finding) else normalize(item, surroundings))
    ]
    assert [item for item in items if isinstance(item, Finding)] == []
    ids = {
        (each.noun, each.source_id): UUID(each.source_id) if each.noun != "habit_log" else UUID(int=(1 << 127) + n)
        for n, each in enumerate(items)
    }
    names = {
        each.category.lower(): UUID(bytes=each.category.ljust(16)[:16].encode())
        for each in items
        if getattr(each, "category", None)
    }
    links = Links(ids, names)
    changes = (
        change for each in items for change in changes_of(each, ids[each.noun, each.source_id], links, surroundings)
    )
    rows = history(changes, lambda _: UUID(int=0), user_id=UUID(int=1), timezone=HERE, until=NOW, recorded_at=NOW).rows
    called: dict[Any, Any] = {
        id_: next(each.category for each in items if (getattr(each, "category", None) or "").lower() == name)
        for name, id_ in names.items()
    }
    return {
        noun: [row | {"category": called.get(row.get("category_id"))} for row in found] for noun, found in rows.items()
    }


def comparable(rows, columns):
    return sorted(tuple((name, repr(row[name])) for name in columns) for row in rows)


@pytest.mark.parametrize("format_name", ["json", "csv", "parquet"])
@settings(max_examples=sized(8, 1000), deadline=None)
@given(exported=records())
def test_all_records_come_back_as_they_were(format_name, exported):
    found = imported(exported, format_name)
    for noun, rows in exported.rows.items():
        left_out = {"id"} if noun == "habit_logs" else set()
        columns = [name for name in COLUMNS[noun] if name not in left_out]
        assert comparable(found.get(noun, []), columns) == comparable(rows, columns), noun


TASK_FIELDS = ("id", "title", "priority", "status", "category", "due_at", "due_date", "start_at", "completed_at", "blocked_by", "parent_task_id",
               "description", "recurrence", "estimated_minutes", "tags")  # fmt: skip


@pytest.mark.parametrize("format_name", ["taskwarrior", "icalendar"])
@settings(max_examples=sized(8, 1000), deadline=None)
@given(tasks=st.lists(task(), min_size=1, max_size=3, unique_by=lambda each: each["id"]))
def test_tasks_come_back_from_programs_that_know_tasks(format_name, tasks):
    exported = Records(HERE, NOW, NOTHING | {"tasks": tasks})
    assert comparable(imported(exported, format_name).get("tasks", []), TASK_FIELDS) == comparable(tasks, TASK_FIELDS)


def test_appointments_come_back_from_a_calendar():
    row = {
        "id": UUID(int=5), "title": "A, b; " + "long " * 40 + "end", "start_at": NOW, "end_at": NOW + timedelta(hours=1), "all_day": False,
        "busy": False, "location": "Room 2", "attendees": ["Ann"], "rrule": None,
        "extra_rrules": [], "rdates": [], "exdates": [], "source": "ics",
    }  # fmt: skip
    midnights = {"start_at": datetime(2026, 11, 2, 5, tzinfo=UTC), "end_at": datetime(2026, 11, 4, 5, tzinfo=UTC)}
    rows = [row, row | midnights | {"id": UUID(int=6), "all_day": True}]
    found = imported(Records(HERE, NOW, NOTHING | {"calendar_events": rows}), "icalendar")["calendar_events"]
    assert comparable(found, COLUMNS["calendar_events"]) == comparable(rows, COLUMNS["calendar_events"])


@settings(max_examples=sized(12, 3000), deadline=None)
@given(data=st.data(), start=MOMENTS, is_whole_day=st.booleans())
def test_a_series_takes_place_as_a_library_reads_its_export_and_comes_back(data, start, is_whole_day):
    """Over a year, with two changes of the clocks. No start is in the hours that the clocks skip or repeat."""
    local = start.astimezone(zone(HERE)).replace(hour=0 if is_whole_day else 9, minute=0, second=0)
    start = local.astimezone(UTC)
    end = (local + timedelta(days=1)).astimezone(UTC) if is_whole_day else start + timedelta(minutes=50)
    fields = data.draw(series(start))
    if is_whole_day:
        days = [moment.astimezone(zone(HERE)).replace(hour=0, minute=0) for moment in fields["rdates"]]
        fields |= {"rdates": sorted({day.astimezone(UTC) for day in days}), "exdates": []}
    row = {
        "id": UUID(int=5), "title": "A", "start_at": start, "end_at": end, "all_day": is_whole_day, "busy": True, "location": None,
        "attendees": [], "source": "ics", **fields,
    }  # fmt: skip
    exported = Records(HERE, NOW, NOTHING | {"calendar_events": [row]})
    (found,) = imported(exported, "icalendar")["calendar_events"]
    assert comparable([found], COLUMNS["calendar_events"]) == comparable([row], COLUMNS["calendar_events"])

    since, until = start - timedelta(days=1), start + timedelta(days=400)
    read = recurring_ical_events.of(icalendar.Calendar.from_ical(FORMATS["icalendar"].write(exported)))
    theirs = [each["DTSTART"].dt for each in read.between(since, until)]
    ours = [moment for moment, _ in Series.of(row).occurrences((start, end), HERE, since=since, until=until)]
    if is_whole_day:
        last = until.astimezone(zone(HERE)).date()
        days = [moment.astimezone(zone(HERE)).date() for moment in ours]
        assert sorted(day for day in theirs if day < last) == [day for day in days if day < last]
    else:
        assert sorted(moment.astimezone(UTC) for moment in theirs) == ours


def test_a_line_of_todo_txt_says_what_the_format_can():
    rows = [
        {"id": UUID(int=1), "title": "Call  Ann", "priority": "high", "status": "pending", "category": "Home office", "tags": ["phone"], "due_at": None,
         "due_date": date(2026, 12, 1), "start_at": None, "recurrence": "FREQ=WEEKLY;INTERVAL=2", "created_at": NOW, "completed_at": None},
        {"id": UUID(int=2), "title": "Pay", "priority": "medium", "status": "completed", "category": None, "tags": [], "due_at": None,
         "due_date": None, "start_at": None, "recurrence": None, "created_at": NOW - timedelta(days=3), "completed_at": NOW},
    ]  # fmt: skip
    exported = Records(HERE, NOW, NOTHING | {"tasks": rows})
    assert FORMATS["todo_txt"].write(exported).decode().splitlines() == [
        "(B) 2026-11-20 Call Ann +Home_office @phone due:2026-12-01 rec:2w",
        "x 2026-11-20 2026-11-17 Pay",
    ]
