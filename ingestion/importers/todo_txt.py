"""todo.txt: one task a line, with `+project`, `@context` and `key:value`."""

import re
from collections.abc import Iterator
from datetime import date

from focusflow.contracts.fields import Priority
from ingestion.importers.engine.files import Upload
from ingestion.importers.engine.identities import Identities
from ingestion.importers.engine.records import LIKELY, NO, PERHAPS, SURE, Finding, Item, Place, Surroundings, Task
from ingestion.importers.engine.values import as_moment, read_moment, read_recurrence

DAY = r"\d{4}-\d{2}-\d{2}"
LINE = re.compile(
    rf"(?:(?P<done>[xX])\s+)?(?:\((?P<priority>[A-Z])\)\s+)?(?P<first>{DAY}\s+)?(?P<second>{DAY}\s+)?(?P<text>.*)"
)
MARKED = re.compile(rf"^(?:[xX] {DAY}|\([A-Z]\) )|(?:^|\s)(?:\+\w|@\w|due:\d{{4}}-)", re.MULTILINE)
WORD = re.compile(
    r"(?:^|(?<=\s))(?:(?P<mark>[+@])(?P<name>\S+)|(?P<key>[A-Za-z][\w-]*):(?P<value>[^\s/:][^\s]*))(?=\s|$)"
)
PRIORITIES: dict[str, Priority] = {"A": "urgent", "B": "high", "C": "medium"}


def sniff(upload: Upload) -> int:
    if upload.is_archive:
        return NO
    (file,) = upload.files
    if file.stem.lower() in {"todo", "done"} and file.has_suffix(".txt"):
        return SURE
    if not file.has_suffix(".txt"):
        return NO
    return LIKELY if MARKED.search(file.start) else PERHAPS


def read(upload: Upload, surroundings: Surroundings) -> Iterator[Item]:
    for file in upload.files:
        ids = Identities()
        for number, line in enumerate(file.text.split("\n"), start=1):
            if line.strip() and not line.startswith("#"):
                yield from _task(line.strip(), Place(number, upload.label(file)), ids, surroundings)


def _task(line: str, place: Place, ids: Identities, surroundings: Surroundings) -> Iterator[Item]:
    found = LINE.fullmatch(line)
    assert found is not None  # every part but the text is optional
    is_done, days = bool(found["done"]), [read_day(found[name]) for name in ("first", "second")]
    completed, created = (days[0], days[1]) if is_done else (None, days[0])
    if is_done and days[1] is None:
        completed, created = days[0], None
    letter, text, values = found["priority"], found["text"], dict[str, str]()
    projects, contexts = list[str](), list[str]()
    for word in WORD.finditer(text):
        if word["mark"]:
            (projects if word["mark"] == "+" else contexts).append(word["name"])
        elif word["key"].lower() in KEYS:
            values[word["key"].lower()] = word["value"]
    title = " ".join(WORD.sub(_kept_word, text).split())
    if not title:
        yield Finding(place, "it has no text")
        return
    letter = letter or values.get("pri", "").strip("()").upper() or None
    task = Task(
        place=place,
        source_id=ids.of(title, created or ""),
        title=title,
        priority=PRIORITIES.get(letter, "low") if letter else "medium",
        status="completed" if is_done else "pending",
        category=projects[0].replace("_", " ") if projects else None,
        tags=contexts + [name.replace("_", " ") for name in projects[1:]],
        due=read_moment(values["due"], surroundings.zone) if "due" in values else None,
        created_at=as_moment(created, surroundings.zone),
        completed_at=as_moment(completed, surroundings.zone),
    )
    if "due" in values and task.due is None:
        yield Finding(place, f"the due date {values['due']!r} is not a date", "changed")
    if start := values.get("t"):
        task.start_at = as_moment(read_moment(start, surroundings.zone), surroundings.zone)
    if rule := values.get("rec"):
        task.recurrence = read_recurrence(rule.removeprefix("+"))
        if task.recurrence is None:
            yield Finding(place, f"the recurrence {rule!r} is not understood", "changed")
    yield task


#: What the key-value pairs mean that are taken out of the text; all others stay in it.
KEYS = frozenset({"due", "t", "rec", "pri"})


def _kept_word(word: re.Match[str]) -> str:
    return "" if word["mark"] or word["key"].lower() in KEYS else word[0]


def read_day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text.strip()) if text else None
    except ValueError:
        return None
