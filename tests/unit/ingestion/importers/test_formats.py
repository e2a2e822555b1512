"""Each format on files as its producer writes them."""

import io
import json
import sqlite3
import zipfile
from datetime import UTC, date, datetime, timedelta

import pytest

from ingestion.importers.csv_table import guess_columns, other_columns
from ingestion.importers.engine.files import Malformed, Upload

DAY = date(2026, 3, 2)


def at(*parts: int) -> datetime:
    year, month, day, hour, minute, second = (*parts, 0, 0, 0)[:6]
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def archive(**files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as writer:
        for name, content in files.items():
            writer.writestr(name, content)
    return packed.getvalue()


# lists of lines


def test_a_line_of_todo_txt_is_taken_apart(read):
    found = read(
        "todo.txt", "(A) 2026-03-01 Call Mum +Family_home @phone due:2026-03-02 t:2026-03-01 rec:+1w see http://a.b/c\n"
    )
    task = found.one()
    assert found.format == "todo_txt"
    assert (task.title, task.priority, task.category, task.tags) == (
        "Call Mum see http://a.b/c",
        "urgent",
        "Family home",
        ["phone"],
    )
    assert (task.due, task.created_at, task.recurrence) == (DAY, at(2026, 3, 1, 11), "FREQ=WEEKLY")


def test_a_done_line_keeps_both_of_its_dates_and_one_without_dates_counts_on_no_day(read):
    found = read("done.txt", "x 2026-03-02 2026-03-01 Pay the rent pri:B\r\nx Long ago\r\n\r\n")
    paid, undated = found.records
    assert (paid.status, paid.completed_at, paid.created_at, paid.priority) == (
        "completed",
        at(2026, 3, 2, 11),
        at(2026, 3, 1, 11),
        "high",
    )
    assert (undated.status, undated.completed_at) == ("completed", None)
    assert found.findings == ["line 2: changed: it is completed, but not known when: it counts on no day"]


# Todoist

TEMPLATE = """\ufeffTYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,AUTHOR,RESPONSIBLE,DATE,DATE_LANG,TIMEZONE,DURATION,DURATION_UNIT
meta,view_style=list,,,,,,,,,,
section,Kitchen,,,,,,,,,,
task,Paint the walls @home,"White,
twice",1,1,Ann (1),,2026-03-02,en,Europe/Berlin,90,minute
task,Buy paint,,4,2,Ann (1),,every 2 weeks,en,Europe/Berlin,,
note,Ask for a discount,,,,Ann (1),,2026-02-01,,,,
,,,,,,,,,,,
task,Rest,,4,1,Ann (1),,when it rains,en,Europe/Berlin,,
"""


def test_dates_of_todoist_in_words_are_read_in_the_language_and_with_the_start_that_they_name(read):
    words = {
        "every monday at 9am": (at(2026, 11, 23, 7), "FREQ=WEEKLY;BYDAY=MO"),
        "every 2 weeks starting 5 Oct 2026": (date(2026, 10, 5), "FREQ=WEEKLY;INTERVAL=2"),
        "every 3rd friday": (None, "FREQ=MONTHLY;BYDAY=3FR"),
        "every last monday": (None, "FREQ=MONTHLY;BYDAY=-1MO"),
        "every 14 feb": (None, "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=14"),
        "every 1st, 15th": (None, "FREQ=MONTHLY;BYMONTHDAY=1,15"),
        "5 oct. 2026 à 14:00": (at(2026, 10, 5, 11), None),
        "5. Okt. 2026 um 14:00 Uhr": (at(2026, 10, 5, 11), None),
        "5 de octubre de 2026 a las 14:00": (at(2026, 10, 5, 11), None),
    }
    rows = "".join(f'task,Task {number},,4,1,,,"{text}",en,Africa/Cairo\n' for number, text in enumerate(words))
    found = read(
        "A.csv", f"TYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,AUTHOR,RESPONSIBLE,DATE,DATE_LANG,TIMEZONE\n{rows}"
    )
    assert found.findings == []
    assert {text: (task.due, task.recurrence) for text, task in zip(words, found.records, strict=True)} == words


def test_a_project_of_todoist_keeps_subtasks_comments_and_what_can_be_read_of_dates(read):
    found = read("House [2203306141].csv", TEMPLATE)
    paint, buy, rest = found.records
    assert (found.format, paint.title, paint.tags, paint.description) == (
        "todoist",
        "Paint the walls",
        ["home"],
        "White,\ntwice",
    )
    assert (paint.priority, paint.category, paint.due, paint.estimated_minutes) == ("urgent", "House", DAY, 90)
    assert (buy.parent, buy.priority, buy.recurrence, buy.notes) == (
        paint.source_id,
        "low",
        "FREQ=WEEKLY;INTERVAL=2",
        "Ask for a discount",
    )
    assert (rest.parent, rest.due) == (None, None)
    assert found.findings == ["line 9: changed: the date 'when it rains' is not understood"]


def test_a_backup_of_todoist_is_an_archive_of_projects(read):
    found = read(
        "backup.zip",
        archive(**{"Work [1].csv": TEMPLATE, "Inbox [2].csv": "TYPE,CONTENT,PRIORITY,INDENT,DATE\ntask,Think,4,1,\n"}),
    )
    assert [(task.category, task.title) for task in found.records][-1] == (None, "Think")
    assert len(found.records) == 4


def test_an_account_of_todoist_as_json_keeps_completed_items_and_names(read):
    account = {
        "projects": [{"id": "7", "name": "Work"}],
        "labels": [{"id": "5", "name": "deep"}],
        "notes": [{"item_id": "1", "content": "See the draft"}],
        "items": [
            {
                "id": "1", "content": "Write", "project_id": "7", "priority": 4, "labels": ["deep"], "added_at": "2026-03-01T08:00:00.000000Z",
                "due": {"date": "2026-03-02", "is_recurring": True, "string": "every mon", "timezone": None}, "checked": False,
            },
            {"id": "2", "content": "Read", "project_id": "7", "parent_id": "1", "checked": True, "completed_at": "2026-03-02T10:00:00Z"},
            {"id": "3", "content": "Gone", "is_deleted": True},
        ],
    }  # fmt: skip
    found = read("todoist.json", json.dumps(account))
    write, done = found.records
    assert (write.category, write.priority, write.tags, write.notes) == ("Work", "urgent", ["deep"], "See the draft")
    assert (write.due, write.recurrence, write.created_at) == (DAY, "FREQ=WEEKLY;BYDAY=MO", at(2026, 3, 1, 8))
    assert (done.status, done.completed_at, done.parent) == ("completed", at(2026, 3, 2, 10), "1")
    assert found.findings == ["line 1: skipped: it is deleted in Todoist"]


def test_completed_items_of_todoists_old_api_are_found(read):
    completed = {
        "items": [{"content": "Old", "meta_data": None, "user_id": "1", "task_id": "9", "project_id": "7", "completed_at": "Mon 08 Aug 2016 09:17:09 +0000", "id": "77"}],
        "projects": {"7": {"id": "7", "name": "Work"}},
    }  # fmt: skip
    task = read("completed.json", json.dumps(completed)).one()
    assert (task.title, task.category, task.completed_at, task.source_id) == (
        "Old",
        "Work",
        at(2016, 8, 8, 9, 17, 9),
        "9",
    )


# Taskwarrior


def test_an_export_of_taskwarrior_keeps_dates_links_and_annotations(read):
    tasks = [
        {"id": 1, "uuid": "a", "description": "Plan", "status": "pending", "entry": "20260301T080000Z", "start": "20260302T080000Z",
         "due": "20260301T230000Z", "project": "Home.Garden", "tags": ["out", "next"], "depends": "b,c", "urgency": 5,
         "annotations": [{"entry": "20260301T080000Z", "description": "With Ann"}]},
        {"uuid": "b", "description": "Dig", "status": "completed", "entry": "20260301T080000Z", "end": "20260302T120000Z", "priority": "H"},
        {"uuid": "c", "description": "Never", "status": "deleted", "entry": "20260301T080000Z"},
    ]  # fmt: skip
    text = "[\n" + ",\n".join(map(json.dumps, tasks)) + "\n]\n"
    found = read("tasks.json", text)
    plan, dig = found.records
    assert (plan.status, plan.due, plan.category, plan.tags, plan.priority) == (
        "in_progress",
        DAY,
        "Home.Garden",
        ["out"],
        "urgent",
    )
    assert (plan.blocked_by, plan.notes, plan.started_at) == (["b", "c"], "With Ann", at(2026, 3, 2, 8))
    assert (dig.status, dig.completed_at, dig.priority) == ("completed", at(2026, 3, 2, 12), "high")
    assert found.findings == ["line 4: skipped: it is deleted in Taskwarrior"]


def test_of_a_recurring_task_the_newest_open_occurrence_goes_on_recurring(read):
    tasks = [
        {"uuid": "t", "description": "Water", "status": "recurring", "recur": "weekly", "due": "20260101T000000Z", "entry": "20260101T000000Z"},
        {"uuid": "1", "description": "Water", "status": "completed", "parent": "t", "recur": "weekly", "due": "20260101T000000Z", "entry": "20260101T000000Z", "end": "20260102T000000Z"},
        {"uuid": "2", "description": "Water", "status": "pending", "parent": "t", "recur": "weekly", "due": "20260108T000000Z", "entry": "20260101T000000Z"},
    ]  # fmt: skip
    found = read("tasks.json", "\n".join(map(json.dumps, tasks)))
    assert [(task.source_id, task.recurrence) for task in found.records] == [("1", None), ("2", "FREQ=WEEKLY")]


def test_a_database_of_taskchampion_is_read(read, tmp_path):
    path = tmp_path / "taskchampion.sqlite3"
    with sqlite3.connect(path) as database:
        database.execute("create table tasks (uuid text primary key, data text)")
        database.execute("create table working_set (id integer, uuid text)")
        data = {
            "description": "Plan",
            "status": "pending",
            "entry": "1772352000",
            "tag_home": "",
            "dep_b": "",
            "annotation_1772352000": "Hello",
        }
        database.execute("insert into tasks values ('a', ?)", [json.dumps(data)])
    database.close()
    task = read("taskchampion.sqlite3", path.read_bytes()).one()
    assert (task.title, task.tags, task.blocked_by, task.notes, task.created_at) == (
        "Plan",
        ["home"],
        ["b"],
        "Hello",
        at(2026, 3, 1, 8),
    )


# time


@pytest.mark.parametrize(
    "text",
    [
        "User,Email,Client,Project,Task,Description,Billable,Start date,Start time,End date,End time,Duration,Tags,Amount ()\nAnn,ann@example.com,,Site,,Draft,No,2026-03-02,09:00:00,2026-03-02,10:30:00,01:30:00,,\n",
        '"Description","Billable","Duration","Member","Email","Project","Tags","Start date","Start time","Stop date","Stop time"\r\n"Draft","No","1:30:00","Ann","ann@example.com","Site","-","2026-03-02","09:00:00","2026-03-02","10:30:00"\r\n',
        "User;Email;Project;Description;Start date;Start time;End date;End time;Duration\nAnn;a@b.c;Site;Draft;02.03.2026;9:00 AM;02.03.2026;10:30 AM;1.5\n",
    ],
)  # fmt: skip
def test_reports_of_toggl_in_their_old_and_new_columns_say_the_same(read, text):
    found = read("toggl.csv", text)
    entry = found.one()
    assert found.format == "toggl"
    assert (entry.started_at, entry.ended_at, entry.project, entry.note) == (
        at(2026, 3, 2, 8),
        at(2026, 3, 2, 9, 30),
        "Site",
        "Draft",
    )


def test_a_report_of_clockify_is_read_with_american_dates(read):
    found = read(
        "Clockify_Time_Report_Detailed.csv",
        '"Project","Client","Description","Task","User","Group","Email","Tags","Billable","Start Date","Start Time","End Date","End Time","Duration (h)","Duration (decimal)"\n'
        '"Site","Acme","Draft","","Ann","","a@b.c","","Yes","03/02/2026","09:00:00 AM","03/02/2026","10:30:00 AM","01:30:00","1.50"\n'
        '"Site","Acme","Draft","","Ann","","a@b.c","","Yes","03/02/2026","11:00:00 PM","03/03/2026","12:15:00 AM","01:15:00","1.25"\n'
        '"Site","Acme","Running","","Ann","","a@b.c","","Yes","03/02/2026","11:00:00 AM","","","",""\n',
    )
    first, second = found.records
    assert (found.format, first.started_at, first.ended_at) == ("clockify", at(2026, 3, 2, 8), at(2026, 3, 2, 9, 30))
    assert second.ended_at - second.started_at == at(2026, 3, 3, 0, 15) - at(2026, 3, 2, 23)
    assert found.findings == ["line 4: skipped: it has no end and no duration: it may be running still"]


def test_an_entry_through_the_night_in_which_clocks_change_lasts_as_long_as_its_duration_says(read):
    header = "User,Email,Project,Description,Start date,Start time,End date,End time,Duration\n"
    spring = "Ann,a@b.c,,Night,2026-03-29,01:00:00,2026-03-29,04:00:00,02:00:00\n"
    autumn = "Ann,a@b.c,,Night,2026-10-25,01:00:00,2026-10-25,04:00:00,04:00:00\n"
    first, second = read("toggl.csv", header + spring + autumn).records
    assert [(entry.ended_at - entry.started_at).total_seconds() / 3600 for entry in (first, second)] == [2, 4]


# TickTick

TICKTICK = """\ufeff"Date: 2026-03-10+0000"
"Version: 7.1"
"Status: 
0 Normal
1 Completed
2 Archived"
"Folder Name","List Name","Title","Kind","Tags","Content","Is Check list","Start Date","Due Date","Reminder","Repeat","Priority","Status","Created Time","Completed Time","Order","Timezone","Is All Day","Is Floating","Column Name","Column Order","View Mode","taskId","parentId"
"","Home","Clean","CHECKLIST","a, b","▫Desk
▪Floor","Y","2026-03-01T23:00:00+0000","2026-03-01T23:00:00+0000","","FREQ=WEEKLY;INTERVAL=1;BYDAY=MO","5","0","2026-03-01T08:00:00+0000","","-1","Europe/Berlin","true","false",,,"list","1",""
"","Home","Cook","TEXT","","","N","","","","","0","2","2026-03-01T08:00:00+0000","2026-03-02T10:00:00+0000","-1","Europe/Berlin","false","false",,,"list","2","1"
"","Home","Thoughts","NOTE","","","N","","","","","0","0","2026-03-01T08:00:00+0000","","-1","Europe/Berlin","","false",,,"list","3",""
"""  # noqa: W291 (as it is written)


def test_an_older_backup_of_ticktick_has_fewer_columns(read):
    text = (
        '"Date: 2020-01-01T00:00:00+0000"\n"Version: 6.0"\n\n"Folder Name","List Name","Title","Content","Due Date","Priority","Status"\n'
        '"","Work","Ship","","2020-03-10T09:00:00+0000","5","0"\n"","Work","An idea","","","1","-1"\n'
    )
    found = read("backup.csv", text)
    assert (found.format, found.findings) == ("ticktick", [])
    assert [(task.title, task.priority, task.status) for task in found.records] == [
        ("Ship", "high", "pending"),
        ("An idea", "low", "cancelled"),
    ]


def test_a_backup_of_ticktick_is_read_below_its_preamble(read):
    found = read("ticktick.csv", TICKTICK)
    clean, cook = found.records
    assert (found.format, clean.due, clean.recurrence, clean.priority) == (
        "ticktick",
        DAY,
        "FREQ=WEEKLY;BYDAY=MO",
        "high",
    )
    assert (clean.tags, clean.description, clean.category) == (["a", "b"], "- [ ] Desk\n- [x] Floor", "Home")
    assert (cook.status, cook.completed_at, cook.parent) == ("completed", at(2026, 3, 2, 10), "1")
    assert found.findings == ["line 11: skipped: it is a note, not a task"]


# iCalendar


def calendar(*components):
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", *components, "END:VCALENDAR", ""])


def component(name, *lines):
    return "\r\n".join([f"BEGIN:{name}", *lines, f"END:{name}"])


def test_appointments_keep_their_zone_their_length_and_what_is_folded(read):
    found = read(
        "a.ics",
        calendar(
            component("VEVENT", "UID:1", "DTSTART;TZID=W. Europe Standard Time:20260302T090000", "DURATION:PT30M", "SUMMARY:Stand-up\\, da", " ily",
                      "TRANSP:TRANSPARENT", 'ATTENDEE;CN="Doe, Jane":mailto:jane@example.com', "BEGIN:VALARM", "TRIGGER:-PT5M", "END:VALARM"),
            component("VEVENT", "UID:2", "DTSTART;VALUE=DATE:20260302", "SUMMARY:Birthday"),
        ),
    )  # fmt: skip
    first, second = found.records
    assert (first.title, first.start_at, first.end_at) == ("Stand-up, daily", at(2026, 3, 2, 8), at(2026, 3, 2, 8, 30))
    assert (first.busy, first.attendees) == (False, ["Doe, Jane"])
    assert (second.all_day, second.start_at, second.end_at) == (True, at(2026, 3, 1, 23), at(2026, 3, 2, 23))
    assert found.findings == []


def test_a_series_keeps_its_rule_and_one_with_a_moved_occurrence_is_written_out(read):
    weekly = (
        "DTSTART;TZID=Europe/Berlin:20260302T090000",
        "DTEND;TZID=Europe/Berlin:20260302T100000",
        "RRULE:FREQ=WEEKLY;COUNT=4",
        "SUMMARY:Yoga",
    )
    found = read(
        "a.ics",
        calendar(
            component("VEVENT", "UID:1", *weekly),
            component("VEVENT", "UID:2", *weekly, "EXDATE;TZID=Europe/Berlin:20260309T090000"),
            component("VEVENT", "UID:2", "RECURRENCE-ID;TZID=Europe/Berlin:20260316T090000", "DTSTART;TZID=Europe/Berlin:20260317T090000",
                      "DTEND;TZID=Europe/Berlin:20260317T100000", "SUMMARY:Yoga, moved"),
        ),
    )  # fmt: skip
    plain, *written_out = found.records
    assert plain.rrule == "FREQ=WEEKLY;COUNT=4"
    assert sorted((event.title, event.start_at) for event in written_out) == [
        ("Yoga", at(2026, 3, 2, 8)), ("Yoga", at(2026, 3, 23, 8)), ("Yoga, moved", at(2026, 3, 17, 8)),
    ]  # fmt: skip


def test_a_series_keeps_the_times_that_it_leaves_out_and_adds_and_its_second_rule(read):
    """Times at which it would not take place leave nothing out. A rule of another zone, or a period, is written out."""
    start = ("DTSTART;TZID=Europe/Berlin:20260302T090000", "DURATION:PT1H")
    rules = ("RRULE:FREQ=WEEKLY;COUNT=4", "RRULE:FREQ=MONTHLY;COUNT=2")
    times = ("EXDATE;TZID=Europe/Berlin:20260309T090000,20260310T090000", "RDATE:20260304T100000Z")
    found = read(
        "a.ics",
        calendar(
            component("VEVENT", "UID:1", *start, *rules, *times, "SUMMARY:Yoga"),
            component("VEVENT", "UID:2", "DTSTART;VALUE=DATE:20260302", "RDATE;VALUE=DATE:20260305", "SUMMARY:Market"),
            component("VEVENT", "UID:3", *start, "RDATE;VALUE=PERIOD:20260304T100000Z/PT3H", "SUMMARY:Long"),
            component("VEVENT", "UID:4", *start, "RRULE:FREQ=DAILY;COUNT=1", "EXDATE:20260302T080000Z", "SUMMARY:Never"),
            component("VEVENT", "UID:5", start[0], "RRULE:FREQ=DAILY;COUNT=1", "SUMMARY:Without a length"),
        ),
    )  # fmt: skip
    yoga, market, *long, moment = found.records
    assert (moment.title, moment.rrule) == ("Without a length", "FREQ=DAILY;COUNT=1")
    assert (yoga.rrule, yoga.extra_rrules) == ("FREQ=WEEKLY;COUNT=4", ["FREQ=MONTHLY;COUNT=2"])
    assert (yoga.rdates, yoga.exdates) == ([at(2026, 3, 4, 10)], [at(2026, 3, 9, 8)])
    assert (market.rrule, market.rdates) == (None, [at(2026, 3, 4, 23)])
    assert [(each.start_at, each.end_at - each.start_at) for each in long] == [
        (at(2026, 3, 2, 8), timedelta(hours=1)), (at(2026, 3, 4, 10), timedelta(hours=3)),
    ]  # fmt: skip
    assert [finding.partition(": ")[2] for finding in found.findings] == ["skipped: it never takes place"]


def test_each_occurrence_takes_as_long_as_the_first_when_the_clocks_change_meanwhile(read):
    """Written out or followed by its rule alike (RFC 5545, 3.8.5.3)."""
    here = ";TZID=America/New_York:"
    times = (f"DTSTART{here}20260306T220000", f"DTEND{here}20260307T060000", "RRULE:FREQ=DAILY;COUNT=3")
    events = read("a.ics", calendar(component("VEVENT", "UID:1", *times, "SUMMARY:Night"))).records
    assert [event.end_at - event.start_at for event in events] == [timedelta(hours=8)] * 3


def test_a_rule_of_what_is_left_out_is_followed_or_refused(read):
    """EXRULE is of an older standard. Daylight saving begins within this series."""
    start = ("DTSTART;TZID=Europe/Berlin:20260326T090000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=6")
    found = read(
        "a.ics",
        calendar(
            component("VEVENT", "UID:1", *start, "EXRULE:FREQ=WEEKLY;BYDAY=SA,SU", "SUMMARY:On workdays"),
            component("VEVENT", "UID:2", *start, "EXRULE:FREQ=DAILY;BYHOUR=9", "SUMMARY:Never"),
        ),
    )
    assert [event.start_at for event in found.records] == [
        at(2026, 3, 26, 8), at(2026, 3, 27, 8), at(2026, 3, 30, 7), at(2026, 3, 31, 7),
    ]  # fmt: skip
    assert [finding.partition("cannot be read: ")[2] for finding in found.findings] == [
        "the rule 'FREQ=DAILY;BYHOUR=9' of what is left out cannot be followed"
    ]


def test_a_broken_component_is_skipped_by_itself_with_its_line(read):
    found = read(
        "a.ics",
        calendar(
            component("VEVENT", "UID:1", "SUMMARY:No start"),
            "BEGIN:VEVENT\r\nUID:2\r\nSUMMARY:No end\r\nDTSTART:20260302T090000Z",
            component("VEVENT", "UID:3", "DTSTART:20261345T090000Z", "SUMMARY:No such month"),
            component("VEVENT", "UID:4", "DTSTART:20260302T090000Z", "no colon here", "SUMMARY:Good"),
        ),
    )
    assert [event.title for event in found.records] == ["Good"]
    assert found.findings == [
        "line 8: skipped: VEVENT begins here and never ends",
        "line 20: changed: this line cannot be read: Content line could not be parsed into parts: 'no colon here': Invalid content line",
        "line 4: skipped: it cannot be read: it has no DTSTART",
        "line 12: skipped: it cannot be read: DTSTART '20261345T090000Z' is not a date",
    ]


def test_tasks_of_a_calendar_keep_state_and_parent(read):
    found = read(
        "tasks.ics",
        calendar(
            component("VTODO", "UID:1", "SUMMARY:Pack", "DUE;VALUE=DATE:20260302", "PRIORITY:1", "CATEGORIES:trip,home", "CREATED:20260301T080000Z"),
            component("VTODO", "UID:2", "SUMMARY:Socks", "STATUS:COMPLETED", "COMPLETED:20260302T100000Z", "RELATED-TO:1", "CREATED:20260301T080000Z"),
        ),
    )  # fmt: skip
    pack, socks = found.records
    assert (pack.due, pack.priority, pack.tags) == (DAY, "urgent", ["trip", "home"])
    assert (socks.status, socks.completed_at, socks.parent) == ("completed", at(2026, 3, 2, 10), "1")


# what cannot be read at all


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", "", "a.csv is empty."),
        ("a.bin", b"\x00\x01\x02", "is of no format that can be imported"),
        ("tasks.json", '[\n{"uuid": "1", "entry": "x", "description": "a"},\n{"uuid": "2", ]', "line 3: it is not JSON"),
        ("tasks.json", '[\n{"uuid": "1", "entry": "x", "description": "a"},\n', "line 3: the file ends within the list"),
        ("a.csv", 'TYPE,CONTENT,PRIORITY\ntask,A,1\ntask,"never closed,1\ntask,B,1\n', "line 3: a quotation mark is never closed"),
        ("a.zip", b"PK\x03\x04damaged", "is a damaged or encrypted archive"),
    ],
)  # fmt: skip
def test_a_malformed_file_is_refused_with_its_line(read, name, content, reason):
    with pytest.raises(Malformed, match=reason):
        read(name, content)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_that_python_would_unpack_whole_is_refused(read, method):
    """A member that announces few bytes and holds gigabytes is otherwise in memory before it is noticed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as writer:
        writer.writestr("todo.txt", "x" * 10_000_000)
    with pytest.raises(Malformed, match="packed in a way that is not supported"):
        read("a.zip", packed.getvalue())


# the computer's own records of time


def test_buckets_of_activitywatch_become_stretches_in_which_the_user_was_there(read):
    window = [
        {"timestamp": "2026-03-02T08:00:00+00:00", "duration": 1200.0, "data": {"app": "Code", "title": "secret"}},
        {"timestamp": "2026-03-02T08:20:00+00:00", "duration": 600, "data": {"app": "Firefox", "title": "secret"}},
        {"timestamp": "2026-03-02T12:00:00Z", "duration": 7200, "data": {"app": "Code", "title": "asleep"}},
        {"timestamp": "never", "duration": 1, "data": {}},
    ]
    there = [
        {"timestamp": "2026-03-02T08:00:00+00:00", "duration": 1800, "data": {"status": "not-afk"}},
        {"timestamp": "2026-03-02T12:00:00+00:00", "duration": 7200, "data": {"status": "afk"}},
    ]
    buckets = {
        "aw-watcher-window_pc": {
            "id": "aw-watcher-window_pc",
            "type": "currentwindow",
            "hostname": "pc",
            "events": window,
        },
        "aw-watcher-afk_pc": {"id": "aw-watcher-afk_pc", "type": "afkstatus", "hostname": "pc", "events": there},
        "aw-watcher-web": {"id": "aw-watcher-web", "type": "web.tab.current", "hostname": "pc", "events": []},
    }
    found = read("aw.json", json.dumps({"buckets": buckets}))
    entry = found.one()
    assert (found.format, entry.started_at, entry.ended_at, entry.note) == (
        "activitywatch",
        at(2026, 3, 2, 8),
        at(2026, 3, 2, 8, 30),
        "Code, Firefox",
    )
    assert found.findings == [
        "line 1: skipped: 1 events of bucket 'aw-watcher-window_pc' have no time or no duration",
        "line 1: skipped: bucket 'aw-watcher-web' of the type 'web.tab.current' tells of the same time again",
    ]


def test_heartbeats_become_stretches_by_project_and_totals_of_days_are_laid_out(read):
    start = at(2026, 3, 2, 8).timestamp()
    beats = [
        {"entity": "a.py", "type": "file", "project": "x", "time": start + 60 * minute}
        for minute in (0, 10, 20, 90, 95)
    ]
    first, second = read("heartbeats.json", json.dumps({"days": [{"date": "2026-03-02", "heartbeats": beats}]})).records
    assert (first.project, first.started_at, first.ended_at) == ("x", at(2026, 3, 2, 8), at(2026, 3, 2, 8, 20))
    assert second.ended_at == at(2026, 3, 2, 9, 35)
    day = {
        "date": "2026-03-02",
        "grand_total": {"total_seconds": 5400},
        "projects": [{"name": "x", "grand_total": {"total_seconds": 3600}}, {"name": "y", "total_seconds": 1800}],
    }
    found = read("daily.json", json.dumps({"days": [day]}))
    assert [(entry.project, entry.started_at, entry.ended_at) for entry in found.records] == [
        ("x", at(2026, 3, 2, 8), at(2026, 3, 2, 9)), ("y", at(2026, 3, 2, 9), at(2026, 3, 2, 9, 30)),
    ]  # fmt: skip
    assert "follow one another" in found.findings[0]


def test_a_backup_of_super_productivity_keeps_the_archive_time_and_counters(read):
    day = at(2026, 3, 2, 10).timestamp() * 1000
    data = {
        "task": {"ids": ["a"], "entities": {"a": {"id": "a", "title": "Write", "projectId": "p", "tagIds": ["t", "TODAY"], "timeSpentOnDay": {"2026-03-02": 3_600_000}, "timeEstimate": 7_200_000, "isDone": False, "created": day}}},
        "archiveYoung": {"task": {"entities": {"b": {"id": "b", "title": "Read", "isDone": True, "doneOn": day, "created": day, "timeSpentOnDay": {}}}}},
        "project": {"entities": {"p": {"title": "Book"}}},
        "tag": {"entities": {"t": {"title": "deep"}}},
        "simpleCounter": {"entities": {"c": {"title": "Coffee", "isEnabled": True, "type": "ClickCounter", "countOnDay": {"2026-03-02": 3, "2026-03-03": 0}}}},
    }  # fmt: skip
    found = read("backup.json", json.dumps({"timestamp": 1, "data": data}))
    tasks = {record.title: record for record in found.records if record.noun in {"task", "habit"}}
    assert (tasks["Write"].category, tasks["Write"].tags, tasks["Write"].estimated_minutes) == ("Book", ["deep"], 120)
    assert (tasks["Read"].status, tasks["Read"].completed_at) == ("completed", at(2026, 3, 2, 10))
    (log,) = [record for record in found.records if record.noun == "habit_log"]
    (entry,) = [record for record in found.records if record.noun == "time_entry"]
    assert (log.habit, log.local_date, log.value) == ("c", DAY, 3)
    assert (entry.task, entry.started_at, entry.ended_at) == ("a", at(2026, 3, 2, 8), at(2026, 3, 2, 9))


# habits


def test_habitica_brings_todos_and_the_days_of_dailies(read):
    day = at(2026, 3, 2, 20).timestamp() * 1000
    account = {
        "tags": [{"id": "t", "name": "home"}],
        "tasks": {
            "habits": [{"_id": "h", "text": "Walk", "frequency": "daily", "createdAt": "2026-03-01T08:00:00Z", "history": [{"date": day, "value": 1, "scoredUp": 1, "scoredDown": 0}]}],
            "dailys": [{"_id": "d", "text": "Stretch", "frequency": "weekly", "everyX": 1, "repeat": {"m": True, "t": False, "w": True}, "createdAt": "2026-03-01T08:00:00Z",
                        "history": [{"date": day, "value": 1, "completed": True}, {"date": day + 2 * 86_400_000, "value": 0, "completed": False}]}],
            "todos": [{"_id": "x", "text": "Call", "completed": True, "dateCompleted": "2026-03-02T10:00:00Z", "priority": 2, "tags": ["t"], "checklist": [{"text": "number", "completed": True}]}],
            "rewards": [{"text": "Cake"}],
        },
    }  # fmt: skip
    found = read("habitica-user-data.json", json.dumps(account))
    call, stretch, stretched, walk, walked = found.records
    assert (call.status, call.priority, call.tags, call.description) == (
        "completed",
        "urgent",
        ["home"],
        "- [x] number",
    )
    assert (stretch.weekdays, stretched.local_date) == ([0, 2], DAY)
    assert (walk.weekdays, walked.habit, walked.local_date) == ([], "h", DAY)
    assert found.findings == ["line 1: skipped: 1 rewards have nothing like them here"]


def loop_database(tmp_path):
    path = tmp_path / "loop.db"
    with sqlite3.connect(path) as database:
        database.execute(
            "create table Habits (id integer primary key, name text, freq_num integer, freq_den integer, position integer, archived integer, uuid text, type integer, target_value real)"
        )
        database.execute(
            "create table Repetitions (id integer primary key, habit integer, timestamp integer, value integer, notes text)"
        )
        database.execute(
            "insert into Habits values (1, 'Run', 3, 7, 0, 0, 'u1', 0, 0), (2, 'Read', 1, 1, 1, 1, 'u2', 1, 20)"
        )
        day = int(at(2026, 3, 2).timestamp() * 1000)
        database.executemany(
            "insert into Repetitions (habit, timestamp, value, notes) values (?, ?, ?, ?)",
            [
                (1, day, 2, "far"),
                (1, day + 86_400_000, 3, ""),
                (1, day + 172_800_000, 1, ""),
                (2, day, 25_000, ""),
                (2, day + 86_400_000, 5_000, ""),
            ],
        )
    database.close()
    return path.read_bytes()


def test_loop_brings_frequency_skips_and_amounts_from_its_backup(read, tmp_path):
    found = read("Loop Habits Backup.db", loop_database(tmp_path))
    run, far, skipped, book, pages = found.records
    assert (found.format, run.times_per_week, run.is_archived, book.is_archived) == ("loop_habits", 3, False, True)
    assert (far.local_date, far.notes, skipped.skip_reason, pages.value) == (DAY, "far", "Skipped", 25)
    assert found.findings == ["line 2: skipped: 1 days of 'Read' are below its target and do not count as done"]


def test_loop_brings_the_same_from_its_archive_of_csv_files(read):
    files = {
        "Habits.csv": "Position,Name,Question,Description,NumRepetitions,Interval,Color\n001,Run,,,3,7,#FF0000\n002,Read,,,1,1,#00FF00\n",
        "Checkmarks.csv": "Date,Run,Read,\n2026-03-02,2,0,\n",
        "Scores.csv": "Date,Run,Read,\n2026-03-02,0.05,0.0,\n",
        "001 Run/Checkmarks.csv": "2026-03-02,2\n2026-03-01,0\n",
        "002 Read/Checkmarks.csv": "2026-03-02,0\n2026-03-01,YES_MANUAL\n",
    }
    run, ran, _, has_read = read("Loop Habits CSV.zip", archive(**files)).records
    assert (run.times_per_week, ran.local_date, has_read.local_date) == (3, DAY, date(2026, 3, 1))


# Google


def test_takeout_brings_tasks_and_calendars_of_one_archive(read):
    tasks = {"kind": "tasks#taskLists", "items": [{"kind": "tasks#tasks", "title": "Home", "items": [
        {"id": "1", "title": "Pack", "status": "needsAction", "due": "2026-03-02T00:00:00Z", "created": "2026-03-01T08:00:00Z", "notes": "Socks"},
        {"id": "2", "title": "Book", "status": "completed", "completed": "2026-03-02T10:00:00.000Z", "parent": "1"},
    ]}]}  # fmt: skip
    event = calendar(component("VEVENT", "UID:1", "DTSTART:20260302T080000Z", "SUMMARY:Flight"))
    found = read(
        "takeout.zip",
        archive(
            **{
                "Takeout/Tasks/Tasks.json": json.dumps(tasks),
                "Takeout/Calendar/a.ics": event,
                "Takeout/archive_browser.html": "<html>",
            }
        ),
    )
    pack, book, flight = found.records
    assert (found.format, pack.due, pack.category, pack.description) == ("google_takeout", DAY, "Home", "Socks")
    assert (book.status, book.parent, flight.title) == ("completed", "1", "Flight")


# any table


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("Name,Due Date,Status,Priority,Project,Tags\nPay,03/02/2026,Done,High,Home,\"a, b\"\n", {"title": "Name", "due": "Due Date", "status": "Status", "priority": "Priority", "category": "Project", "tags": "Tags"}),
        ("Aufgabe;Fällig am;Status;Priorität;Projekt;Tags\nPay;02.03.2026;erledigt;hoch;Home;a, b\n", {"title": "Aufgabe", "due": "Fällig am", "status": "Status", "priority": "Priorität", "category": "Projekt", "tags": "Tags"}),
        ("task\tdeadline\tdone\tprio\tlist\tlabels\nPay\t2026-03-02\tyes\tH\tHome\ta;b\n", {"title": "task", "due": "deadline", "completed": "done", "priority": "prio", "category": "list", "tags": "labels"}),
    ],
)  # fmt: skip
def test_the_columns_of_any_table_are_guessed(read, text, columns):
    assert guess_columns(Upload("tasks.csv", text.encode("cp1252"))) == columns
    task = read("tasks.csv", text.encode("cp1252")).one()
    assert (task.title, task.due, task.status, task.priority, task.category, task.tags) == (
        "Pay",
        DAY,
        "completed",
        "high",
        "Home",
        ["a", "b"],
    )


def test_a_table_with_starts_and_ends_is_time(read):
    entry = read("time.csv", "From,To,Project,Note\n2026-03-02 09:00,2026-03-02 10:00,Site,Draft\n").one()
    assert (entry.started_at, entry.ended_at, entry.project) == (at(2026, 3, 2, 8), at(2026, 3, 2, 9), "Site")
    assert entry.note == "Draft"


def test_columns_that_are_not_taken_are_named():
    upload = Upload("tasks.csv", b"Title,Done,Completed,Owner\nPay,yes,2026-03-02,Ada\n")
    assert other_columns(upload, guess_columns(upload)) == ["Done", "Owner"]


def test_a_table_with_a_column_for_the_day_and_others_for_the_clock_is_time(read):
    entry = read("time.csv", "Date,Start,End,Project,Description\n2026-03-02,09:00,10:00,Site,Draft\n").one()
    assert (entry.started_at, entry.ended_at, entry.note) == (at(2026, 3, 2, 8), at(2026, 3, 2, 9), "Draft")


def test_a_column_that_is_only_called_date_is_when_a_task_is_due(read):
    task = read("notion.csv", 'Name,Date,Status\nPay,"March 2, 2026 9:00 AM (GMT+1)",Not started\n').one()
    assert (task.title, task.due, task.status) == ("Pay", at(2026, 3, 2, 8), "pending")


def test_time_entries_of_toggls_api_are_read(read):
    entries = [
        {
            "id": 1,
            "description": "Draft",
            "start": "2026-03-02T08:00:00+00:00",
            "stop": "2026-03-02T09:00:00+00:00",
            "duration": 3600,
        },
        {"id": 2, "start": "2026-03-02T08:00:00+00:00", "stop": None, "duration": -1},
    ]
    found = read("time.json", json.dumps(entries))
    assert (found.format, found.one().ended_at) == ("toggl", at(2026, 3, 2, 9))
    assert found.findings == ["line 1: skipped: it has no start or no end: it may be running still"]


def test_bare_lines_are_tasks(read):
    assert [task.title for task in read("list.txt", "Buy milk\nCall Mum\n").records] == ["Buy milk", "Call Mum"]


@pytest.mark.parametrize(
    ("words", "due", "rule"),
    [
        ("jeden Montag und Freitag", None, "FREQ=WEEKLY;BYDAY=MO,FR"),
        ("todos los días", None, "FREQ=DAILY"),
        ("tous les 2 mois", None, "FREQ=MONTHLY;INTERVAL=2"),
        ("jeden 15.", None, "FREQ=MONTHLY;BYMONTHDAY=15"),
        ("morgen um 9 Uhr", datetime(2026, 11, 21, 8, tzinfo=UTC), None),
        ("24 déc.", date(2026, 12, 24), None),
    ],
)
def test_dates_of_todoist_are_read_in_other_languages(read, words, due, rule):
    task = read("Work.csv", f"TYPE,CONTENT,PRIORITY,INDENT,DATE\ntask,A,1,1,{words}\n").one()
    assert (task.due, task.recurrence) == (due, rule)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Titre;Échéance;Priorité\nCafé – 5 €;02/03/2026;élevée\n"),
        ("cp1251", "Название;Срок\nПривет;02.03.2026\n"),
        ("shift_jis", "タイトル,期限\nあいう,2026/03/02\n"),
        ("gbk", "标题,截止日期\n你好,2026-03-02\n"),
    ],
)
def test_a_table_in_an_encoding_from_before_unicode_is_read(read, encoding, text):
    task = read("tasks.csv", text.encode(encoding)).one()
    assert task.title == text.splitlines()[1].replace(",", ";").partition(";")[0]
    assert task.due == date(2026, 3, 2)


def test_a_few_broken_bytes_leave_the_rest_of_a_file_as_it_is(read):
    task = read("tasks.csv", "Title,Notes\nMüsli für später,Käse ".encode() + b"\xff\n").one()
    assert (task.title, task.notes) == ("Müsli für später", "Käse \ufffd")


def test_a_zone_of_outlook_without_quotation_marks_is_read(read):
    event = read(
        "a.ics",
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:A\nDTSTART;TZID=tzone://Microsoft/Utc:20260302T090000\nEND:VEVENT\nEND:VCALENDAR\n",
    ).one()
    assert event.start_at == datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_a_note_that_holds_a_calendar_makes_no_calendar_of_a_file(read):
    found = read(
        "tasks.json",
        '[{"uuid":"a","description":"A","status":"pending","entry":"20260301T080000Z","annotations":[{"description":"BEGIN:VCALENDAR"}]}]',
    )
    assert found.format == "taskwarrior"


def test_a_summary_of_wakapi_is_read(read):
    summary = {"from": "2026-03-02T00:00:00Z", "projects": [{"key": "x", "total": 3600}], "languages": []}
    assert read("summary.json", json.dumps(summary)).one().project == "x"


def test_the_inbox_of_ticktick_is_no_category_and_its_checklists_are_lines(read):
    text = '"List Name","Title","Content","Is Check list","Status","taskId"\n"📥Inbox","A","▫one▪two","Y","0","1"\n'
    task = read("TickTick.csv", text).one()
    assert (task.category, task.description) == (None, "- [ ] one\n- [x] two")


def test_tables_of_other_trackers_are_read_by_the_names_and_dates_that_they_use(read):
    issues = read(
        "issues.csv",
        "Summary,Issue key,Status,Priority,Created,Resolved\nFix,A-1,Done,Highest,02/Mar/26 9:00 AM,3-Mar-2026\n",
    )
    fix = issues.one()
    assert (fix.title, fix.status, fix.created_at, fix.completed_at) == (
        "Fix",
        "completed",
        at(2026, 3, 2, 8),
        at(2026, 3, 3, 11),
    )
    assert issues.findings == []
    card = read(
        "board.csv", "Card ID,Card Name,Labels,Due Date,List Name,Due Complete\nx,Paint,red,2026-03-02,Doing,true\n"
    ).one()
    assert (card.title, card.status, card.due, card.category, card.tags) == (
        "Paint",
        "completed",
        DAY,
        "Doing",
        ["red"],
    )


def test_a_timesheet_of_days_lays_the_time_out_on_each_day(read):
    found = read(
        "sheet.csv",
        'Date,Project,Task,Hours\n2026-03-02,Site,Write,1.5\n2026-03-02,Site,Test,"0,5"\n2026-03-03,Site,Write,\n',
    )
    assert [(each.project, each.note, each.started_at, each.ended_at) for each in found.records] == [
        ("Site", "Write", at(2026, 3, 2, 8), at(2026, 3, 2, 9, 30)),
        ("Site", "Test", at(2026, 3, 2, 9, 30), at(2026, 3, 2, 10)),
    ]
    assert [each.partition(": ")[0] for each in found.findings] == ["line 4", "line 1"]


def test_a_report_of_clockify_in_portuguese_is_read(read):
    text = "Projeto,Cliente,Descrição,Data de início,Hora de início,Data de término,Hora de término,Duração (h),Duração (decimal)\n"
    entry = read("r.csv", f'{text}Site,Acme,Push,25/03/2026,10:00:00,25/03/2026,12:00:00,02:00:00,"2,00"\n').one()
    assert (entry.started_at, entry.ended_at) == (at(2026, 3, 25, 9), at(2026, 3, 25, 11))
