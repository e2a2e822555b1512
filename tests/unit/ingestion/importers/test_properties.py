"""What holds for every file: it is read or refused with a reason, whatever is in it, and what was written comes back."""

import csv
import io
import json
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from focusflow.clock import zone
from focusflow.contracts.registry import BY_TYPE
from focusflow.errors import Invalid
from focusflow.identity import new_id
from focusflow.import_formats import FORMATS
from ingestion.importers.engine.changes import Links, changes_of
from ingestion.importers.engine.files import Upload, decode
from ingestion.importers.engine.formats import formats
from ingestion.importers.engine.normalize import normalize
from ingestion.importers.engine.records import Finding, Habit, Surroundings
from ingestion.importers.engine.values import read_duration, read_moment
from tests.sizes import sized
from tests.unit.ingestion.importers.conftest import NOW, Read

TITLES = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x2FFF, exclude_categories=("C", "Z")), min_size=1, max_size=20
)
DAYS = st.dates(date(1990, 1, 1), date(2026, 11, 1))
MOMENTS = st.integers(631_152_000, 1_793_491_200).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))

SAMPLES = {
    "todo_txt": "(A) 2026-03-01 Call +a @b due:2026-03-02\nx 2026-03-02 Pay\n",
    "todoist": 'TYPE,CONTENT,PRIORITY,INDENT,DATE\ntask,"A, b",1,1,2026-03-02\nnote,c,,,\ntask,B,4,2,every day\n',
    "taskwarrior": '[{"uuid":"a","description":"A","status":"completed","entry":"20260301T080000Z","end":"20260302T080000Z","depends":["b"]}]',
    "ticktick": '"Folder Name","List Name","Title","Is Check list","Due Date","Status","Created Time","taskId"\n"","L","A","N","2026-03-01T23:00:00+0000","1","2026-03-01T08:00:00+0000","1"\n',
    "toggl": "User,Email,Project,Start date,Start time,End date,End time,Duration\nA,a@b.c,P,2026-03-02,09:00:00,2026-03-02,10:00:00,01:00:00\n",
    "clockify": '"Project","Start Date","Start Time","End Date","End Time","Duration (h)"\n"P","03/02/2026","09:00 AM","03/02/2026","10:00 AM","01:00:00"\n',
    "icalendar": "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20260302T080000Z\nRRULE:FREQ=WEEKLY\nEXDATE:20260309T080000Z\nSUMMARY:A\nEND:VEVENT\nEND:VCALENDAR\n",
    "activitywatch": '{"buckets":{"w":{"type":"currentwindow","hostname":"h","events":[{"timestamp":"2026-03-02T08:00:00Z","duration":600,"data":{"app":"x"}}]}}}',
    "wakatime": '{"days":[{"date":"2026-03-02","projects":[{"name":"x","grand_total":{"total_seconds":3600}}]}]}',
    "super_productivity": '{"task":{"entities":{"a":{"title":"A","timeSpentOnDay":{"2026-03-02":600000},"isDone":true,"doneOn":1772445600000}}}}',
    "habitica": '{"tasks":{"dailys":[{"_id":"d","text":"A","repeat":{"m":true},"frequency":"weekly","history":[{"date":1772445600000,"value":1}]}],"todos":[]}}',
    "google_takeout": '{"kind":"tasks#taskLists","items":[{"title":"L","items":[{"id":"1","title":"A","status":"completed","completed":"2026-03-02T10:00:00Z"}]}]}',
    "focusflow": '{"focusflow_export":1,\n"tasks":[\n{"id":"a","title":"A","status":"completed","created_at":"2026-03-01T08:00:00Z","completed_at":"2026-03-02T08:00:00Z","tags":["x"],"due_date":"2026-03-02"}],\n"habits":[{"id":"h","title":"H","weekdays":[1],"start_date":"2026-03-01"}],"habit_logs":[{"habit_id":"h","local_date":"2026-03-02"}]}',
    "csv_table": "Title,Due,Done\nA,2026-03-02,yes\n",
}  # fmt: skip


def take(name, content):
    """Read with a format until the changes that would be written; the types and fields are those of the contract."""
    surroundings = Surroundings(zone("Europe/Berlin"), NOW)
    upload = Upload(
        f"file{'.json' if name in {'google_takeout', 'todoist'} and content.lstrip()[:1] == b'{' else ''}", content
    )
    seen = []
    for item in formats()[name].read(upload, surroundings):
        for result in [item] if isinstance(item, Finding) else normalize(item, surroundings):
            if isinstance(result, Finding):
                assert result.reason
                assert result.place.line >= 1
                continue
            if isinstance(result, Habit):
                result.start_date = result.start_date or date(2026, 1, 1)
            for change in changes_of(
                result, new_id(), Links({("habit", getattr(result, "habit", "")): new_id()}, {}), surroundings
            ):
                assert change.at <= NOW
                if change.type.endswith((".created", ".logged")):
                    BY_TYPE[change.type].data.model_validate(change.fields)
            seen.append(result)
    return seen


def test_each_format_that_is_offered_can_be_read():
    assert formats().keys() == FORMATS.keys()


@pytest.mark.parametrize("name", SAMPLES)
def test_the_sample_of_each_format_is_recognized_and_read(name):
    assert take(name, SAMPLES[name].encode())


@pytest.mark.parametrize("name", SAMPLES)
@settings(max_examples=sized(25, 2000))
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_with_a_reason(name, data):
    sample = SAMPLES[name].encode()
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(sample)))
        end = data.draw(st.integers(start, min(len(sample), start + 12)))
        sample = (
            sample[:start]
            + data.draw(
                st.binary(max_size=6) | st.sampled_from([b"", b'"', b",", b"\n", b"null", b"[]", b"-1", b"9" * 20])
            )
            + sample[end:]
        )
    with suppress(Invalid):
        take(name, sample)


@settings(max_examples=sized(30, 2000))
@given(
    tasks=st.lists(
        st.tuples(TITLES, MOMENTS, st.one_of(st.none(), MOMENTS), st.sampled_from(["H", "M", "L"])),
        min_size=1,
        max_size=8,
    )
)
def test_what_taskwarrior_writes_comes_back(tasks):
    def stamp(moment):
        return f"{moment:%Y%m%dT%H%M%SZ}"

    entries = [
        {"uuid": str(number), "description": title, "status": "completed" if done else "pending", "entry": stamp(created), "priority": level}
        | ({"end": stamp(done)} if done else {})
        for number, (title, created, done, level) in enumerate(tasks)
    ]  # fmt: skip
    records = Read("tasks.json", json.dumps(entries)).records
    assert [(each.title, each.completed_at) for each in records] == [(title, done) for title, _, done, _ in tasks]
    assert all(
        each.created_at == min(created, done or created)
        for each, (_, created, done, _) in zip(records, tasks, strict=True)
    )


@settings(max_examples=sized(30, 2000))
@given(
    rows=st.lists(
        st.tuples(TITLES | st.just('a "quoted"\nline; with, all'), DAYS, st.booleans()), min_size=1, max_size=8
    ),
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_a_table_reads_the_same_in_every_dialect(rows, delimiter, encoding, line_end):
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, lineterminator=line_end)
    writer.writerow(["Title", "Due date", "Completed"])
    writer.writerows([title, day.isoformat(), "yes" if is_done else ""] for title, day, is_done in rows)
    records = Read("tasks.csv", written.getvalue().encode(encoding)).records
    assert [(each.title, each.due, each.status == "completed") for each in records] == [
        (" ".join(title.split()), day, is_done) for title, day, is_done in rows
    ]


@given(moment=MOMENTS, offset=st.integers(-14 * 4, 14 * 4))
def test_a_moment_is_the_same_in_every_offset(moment, offset):
    sign, minutes = "-" if offset < 0 else "+", abs(offset) * 15
    local = moment + timedelta(minutes=offset * 15)
    assert read_moment(f"{local:%Y-%m-%dT%H:%M:%S}{sign}{minutes // 60:02}:{minutes % 60:02}", UTC) == moment


@given(minutes=st.integers(1, 6000))
def test_a_duration_is_the_same_however_it_is_written(minutes):
    expected = timedelta(minutes=minutes)
    written = [
        f"{minutes // 60}:{minutes % 60:02}:00",
        f"{minutes // 60:02}:{minutes % 60:02}",
        f"{minutes // 60}h {minutes % 60}m",
        f"PT{minutes}M",
    ]
    assert [read_duration(text) for text in written] == [expected] * 4


@given(content=st.binary(max_size=200))
def test_any_bytes_are_text(content):
    assert isinstance(decode(content), str)
