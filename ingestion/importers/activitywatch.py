"""ActivityWatch: exported buckets. What was in front while the user was there becomes stretches of time, without the titles of windows."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from ingestion.importers.engine.files import Malformed, Upload, read_json
from ingestion.importers.engine.records import NO, SURE, Finding, Item, Place, Surroundings, TimeEntry
from ingestion.importers.engine.values import read_moment

WINDOW, AFK = "currentwindow", "afkstatus"

#: A pause that is no longer does not end a stretch; a stretch that is shorter is left out.
PAUSE, SHORTEST = timedelta(minutes=5), timedelta(minutes=1)
LONGEST = timedelta(hours=23)
APPS = 3

Span = tuple[datetime, datetime, str]


def sniff(upload: Upload) -> int:
    head = upload.files[0].start
    is_bucket = '"afkstatus"' in head or '"currentwindow"' in head or "aw-watcher" in head
    return SURE if is_bucket and ('"buckets"' in head or '"events"' in head or '"hostname"' in head) else NO


def read(upload: Upload, surroundings: Surroundings) -> Iterator[Item]:
    for file in upload.files:
        label = upload.label(file)
        document = read_json(file.text, label)
        found = document.get("buckets", document) if isinstance(document, dict) else {}
        buckets = [found] if "events" in found else list(found.values()) if isinstance(found, dict) else found
        if not all(isinstance(bucket, dict) for bucket in buckets) or not buckets:
            raise Malformed.at(label, 1, "it holds no buckets")
        yield from _hosts(buckets, label, surroundings)


def _hosts(buckets: list[Mapping[str, Any]], label: str, surroundings: Surroundings) -> Iterator[Item]:
    windows: dict[str, list[Span]] = {}
    present: dict[str, list[Span]] = {}
    for number, bucket in enumerate(buckets, start=1):
        kind, host, place = bucket.get("type"), str(bucket.get("hostname") or ""), Place(1, label)
        if kind not in {WINDOW, AFK}:
            yield Finding(
                place, f"bucket {bucket.get('id', number)!r} of the type {kind!r} tells of the same time again"
            )
            continue
        spans, broken = _spans(bucket.get("events") or [], surroundings)
        if broken:
            yield Finding(place, f"{broken} events of bucket {bucket.get('id', number)!r} have no time or no duration")
        if kind == WINDOW:
            windows.setdefault(host, []).extend(spans)
        else:
            present.setdefault(host, []).extend(span for span in spans if span[2] == "not-afk")
    for host in sorted(windows.keys() | present.keys()):
        spans = sorted(windows.get(host, []))
        if host in present:
            spans = list(overlap(spans, sorted(present[host]))) if spans else sorted(present[host])
        for start, end, apps in stretches(spans):
            named = ", ".join(app for app, _ in apps.most_common(APPS) if app and app != "not-afk")
            yield TimeEntry(
                place=Place(1, label),
                source_id=f"{host}|{start.isoformat()}",
                started_at=start,
                ended_at=end,
                kind="focus",
                note=named or None,
            )


def _spans(events: Iterable[Any], surroundings: Surroundings) -> tuple[list[Span], int]:
    spans, broken = [], 0
    for event in events:
        data = event.get("data") if isinstance(event, dict) else None
        start = read_moment(str(event.get("timestamp") or ""), surroundings.zone) if isinstance(data, dict) else None
        seconds = event.get("duration") if isinstance(data, dict) else None
        if not isinstance(start, datetime) or not isinstance(seconds, int | float) or not 0 <= seconds < 1e7:
            broken += 1
        elif seconds > 0 and isinstance(data, dict):
            spans.append((start, start + timedelta(seconds=seconds), str(data.get("status") or data.get("app") or "")))
    return spans, broken


def overlap(spans: list[Span], others: list[Span]) -> Iterator[Span]:
    """The parts of spans that lie in one of the others. Both are sorted."""
    first = 0
    for start, end, name in spans:
        while first < len(others) and others[first][1] <= start:
            first += 1
        for other_start, other_end, _ in others[first:]:
            if other_start >= end:
                break
            if min(end, other_end) > max(start, other_start):
                yield max(start, other_start), min(end, other_end), name


def stretches(spans: Iterable[Span]) -> Iterator[tuple[datetime, datetime, Counter[str]]]:
    """Spans, merged where only a pause lies between them, with the time of each name."""
    begin: datetime | None = None
    until: datetime | None = None
    names: Counter[str] = Counter()
    for start, end, name in sorted(spans):
        if begin is not None and until is not None and (start - until > PAUSE or end - begin > LONGEST):
            if until - begin >= SHORTEST:
                yield begin, until, names
            begin, names = None, Counter()
        if begin is None or until is None:
            begin, until = start, end
        until = max(until, end)
        names[name] += int((end - start).total_seconds())
    if begin is not None and until is not None and until - begin >= SHORTEST:
        yield begin, until, names
