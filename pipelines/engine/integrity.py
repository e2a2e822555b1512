"""Repairs what has changed on the disk of the lake, as far as it is known elsewhere.

The log is put back from its copy, raw from the outbox, and everything else is computed again from what it is made of. Tables to be
computed again are only marked: the next refresh begins with that, so that no refresh under way reads a table that was just emptied.
"""

import json
import math
import shutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from focusflow.database.queries import load_queries
from focusflow.database.session import Database
from focusflow.lake import digests
from focusflow.lake.session import duckdb_session
from focusflow.lake.tables import (
    RAW_EVENTS,
    Lake,
    Pinned,
    TableDamaged,
    TableSpec,
    low_watermark_key,
    position_key,
)
from focusflow.lake.verification import TableCheck, check
from ingestion.landing.lander import raw_rows
from ingestion.outbox.source import OutboxSource
from ingestion.reconciliation import Gap, describe, gaps
from pipelines.engine import build, daily, histories, priorities, silver

#: Where the lake remembers which tables are to be computed again, and up to where its files were checked.
STATE = "_integrity.json"

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

#: In so many nights every file is read once.
NIGHTS = 30

HISTORIES = tuple(histories.spec(noun) for noun in histories.KEPT)
COMPUTED = (*HISTORIES, daily.DAILY, *(table.spec for table in build.TABLES), priorities.MEMORY)
SPECS: Mapping[str, TableSpec] = {
    spec.name: spec for spec in (RAW_EVENTS, silver.QUARANTINE, silver.EVENTS, *COMPUTED, priorities.SCORES)
}


@dataclass(slots=True)
class Outcome:
    """The outcome of repairing."""

    checks: list[TableCheck] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    @property
    def is_damaged(self) -> bool:
        return any(not each.is_whole for each in self.checks)


def followers(name: str) -> list[TableSpec]:
    """What is made of a table, in the order of a refresh."""
    if name == silver.EVENTS.name:
        return [*HISTORIES, daily.DAILY, *(table.spec for table in build.TABLES), priorities.SCORES]
    if name in {spec.name for spec in HISTORIES}:
        return [daily.DAILY, *(table.spec for table in build.TABLES), priorities.SCORES]
    made_of = {name}
    for table in build.TABLES:
        if made_of & set(table.reads):
            made_of.add(table.spec.name)
    return [table.spec for table in build.TABLES if table.spec.name in made_of - {name}]


def verify(
    lake: Lake, *, is_deep: bool, only: Mapping[str, Collection[str]] | None = None,
    progress: Callable[[str, int], None] = lambda *_: None,
) -> list[TableCheck]:  # fmt: skip
    """Look at every table, or at some files of each."""
    found = []
    for name in sorted({*SPECS, *lake.names()}):
        files = None if only is None else only.get(name, ())
        if table := check(lake, name, is_deep=is_deep, only=files, progress=partial(progress, name)):
            found.append(table)
    return found


def repair(
    lake: Lake, database: Database | None, buckets: int, checks: list[TableCheck], *, may_rebuild_log: bool = False
) -> Outcome:
    """Repair what was found. A log without a copy is rewritten from the data files only where nobody writes beside it."""
    outcome = Outcome(checks)
    for found in checks:
        if found.is_whole:
            continue
        name, root = found.table, Path(lake.url(found.table))
        restored = digests.restore_log(root) if lake.is_local else []
        outcome.mended += [f"{name}: {each}; it was restored." for each in restored]
        if restored or found.has_damaged_log:
            # What the log says of files may be other than what the damaged one said.
            found = check(lake, name, only=None) or found  # noqa: PLW2901 (the same table, seen again)
        if found.has_damaged_log:
            _without_a_log(lake, database, buckets, found, outcome, may_rebuild_log=may_rebuild_log)
        elif name not in SPECS:
            outcome.lost += found.sentences
        elif name == RAW_EVENTS.name:
            _repair_raw(lake, database, found, outcome)
        elif found.damaged_files:
            mark(lake, name, found.damaged_files)
            outcome.mended.append(
                f"{name}: {len(found.damaged_files)} files are damaged; the next refresh computes it again."
            )
        elif found.damages:
            digests.adopt(root, _live(lake, name))
            outcome.mended.append(f"{name}: its digest list was damaged; what was lost of it is recorded as it is now.")
    return outcome


def _live(lake: Lake, name: str) -> list[str]:
    pinned = lake.pinned(name)
    return list(pinned.sizes()) if pinned else []


def heal(lake: Lake, database: Database, buckets: int) -> Outcome:
    """A glance at all tables, and what can be done about what it shows."""
    return repair(lake, database, buckets, verify(lake, is_deep=False))


def _repair_raw(lake: Lake, database: Database | None, found: TableCheck, outcome: Outcome) -> None:
    """Events of damaged files from the outbox. What it has no more stays where a file can still be read, and is named."""
    raw = lake.pinned(RAW_EVENTS.name)
    assert raw is not None
    if not found.damaged_files:
        digests.adopt(Path(lake.url(RAW_EVENTS.name)), raw.sizes())
        outcome.mended.append(f"{raw.name}: its digest list was damaged; what was lost of it is recorded as it is now.")
        return
    by_bucket: dict[int, list[str]] = {}
    for path in found.damaged_files:
        by_bucket.setdefault(int(path.split("/")[0].partition("=")[2]), []).append(path)
    session = duckdb_session()
    for bucket, paths in by_bucket.items():
        missing = gaps(raw, [bucket], without=found.damaged_files)
        runs = [] if database is None else [
            run for gap in missing for run in OutboxSource(database).read_span(bucket, gap.first, gap.last)
        ]  # fmt: skip
        rows = raw_rows(session, runs) if runs else RAW_EVENTS.schema.empty_table()
        lost = _without(missing, {offset for run in runs for offset in run.offsets})
        if lost and all(_is_readable(raw.file(path), raw.opened) for path in paths):
            outcome.lost += [
                f"{raw.name}: {describe(lake, gap)}: other bytes than were written, and the outbox has them no more."
                for gap in lost
            ]
            continue
        raw.exchange(paths, rows.select(raw.columns().names).cast(raw.columns()), positions={})
        outcome.mended.append(f"{raw.name}: {len(rows)} events of bucket {bucket} were put back from the outbox.")
        outcome.lost += [f"{raw.name}: {describe(lake, gap)}: lost, for the outbox has them no more." for gap in lost]
    if outcome.lost:
        outcome.lost.append("Restore the backup of the lake to have them back.")


def _without(spans: list[Gap], offsets: Collection[int]) -> list[Gap]:
    """What of the spans is not among the offsets."""
    left: list[Gap] = []
    for span in spans:
        for offset in range(span.first, span.last + 1):
            if offset in offsets:
                continue
            if left and left[-1].bucket == span.bucket and left[-1].last == offset - 1:
                left[-1] = Gap(span.bucket, left[-1].first, offset)
            else:
                left.append(Gap(span.bucket, offset, offset))
    return left


def _is_readable(file: str, opened: Callable[[str], Any] = str) -> bool:
    try:
        pq.read_table(opened(file), partitioning=None)
    except (OSError, ValueError):
        return False
    return True


def _without_a_log(
    lake: Lake, database: Database | None, buckets: int, found: TableCheck, outcome: Outcome, *, may_rebuild_log: bool
) -> None:
    """A table whose log has neither its entries nor copies of them. What is computed goes; of events the data files are read."""
    name, root = found.table, Path(lake.url(found.table))
    if name not in SPECS:
        outcome.lost += found.sentences
    elif name not in (RAW_EVENTS.name, silver.EVENTS.name, silver.QUARANTINE.name):
        mark(lake, name, [])
        outcome.mended.append(f"{name}: its log is damaged; the next refresh computes it again.")
    elif not lake.is_local:
        outcome.lost.append(
            f"{name}: its log in the store is damaged, and a store has no copy of it that is known here. Bring back the earlier versions"
            f" of the objects under {lake.url(name)}/_delta_log, or restore a backup."
        )
    elif not may_rebuild_log:
        outcome.lost.append(f"{name}: its log is damaged. Stop FocusFlow, then run `focusflow verify --deep --repair`.")
    else:
        rows, positions = _surviving(lake, SPECS[name])
        aside = root.with_name(f"{root.name}.broken")
        shutil.rmtree(aside, ignore_errors=True)
        root.rename(aside)
        lake.open(SPECS[name]).append(rows, positions=positions)
        outcome.mended.append(
            f"{name}: its log was written anew from {len(rows):,} rows of its data files. The old one is kept in {aside}."
        )
        if name == RAW_EVENTS.name:
            raw = lake.pinned(name)
            assert raw is not None
            _fill_gaps(lake, database, buckets, raw, outcome)


def _fill_gaps(lake: Lake, database: Database | None, buckets: int, raw: Pinned, outcome: Outcome) -> None:
    missing = gaps(raw, range(buckets))
    runs = [] if database is None else [
        run for gap in missing for run in OutboxSource(database).read_span(gap.bucket, gap.first, gap.last)
    ]  # fmt: skip
    if runs:
        raw.append(raw_rows(duckdb_session(), runs), positions={})
    there = {(run.bucket, offset) for run in runs for offset in run.offsets}
    lost = [
        left
        for gap in missing
        for left in _without([gap], {offset for bucket, offset in there if bucket == gap.bucket})
    ]
    outcome.lost += [f"{raw.name}: {describe(lake, gap)}: lost, for the outbox has them no more." for gap in lost]


def _surviving(lake: Lake, spec: TableSpec) -> tuple[pa.Table, dict[str, int]]:
    """The rows of all data files that can be read, once each, and up to where they go, by what can be read of the log."""
    root = Path(lake.url(spec.name))
    paths = [str(path) for path in root.glob("*=*/**/*.parquet") if _is_readable(str(path))]
    positions = _readable_positions(root)
    if not paths:
        return spec.schema.empty_table(), positions
    found = duckdb_session().run(QUERIES["surviving"], parameters={"paths": paths})
    rows = found.select(spec.schema.names).cast(spec.schema)
    if spec.name == RAW_EVENTS.name:
        ends = rows.group_by("bucket").aggregate([("log_offset", "max"), ("log_offset", "min")]).to_pylist()
        for each in ends:
            key, floor = position_key(each["bucket"]), low_watermark_key(each["bucket"])
            positions[key] = max(positions.get(key, 0), each["log_offset_max"] + 1)
            if floor not in positions and not _has_beginning(root):
                positions[floor] = each["log_offset_min"]
        floors = pa.array(
            [positions.get(low_watermark_key(bucket), 0) for bucket in rows["bucket"].to_pylist()], pa.int64()
        )
        rows = rows.filter(pa.compute.greater_equal(rows["log_offset"], floors))
    return rows, positions


def _has_beginning(root: Path) -> bool:
    return (root / "_delta_log" / f"{0:020}.json").exists()


def _readable_positions(root: Path) -> dict[str, int]:
    """The highest of each, by entries and checkpoints that can be read."""
    positions: dict[str, int] = {}
    for path in sorted((root / "_delta_log").glob("*.checkpoint*.parquet")):
        try:
            said = pq.read_table(path, columns=["txn"])["txn"].to_pylist()
        except (OSError, ValueError, KeyError):
            continue
        positions |= {each["appId"]: each["version"] for each in said if each}
    for path in sorted((root / "_delta_log").glob("*.json")):
        for line in path.read_bytes().splitlines():
            try:
                action = json.loads(line)
                if "txn" in action:
                    key, version = action["txn"]["appId"], int(action["txn"]["version"])
                    positions[key] = max(positions.get(key, 0), version)
            except (ValueError, KeyError, TypeError):
                continue
    return positions


def mark(lake: Lake, name: str, files: Collection[str]) -> None:
    """Have the next refresh compute a table again, and what is made of it."""
    state = _state(lake)
    marked = state.setdefault("rebuild", {})
    marked[name] = sorted({*marked.get(name, []), *files})
    _keep(lake, state)


def rebuild_marked(lake: Lake, buckets: int) -> list[str]:
    """Empty what is to be computed again, at the start of a refresh. Returns which tables those are, and what of them is lost."""
    marked: dict[str, list[str]] = _state(lake).get("rebuild", {})
    if not marked:
        return []
    sentences, reset = [], dict[str, TableSpec]()
    for name in (each for each in SPECS if each in marked):
        reset |= {spec.name: spec for spec in followers(name)}
        sentences += _take_out(lake, name, marked[name], buckets)
    for spec in reset.values():
        _empty(lake, spec, buckets)
    _keep(lake, {key: value for key, value in _state(lake).items() if key != "rebuild"})
    return [*sentences, f"Computed again, for files were damaged: {', '.join({**marked, **reset})}."]


def _take_out(lake: Lake, name: str, files: Collection[str], buckets: int) -> list[str]:
    """Take the damaged files of a table out, with the positions up to which their rows had come."""
    if name not in (silver.EVENTS.name, silver.QUARANTINE.name, priorities.SCORES.name):
        _empty(lake, SPECS[name], buckets)
        if name == priorities.MEMORY.name:
            _empty(lake, priorities.SCORES, buckets)
        return []
    table = lake.pinned(name)
    if table is None:
        return []
    there = [path for path in files if path in table.sizes()]
    if name == priorities.SCORES.name:
        rows = sum(each["num_records"] for each in _added(table, there))
        table.exchange(there, positions={position_key(bucket): 0 for bucket in range(buckets)})
        return (
            [f"{name}: {rows} scores of {', '.join(there)} are computed again as far as they are of today."]
            if rows
            else []
        )
    return _rewind(lake, table, there)


def _rewind(lake: Lake, table: Pinned, files: Collection[str]) -> list[str]:
    """Have silver read raw again from the first event of damaged files: what it has already is not taken twice."""
    raw, events = lake.open(RAW_EVENTS), lake.open(silver.EVENTS)
    firsts: dict[int, int] = {}
    lost = []
    for each in _added(table, files):
        bucket, first = int(each["partition.bucket"]), int(each["min.log_offset"])
        if first < (floor := raw.position(low_watermark_key(bucket))):
            gap = Gap(bucket, first, min(floor - 1, int(each["max.log_offset"])))
            lost.append(
                f"{table.name}: lost, for raw has let them go: up to {each['num_records']} rows of bucket {bucket}, log_offset {gap.first} to {gap.last}. Restore the backup of the lake."
            )
        firsts[bucket] = min(firsts.get(bucket, first), max(first, floor))
    positions = {
        position_key(bucket): min(first, events.position(position_key(bucket))) for bucket, first in firsts.items()
    }
    if table.name == silver.EVENTS.name:
        table.exchange(files, positions=positions)
    else:
        events.append(events.columns().empty_table(), positions=positions)
        table.exchange(files, positions={})
    return lost


def _added(table: Pinned, files: Collection[str]) -> list[dict[str, Any]]:
    """What the log says of some files."""
    return [each for each in pa.table(table.delta.get_add_actions(flatten=True)).to_pylist() if each["path"] in files]


def _empty(lake: Lake, spec: TableSpec, buckets: int) -> None:
    """A table without rows, which begins from the first event on; scores keep those of days that are over."""
    try:
        table = lake.pinned(spec.name)
    except TableDamaged:
        lake.delete(spec.name)
        table = None
    if table is None:
        return
    if spec is priorities.SCORES:
        table.append(table.columns().empty_table(), positions={position_key(bucket): 0 for bucket in range(buckets)})
    else:
        table.full_refresh(spec)


def check_share(lake: Lake) -> list[TableCheck]:
    """Read a share of all data files, from where the last night stopped, and every log."""
    files = sizes(lake)
    if not files:
        return []
    state, share = _state(lake), math.ceil(sum(size for *_, size in files) / NIGHTS)
    stopped_at = tuple(state.get("checked_up_to", ("", "")))
    following = [each for each in files if each[:2] > stopped_at] + [each for each in files if each[:2] <= stopped_at]
    chosen: dict[str, list[str]] = {}
    for name, path, size in following:
        if share <= 0:
            break
        chosen.setdefault(name, []).append(path)
        state["checked_up_to"], share = [name, path], share - size
    found = verify(lake, is_deep=True, only=chosen)
    _keep(lake, _state(lake) | {"checked_up_to": state["checked_up_to"]})
    return found


def sizes(lake: Lake) -> list[tuple[str, str, int]]:
    """All data files: their table, path and size."""
    return [(name, path, size) for name in lake.names() for path, size in sorted(_sizes(lake, name).items())]


def _sizes(lake: Lake, name: str) -> Mapping[str, int]:
    try:
        pinned = lake.pinned(name)
    except TableDamaged:
        return {}
    return pinned.sizes() if pinned else {}


def is_damage(error: Exception) -> bool:
    """Whether an error may come from a damaged file."""
    if isinstance(error, duckdb.InterruptException):
        return False
    return isinstance(error, TableDamaged | OSError) or type(error).__module__.partition(".")[0] in {
        "_duckdb", "duckdb", "deltalake", "polars", "pyarrow",
    }  # fmt: skip


def is_damage_behind(error: BaseException) -> bool:
    """Likewise of an error that others have wrapped."""
    causes = [error]
    while following := causes[-1].__cause__ or causes[-1].__context__:
        causes.append(following)
    return any(isinstance(each, Exception) and is_damage(each) for each in causes)


def _state(lake: Lake) -> dict[str, Any]:
    try:
        state = json.loads(lake.read_file(STATE))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def _keep(lake: Lake, state: Mapping[str, Any]) -> None:
    lake.write_file(STATE, json.dumps(state).encode())
