"""TickTick: the backup as CSV, which begins with lines about itself."""

import re
from collections.abc import Iterator

from focusflow.contracts.fields import Priority
from ingestion.importers.engine.files import Row, Upload, key_of, read_table
from ingestion.importers.engine.identities import Identities
from ingestion.importers.engine.records import NO, SURE, Finding, Item, Place, Surroundings, Task
from ingestion.importers.engine.values import as_date, as_moment, clean_rule, read_moment, read_zone

PRIORITIES: dict[str, Priority] = {"5": "high", "3": "medium", "1": "low", "0": "medium"}
DONE, ARCHIVED, GIVEN_UP = {"1"}, {"2"}, {"-1"}

#: Which of these a backup has depends on its version.
OWN_COLUMNS = ("taskid", "ischecklist", "foldername")

#: Boxes of a checklist: done in one way, open in the other.
CHECKED, UNCHECKED = "▪", "▫"


def sniff(upload: Upload) -> int:
    start = key_of(upload.files[0].start[:5000])
    return SURE if "listname" in start and "title" in start and any(name in start for name in OWN_COLUMNS) else NO


def read(upload: Upload, surroundings: Surroundings) -> Iterator[Item]:
    for file in upload.files:
        label, ids = upload.label(file), Identities()
        for row in read_table(file.text, label, "listname", "title").rows:
            yield from _task(row, Place(row.line, label), ids, surroundings)


def _task(row: Row, place: Place, ids: Identities, surroundings: Surroundings) -> Iterator[Item]:
    title, content, kind = row.get("title"), row.get("content"), row.get("kind").upper()
    if kind == "NOTE":
        yield Finding(place, "it is a note, not a task")
        return
    if not title:
        yield Finding(place, "it has no title")
        return
    here = read_zone(row.get("timezone")) or surroundings.zone
    due = read_moment(row.get("duedate") or row.get("startdate"), here)
    is_all_day = row.get("isallday").lower() in {"true", "1"}
    start = read_moment(row.get("startdate"), here) if row.get("duedate") else None
    for name in ("duedate", "startdate", "createdtime", "completedtime"):
        if row.get(name) and read_moment(row.get(name), here) is None:
            yield Finding(place, f"{row.get(name)!r} is not a date", "changed")
    status = row.get("status") or "0"
    completed = as_moment(read_moment(row.get("completedtime"), here), here)
    is_done = status in DONE | ARCHIVED or (completed is not None and status not in {"0", *GIVEN_UP})
    rule = clean_rule(row.get("repeat")) if row.get("repeat") else None
    if row.get("repeat") and rule is None:
        yield Finding(place, f"the repetition {row.get('repeat')!r} is not understood", "changed")
    created = as_moment(read_moment(row.get("createdtime"), here), here)
    start_at = as_moment(start, here)
    last = as_moment(due, here)
    source_id = row.get("taskid") or ids.of(row.get("listname"), title, created or "")
    # after a repeated task was completed, each of its times is a row of its own under one id
    yield Task(
        place=place,
        source_id=ids.of(source_id),
        title=title,
        description=_readable(content) or None,
        priority=PRIORITIES.get(row.get("priority"), "medium"),
        status="cancelled" if status in GIVEN_UP else "completed" if is_done else "pending",
        category=None if key_of(row.get("listname")) in {"", "inbox"} else row.get("listname"),
        tags=[tag for tag in re.split(r"[,\s]+", row.get("tags")) if tag],
        due=as_date(due, here) if is_all_day else due,
        start_at=start_at if start_at and last and start_at < last else None,
        created_at=created,
        completed_at=completed if is_done else None,
        parent=row.get("parentid") or None,
        recurrence=None if is_done else rule,
    )


def _readable(content: str) -> str:
    r"""Checklists as lines with boxes.

    >>> _readable("▫Milk\n▪Bread▫Salt")
    '- [ ] Milk\n- [x] Bread\n- [ ] Salt'
    """
    content = re.sub(rf"\s*{UNCHECKED}", "\n- [ ] ", content.replace("\r", "\n"))
    return re.sub(rf"\s*{CHECKED}", "\n- [x] ", content).strip()
