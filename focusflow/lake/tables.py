"""The lake: Delta tables in which data and position are one commit, read at a pinned version.

A writer commits through the same pinned version from which it read its position: of two that stand at the same position,
one commit is refused. That is the fence; a lock would only save work. Opening the table again before writing breaks it.
"""

import errno
import itertools
import json
import re
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import unquote, urlsplit

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import (
    CommitProperties,
    DeltaTable,
    PostCommitHookProperties,
    Schema,
    Transaction,
    WriterProperties,
    write_deltalake,
)
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction

from focusflow.database.queries import load_queries
from focusflow.errors import Problem, SetupProblem, StorageFull, Unavailable
from focusflow.identity import MAX_BUCKETS
from focusflow.lake import digests, fsync
from focusflow.object_store import SCHEME, ObjectStore, file_systems, path_of
from focusflow.settings import Settings
from focusflow.storage import FULL_ERRORS

if TYPE_CHECKING:
    from focusflow.lake.store_files import StoreFiles

T = TypeVar("T")

#: Checkpoints and clean-up are our own, so that each can be made durable.
NO_HOOKS = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)


#: Small enough that one user's rows are found without reading a whole file of all users', large enough to be scanned at full speed.
LAYOUT = WriterProperties(max_row_group_size=65_536, data_page_row_count_limit=4_096)


#: After so many commits the log is summed up, so that the next to open the table does not read them one by one: at most so many, at least
#: the other, for writing a checkpoint costs what the table has files.
CHECKPOINT_COMMITS, MOST_CHECKPOINT_COMMITS = 10, 100

#: For each commit between two checkpoints, so many bytes of the digest list, which is rewritten with each.
BYTES_PER_COMMIT = 20_000

#: What compaction makes of small files.
FILE_BYTES = 128 * 1024 * 1024

#: So much of the ends of files is kept.
MOST_CACHED_BYTES = 64 * 1024 * 1024

#: They mean something in an address or a pattern, and deltalake or DuckDB would look elsewhere.
AWKWARD = frozenset("%?#[]*")


LOG_ENTRY = re.compile(r"\d{20}\.json")


#: How deltalake says that the log no longer has what others committed since: it was truncated, so there was another commit.
LOG_GONE = "Invalid table version"

#: How deltalake names what a store refused, or did not answer.
STORE_ERROR = "Generic S3 error"

#: How deltalake names what the operating system refused.
OS_ERROR = re.compile(r"\(os error (\d+)\)")


class CommitConflict(Exception):
    """Another writer moved the table on from this position first. Open it again and look."""


class TableDamaged(Problem):
    """A table of the lake that cannot be read."""

    status = 503

    def __init__(self, table: str, reason: object) -> None:
        text = str(reason).strip().partition("\n")[0].rstrip(".")
        super().__init__(f"The table {table} of the lake is damaged: {text}. Run `focusflow verify --deep --repair`.")
        self.table = table


@contextmanager
def _refusals_of(table: str) -> Iterator[None]:
    """A commit that was refused, in our words. Nothing of it can be seen; what it had written so far is cleared away with old versions."""
    try:
        yield
    except CommitFailedError as error:
        raise CommitConflict(f"{table}: {error}") from error
    except (DeltaError, OSError) as error:
        if problem := _passing_problem(error):
            raise problem from error
        if str(error).startswith(LOG_GONE):
            raise CommitConflict(f"{table}: {error}") from error
        raise


def _passing_problem(error: DeltaError | OSError) -> Unavailable | None:
    """What is wrong with the disk or the store, where that can pass."""
    if STORE_ERROR in str(error):
        reason = str(error).strip().partition("\n")[0].rstrip(".")[:300]
        return Unavailable(
            f"The store of the lake cannot be reached: {reason}. It is tried again. Check FOCUSFLOW_S3_ENDPOINT, the keys and the bucket."
        )
    found = OS_ERROR.search(str(error))
    number = int(found[1]) if found else getattr(error, "errno", None)
    if number in FULL_ERRORS:
        return StorageFull("The disk that the lake lies on is full. It is written again when there is room.")
    if number == errno.EROFS:
        return Unavailable(
            "The disk that the lake lies on cannot be written: it is mounted read-only. Check the disk; landing goes on by itself."
        )
    return None


KEEPS_OPEN = "keeps open"

#: Which version of each table in a store was the newest when this process last asked.
NEWEST = "newest versions"

#: The file of a lake in a store that says that a backup is being restored there, or that a restore was cut off.
RESTORING = "_restoring"

#: Under which name a commit says whose older days a live refresh has put off.
DEFERRED = "deferred"

#: Users whose rows are held back, because they break a rule.
QUARANTINED_USERS = "quarantine/users"

#: Views over the daily table, visible beside it.
DAILY_TABLE = "gold/productivity_daily"
DAILY_VIEWS = load_queries(Path(__file__).with_name("views.sql"))


@dataclass(frozen=True, slots=True)
class TableSpec:
    """What a table of the lake is called, holds, and is divided by."""

    name: str
    schema: pa.Schema
    partition_by: tuple[str, ...]
    is_computed: bool = False  # from other tables alone, so that it may be rebuilt at any time


RAW_EVENTS = TableSpec(
    "raw/events",
    pa.schema(
        [
            pa.field("bucket", pa.int16(), nullable=False),
            pa.field("log_offset", pa.int64(), nullable=False),
            pa.field("id", pa.string()),  # null where the envelope cannot be read; the bytes are kept all the same
            pa.field("type", pa.string()),
            pa.field("recorded_time", pa.timestamp("us", "UTC")),
            pa.field("local_date", pa.date32()),
            pa.field("value", pa.binary(), nullable=False),
        ]
    ),
    ("bucket",),
)


def position_key(bucket: int) -> str:
    """Under which name a table keeps the position up to which it has read a bucket."""
    return f"bucket-{bucket}"


def low_watermark_key(bucket: int) -> str:
    """Under which name raw keeps the position from which on it still has the events of a bucket."""
    return f"kept-{bucket}"


@dataclass(frozen=True, slots=True)
class State:
    """A version of a table. One that was rebuilt from nothing has another id, and the same versions."""

    table_id: str
    version: int


@dataclass(slots=True)
class _Facts:
    """What was read of one version of a table: the log is searched for each."""

    version: int
    positions: dict[str, int] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Pinned:
    """A table as it stood at one version. What it reads does not change under it; what it writes, it writes onto that version."""

    name: str
    delta: DeltaTable
    store: ObjectStore | None = field(default=None, kw_only=True)  # where it is in one
    _known: _Facts = field(default_factory=lambda: _Facts(-1), init=False)
    _is_shared: bool = field(default=False, init=False)  # with others who read the same version
    _lake: "Lake | None" = field(default=None, init=False)  # which keeps tables open

    @property
    def version(self) -> int:
        return self.delta.version()

    @property
    def state(self) -> State:
        return State(self.remembered("id", lambda: str(self.delta.metadata().id)), self.version)

    @property
    def options(self) -> dict[str, str]:
        """How Polars reaches the files."""
        return self.store.options if self.store else {}

    @property
    def partition_by(self) -> list[str]:
        return self.remembered("partition_by", lambda: list(self.delta.metadata().partition_columns))

    @property
    def _facts(self) -> _Facts:
        if self._known.version != self.version:
            self._known = _Facts(self.version)
        return self._known

    def shared(self, lake: "Lake") -> "Pinned":
        """The same version for somebody else. Whoever of them writes opens it for themselves first."""
        other = Pinned(self.name, self.delta, store=self.store)
        other._known, other._is_shared, other._lake = self._facts, True, lake
        return other

    def remembered(self, key: str, find: Callable[[], T]) -> T:
        """What was found out about this version before, or is now."""
        found = self._facts.answers
        if key not in found:
            found[key] = find()
        return found[key]  # type: ignore[no-any-return]

    def own(self) -> None:
        """Before a write, which moves the table on: those who read it as well stay at their version."""
        if self._is_shared:
            options = self.store.delta_options if self.store else None
            self.delta = DeltaTable(self.delta.table_uri, version=self.version, storage_options=options)
            self._is_shared = False

    @property
    def made_at(self) -> datetime:
        """When this version was committed."""
        return datetime.fromtimestamp(self.delta.history(1)[0]["timestamp"] / 1000, UTC)

    def position(self, key: str) -> int:
        """Up to where the work named by the key has been read; 0 when it has not begun."""
        known = self._facts.positions
        if key not in known:
            store = self.store
            found = self.remembered("positions", lambda: self._positions_in(store)) if store else None
            known[key] = self.delta.transaction_version(key) or 0 if found is None else found.get(key, 0)
        return known[key]

    def _positions_in(self, store: ObjectStore) -> dict[str, int] | None:
        """All positions by one look at the log: Delta Lake reads it again for each. None where it is left to that."""
        log, positions = f"{path_of(self.delta.table_uri)}/_delta_log", dict[str, int]()
        try:
            first = 0
            if pointer := store.info(f"{log}/{digests.LAST_CHECKPOINT}"):
                newest = json.loads(store.read(pointer.path))["version"]
                summed_up = pq.read_table(
                    pa.BufferReader(store.read(f"{log}/{newest:020}.checkpoint.parquet")), columns=["txn"]
                )
                positions |= {each["appId"]: each["version"] for each in summed_up["txn"].to_pylist() if each}
                first = newest + 1
            for version in range(first, self.version + 1):
                actions = map(json.loads, store.read(f"{log}/{version:020}.json").splitlines())
                positions |= {each["txn"]["appId"]: each["txn"]["version"] for each in actions if "txn" in each}
        except (FileNotFoundError, ValueError, KeyError):
            return None
        return positions if first <= self.version + 1 else None  # else the checkpoint is of a later version

    def rows(self) -> int:
        """How many there are, by what the log says of the files."""
        return int(self.delta.count())

    def newest(self, column: str) -> datetime | None:
        """The latest moment in a column, by what the log says of the files."""
        files = pa.table(self.delta.get_add_actions(flatten=True))
        name = f"max.{column}"
        moment: datetime | None = pa.compute.max(files[name]).as_py() if name in files.column_names else None
        return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment

    def columns(self) -> pa.Schema:
        return self.remembered("columns", lambda: pa.schema(self.delta.schema().to_arrow()))

    def files(self, where: str | None = None, without: Collection[str] = ()) -> list[str]:
        """The table's files, of those partitions that the condition names, e.g. `bucket = 3 and month >= '2026-01'`; not those `without`."""
        files = self.remembered(f"files {where}", lambda: self._files(where))
        return [each for each in files if not each.endswith(tuple(without))] if without else files

    def _files(self, where: str | None) -> list[str]:
        files = self.delta.file_uris(file_pruning_predicate=where) if where else self.delta.file_uris()
        return [unquote(each) for each in files] if self.delta.table_uri.startswith("file:") else files

    def file(self, path: str) -> str:
        """The whole name of a file, as `files` gives it, by its path in the table."""
        return f"{self.root}/{path}" if self.root else f"{self.delta.table_uri.rstrip('/')}/{path}"

    def opened(self, file: str) -> Any:
        """A data file to read from, by its whole name: what Arrow and Parquet can open."""
        return _files_of(self.store).open(file) if self.store else file

    def size(self, file: str) -> int:
        """The bytes of a data file, by its whole name."""
        return _files_of(self.store).size(file) if self.store else Path(file).stat().st_size

    def sizes(self) -> dict[str, int]:
        """The table's files by their path in it, with their sizes."""
        return self.remembered("sizes", self._sizes)

    def _sizes(self) -> dict[str, int]:
        added = pa.table(self.delta.get_add_actions()).select(["path", "size_bytes"]).to_pydict()
        return dict(zip(map(unquote, added["path"]), added["size_bytes"], strict=True))

    def commit_metadata_since(self, version: int) -> list[dict[str, Any]]:
        """What the commits after a version say of themselves, oldest first."""
        return [
            entry
            for entry in reversed(self.delta.history(max(self.version - version, 0) or None))
            if entry["version"] > version
        ]

    def append(
        self, data: pa.Table, *, positions: Mapping[str, int], metadata: Mapping[str, str] | None = None
    ) -> None:
        self._write(data, positions, metadata, mode="append")

    def replace(
        self, data: pa.Table, *, where: str, positions: Mapping[str, int], metadata: Mapping[str, str] | None = None
    ) -> None:
        """Put rows in the place of those that meet the condition, which names whole partitions."""
        self._write(data, positions, metadata, mode="overwrite", predicate=where)

    def _write(
        self, data: pa.Table, positions: Mapping[str, int], metadata: Mapping[str, str] | None, **how: Any
    ) -> None:
        self.own()
        before = self.version
        commit = CommitProperties(
            app_transactions=[Transaction(key, position) for key, position in positions.items()],
            custom_metadata=dict(metadata) if metadata else None,
            max_commit_retries=20,
        )
        data = data.select(self.columns().names).cast(self.columns())
        with _refusals_of(self.name):
            write_deltalake(
                self.delta, data, commit_properties=commit, post_commithook_properties=NO_HOOKS, writer_properties=LAYOUT, **how
            )  # fmt: skip
        self._fsync_commit(before, positions)

    def exchange(self, removed: Collection[str], data: pa.Table | None = None, *, positions: Mapping[str, int]) -> None:
        """Take files out of the table without reading them, and put rows in their place: one commit."""
        self.own()
        before, divided_by = self.version, self.partition_by
        added = pa.table(self.delta.get_add_actions(flatten=True)).to_pylist()
        commit = CommitProperties(
            app_transactions=[Transaction(key, position) for key, position in positions.items()], max_commit_retries=20
        )
        actions: list[AddAction | RemoveAction] = [
            RemoveAction(
                each["path"], True, fsync.milliseconds(), each["size_bytes"],
                {name: str(each[f"partition.{name}"]) for name in divided_by},
            )
            for each in added if unquote(each["path"]) in removed
        ]  # fmt: skip
        if data is not None and len(data):
            uri, store = self.delta.table_uri, self.store
            actions += [fsync.write_data_file(uri, part, divided_by, store) for part in _divided(data, divided_by)]
        with _refusals_of(self.name):
            self.delta.create_write_transaction(
                actions, "append", self.delta.schema(), partition_by=divided_by,
                commit_properties=commit, post_commithook_properties=NO_HOOKS,
            )  # fmt: skip
        self._fsync_commit(before, positions)

    def full_refresh(self, spec: TableSpec) -> None:
        """A table that an older version divided or computed otherwise: emptied, so that the next load builds it again from the first event."""
        self.own()
        before, known = self.version, filter(self.position, map(position_key, range(MAX_BUCKETS)))
        commit = CommitProperties(app_transactions=[Transaction(key, 0) for key in known])
        write_deltalake(
            self.delta, spec.schema.empty_table(), mode="overwrite", schema_mode="overwrite",
            partition_by=list(spec.partition_by), commit_properties=commit, post_commithook_properties=NO_HOOKS,
        )  # fmt: skip
        self._fsync_commit(before)

    def _fsync_commit(self, before: int, positions: Mapping[str, int] | None = None) -> None:
        known = self._known
        self.delta.update_incremental()
        if positions is not None and (known.version, self.version) == (before, before + 1):  # nobody came between
            self._facts.positions.update({**known.positions, **positions})
        # From the commit before: whoever made it may have been killed before it was forced to disk.
        try:
            fsync.fsync_commit(self.delta.table_uri, range(before, self.version + 1))
        except OSError as error:
            if problem := _passing_problem(error):
                raise problem from error
            raise
        if self._is_checkpoint_due(before):
            self._create_checkpoint()
        if self._lake:
            self._is_shared = True
            self._lake.keep(self)

    def _is_checkpoint_due(self, before: int) -> bool:
        if self.root is None:
            return before // MOST_CHECKPOINT_COMMITS < self.version // MOST_CHECKPOINT_COMMITS
        pause = min(digests.list_bytes(self.root) // BYTES_PER_COMMIT, MOST_CHECKPOINT_COMMITS)
        return self.version - (checkpoint_version(self.root) or 0) >= max(pause, CHECKPOINT_COMMITS)

    def _create_checkpoint(self) -> None:
        with _refusals_of(self.name):
            self.delta.create_checkpoint()
        fsync.fsync_checkpoint(self.delta.table_uri, self.version, self.sizes())

    def forget(self, where: str, *, positions: Mapping[str, int]) -> int:
        """Take away the rows that meet the condition. Returns how many went; versions that hold them stay until they are cleared away."""
        self.own()
        before = self.version
        commit = CommitProperties(
            app_transactions=[Transaction(key, position) for key, position in positions.items()], max_commit_retries=20
        )
        with _refusals_of(self.name):
            done = self.delta.delete(
                where, commit_properties=commit, post_commithook_properties=NO_HOOKS, writer_properties=LAYOUT
            )
        self._fsync_commit(before, positions)
        return int(done["num_deleted_rows"] or 0)

    def compact(self) -> int:
        """Put small files together. Returns how many went into larger ones; readers of older versions find theirs where they were."""
        self.own()
        before = self.version
        with _refusals_of(self.name):
            done = self.delta.optimize.compact(
                target_size=FILE_BYTES,
                max_concurrent_tasks=1,
                post_commithook_properties=NO_HOOKS,
                writer_properties=LAYOUT,
            )
        self._fsync_commit(before)
        return int(done["numFilesRemoved"])

    def checkpoint(self) -> None:
        """Sum the log up, so that opening the table reads one file and the few commits after it; then drop entries of a month ago."""
        self._create_checkpoint()
        before = digests.log_files(self.root) if self.root else set()
        self.delta.cleanup_metadata()
        if self.root:
            digests.forget(self.root, before - digests.log_files(self.root))

    def truncate_log(self) -> int:
        """Sum the log up and delete all older entries at once, for they describe the rows of files that are gone. Returns how many went."""
        self._create_checkpoint()
        if self.store:
            return self._truncate_log_of_store(self.store)
        assert self.root is not None
        log, version = self.root / "_delta_log", self.version
        old = [
            path for path in log.iterdir() if (number := digests.number_of(path.name)) is not None and number < version
        ]
        for path in old:
            path.unlink()
        digests.forget(self.root, [path.name for path in old])
        return len(old)

    def _truncate_log_of_store(self, store: ObjectStore) -> int:
        log = f"{path_of(self.delta.table_uri)}/_delta_log"
        numbers = {each.path: digests.number_of(each.base_name) for each in store.listed(log, is_recursive=False)}
        old = [path for path, number in numbers.items() if number is not None and number < self.version]
        for path in old:
            store.delete(path)
        return len(old)

    @property
    def root(self) -> Path | None:
        """The table's folder, where it lies in one."""
        uri = urlsplit(self.delta.table_uri)
        return Path(unquote(uri.path)) if uri.scheme in ("", "file") else None

    def vacuum(self, hours: int) -> int:
        """Clear away files that no version of so many hours past needs, also those of writers that died. Returns how many."""
        self.own()
        before = self.version
        gone = self.delta.vacuum(
            hours, dry_run=False, enforce_retention_duration=False, full=True, post_commithook_properties=NO_HOOKS
        )
        self._fsync_commit(before)
        return len(gone)

    def scan(self, where: str | None = None, without: Collection[str] = ()) -> str:
        """This version as something DuckDB can select from: explicit columns and types, whatever the files' own say."""
        if without:
            return self._scan(where, without)
        return self.remembered(f"scan {where}", lambda: self._scan(where))

    def _scan(self, where: str | None, without: Collection[str] = ()) -> str:
        schema, files = self.columns(), self.files(where, without)
        partitions = self.partition_by
        if not files:
            nothing = ", ".join(f"null::{duckdb_type(each.type)} as {identifier(each.name)}" for each in schema)
            return f"(select {nothing} where false)"
        listed = ", ".join(quoted(each) for each in files)
        hive = ", ".join(f"{identifier(name)}: {duckdb_type(schema.field(name).type)}" for name in partitions)
        how = f"hive_partitioning = true, hive_types = {{{hive}}}" if hive else "hive_partitioning = false"
        columns = ", ".join(
            f"{identifier(each.name)}::{duckdb_type(each.type)} as {identifier(each.name)}" for each in schema
        )
        read = f"from read_parquet([{listed}], union_by_name = true, {how})"
        if (
            schema.names[-1] not in partitions
        ):  # a column was added later, and all of these files may be older than that
            missing = ", ".join(f"null::{duckdb_type(each.type)} as {identifier(each.name)}" for each in schema)
            read = f"from (select {missing} where false union all by name {read})"
        return f"(select {columns} {read})"


@dataclass(frozen=True, slots=True)
class _Mark:
    """The newest commit of a table, and when and where it was written."""

    version: int
    written_at: int
    inode: int


@dataclass(frozen=True, slots=True)
class _Opened:
    """A table that was opened, to be shared by all who read this version."""

    mark: _Mark
    table: Pinned


@dataclass(frozen=True, slots=True)
class Lake:
    """Where the tables lie: in a folder, or in an object store."""

    location: str
    store: ObjectStore | None = field(default=None, repr=False, compare=False)
    memory: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)  # of one process
    _opened: dict[str, "_Opened"] = field(default_factory=dict, init=False, repr=False, compare=False)
    _earlier: dict[str, "_Opened"] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.store:
            _files_of(self.store)

    @property
    def _options(self) -> dict[str, str] | None:
        return self.store.delta_options if self.store else None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The lake that the settings name."""
        location = settings.lake_location
        if "://" not in location:
            return cls(location)
        if not location.startswith(SCHEME):
            raise SetupProblem(
                f"The lake cannot be kept in {location}. Set FOCUSFLOW_LAKE to a folder, or to s3://bucket/folder."
            )
        return cls(f"{SCHEME}{path_of(location)}", ObjectStore.of(settings))

    def url(self, name: str) -> str:
        return f"{self.location.rstrip('/')}/{name}"

    def pinned(self, name: str, version: int | None = None) -> Pinned | None:
        """The table at its newest version, or another; None as long as nobody wrote to it."""
        mark = self._mark(name, version) if self.memory.get(KEEPS_OPEN) else None
        for opened in (self._opened.get(name), self._earlier.get(name)):
            if mark and opened and opened.mark == mark:
                return opened.table.shared(self)
        table = self._load(name, version)
        if table is None or version is not None or mark is None or mark.version != table.version:
            return table
        self._keep(mark, table)
        return table.shared(self)

    def _load(self, name: str, version: int | None = None) -> Pinned | None:
        try:
            return Pinned(
                name, DeltaTable(self.url(name), version=version, storage_options=self._options), store=self.store
            )
        except TableNotFoundError as error:
            if version is None and self.is_local and any(Path(self.url(name)).glob("_*/*")):
                raise TableDamaged(name, "its log has no beginning") from error
            return None
        except (DeltaError, OSError) as error:
            if problem := _passing_problem(error):
                raise problem from error
            if version is not None:
                return None  # its entries were cleared away
            raise TableDamaged(name, error) from error

    def keep(self, table: Pinned) -> None:
        """What a table has become by a commit of this process need not be read from its log."""
        mark = self._mark(table.name, table.version)
        if mark:
            self._keep(mark, table.shared(self))

    def _keep(self, mark: "_Mark", table: Pinned) -> None:
        if table.name in self._opened:
            self._earlier[table.name] = self._opened[table.name]
        self._opened[table.name] = _Opened(mark, table)

    def keep_open(self) -> None:
        """Open a table again only when it has moved: for a process that stays. It sees no damage to a log that it has read."""
        self.memory[KEEPS_OPEN] = True

    def _mark(self, name: str, version: int | None = None) -> "_Mark | None":
        """Which commit a version is, or the newest, where the table lies in a folder. A number can come twice: after a power cut, or a rebuild."""
        if (version := self.version(name) if version is None else version) is None:
            return None
        if self.store:
            found = self._entry(name, version)
            return _Mark(version, found.mtime_ns, found.size) if found else None
        try:
            entry = digests.log_entry(Path(self.url(name)), version).stat()
        except FileNotFoundError:
            return None  # only a checkpoint knows of it
        return _Mark(version, entry.st_mtime_ns, entry.st_ino)

    def names(self) -> list[str]:
        """The tables that there are."""
        if self.store:
            return self._names_in_store(self.store)
        logs = Path(self.location).glob("*/*/_delta_log")
        return sorted(f"{each.parts[-3]}/{each.parts[-2]}" for each in logs if ".broken" not in each.parts[-2])

    def _names_in_store(self, store: ObjectStore) -> list[str]:
        def folders(path: str) -> list[Any]:
            return [each for each in store.listed(path, is_recursive=False) if not each.is_file]

        tables = (table for layer in folders(path_of(self.location)) for table in folders(layer.path))
        logs = (table.path for table in tables if any(each.base_name == "_delta_log" for each in folders(table.path)))
        return sorted("/".join(path.split("/")[-2:]) for path in logs)

    def version(self, name: str) -> int | None:
        """The newest version of a table, without reading its log where it is known up to where; None as long as there is none."""
        if self.store:
            return self._version_in_store(name)
        log, known = Path(self.url(name)) / "_delta_log", checkpoint_version(Path(self.url(name)))
        if known is not None:  # a folder of a day's commits takes a tenth of a second to list
            return next(
                version for version in itertools.count(known) if not digests.log_entry(log.parent, version + 1).exists()
            )
        try:
            return max((int(each.stem) for each in log.iterdir() if LOG_ENTRY.fullmatch(each.name)), default=None)
        except FileNotFoundError:
            return None

    def _version_in_store(self, name: str) -> int | None:
        """Counted on from the version that was the newest when this was asked before."""
        versions: dict[str, int] = self.memory.setdefault(NEWEST, {})
        known = versions.get(name)
        if (
            known is None or self._entry(name, known) is None
        ):  # it was built again from nothing, or its log was cleared away
            table = self._load(name)
            if table is None:
                return None
            known = table.version
        versions[name] = next(version for version in itertools.count(known) if self._entry(name, version + 1) is None)
        return versions[name]

    def _entry(self, name: str, version: int) -> Any | None:
        """What a store says of a log entry."""
        assert self.store is not None
        return self.store.info(str(digests.log_entry(Path(path_of(self.url(name))), version)))

    def open(self, spec: TableSpec) -> Pinned:
        """The table at its newest version, made now if it is not there. Columns that came since are added, empty in the rows before, unless
        the rows can be recomputed.
        """
        present = self.pinned(spec.name)
        if present is not None:
            is_divided = present.partition_by == list(spec.partition_by)
            if not is_divided or (spec.is_computed and set(present.columns().names) != set(spec.schema.names)):
                present.full_refresh(spec)
            _add_columns(present, spec)
            return present
        if self.is_local and set(self.location) & AWKWARD:
            raise SetupProblem(
                f"The path of the lake, {self.location}, has one of the characters {' '.join(sorted(AWKWARD))} in it, which Delta Lake"
                " cannot write to. Set FOCUSFLOW_LAKE or FOCUSFLOW_HOME to another folder."
            )
        if self.store and self.store.info(path_of(self.url(RESTORING))):
            raise SetupProblem(
                f"A backup is being restored to {self.location}, or that was cut off. Wait for it, or run `focusflow restore` again."
            )
        try:
            if self.is_local:
                Path(self.url(spec.name)).mkdir(parents=True, exist_ok=True, mode=0o700)
            DeltaTable.create(
                self.url(spec.name),
                Schema.from_arrow(spec.schema),
                mode="ignore",
                partition_by=list(spec.partition_by),
                storage_options=self._options,
            )
        except OSError as error:
            if self.store:
                raise _passing_problem(error) or error from error
            raise SetupProblem(
                f"The lake {self.location} cannot be written ({error.strerror}). Set FOCUSFLOW_LAKE to another place."
            ) from error
        except DeltaError:
            if self.pinned(spec.name) is None:  # else somebody made it at the same moment
                raise
        created = self.pinned(spec.name)
        assert created is not None
        fsync.fsync_commit(created.delta.table_uri, range(created.version + 1))
        return created

    @property
    def is_local(self) -> bool:
        return "://" not in self.location

    def delete(self, name: str) -> None:
        """Delete a table with all its files."""
        if self.store:
            self.store.delete_folder(path_of(self.url(name)))
        else:
            shutil.rmtree(self.url(name))

    def read_file(self, name: str) -> bytes:
        """A small file beside the tables; FileNotFoundError where there is none."""
        return self.store.read(path_of(self.url(name))) if self.store else Path(self.url(name)).read_bytes()

    def write_file(self, name: str, content: bytes) -> None:
        """Write it as a whole."""
        if self.store:
            self.store.write(path_of(self.url(name)), content)
            return
        fresh = Path(self.url(name)).with_suffix(".tmp")
        fresh.write_bytes(content)
        fresh.replace(self.url(name))

    def repair(self, names: Iterable[str]) -> list[str]:
        """Undo the newest commits that a power cut left broken, and say which. Their positions go with them, so the work is done again."""
        return [
            sentence for name in names if self.is_local for sentence in fsync.drop_broken_commits(Path(self.url(name)))
        ]


def checkpoint_version(root: Path) -> int | None:
    """The version that the newest checkpoint of a table in a folder sums up, where it has one."""
    try:
        return int(json.loads((root / "_delta_log" / digests.LAST_CHECKPOINT).read_bytes())["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # there is none, or it is damaged: the log says the same


def newest_event(lake: Lake) -> datetime | None:
    """When the newest event was recorded that has landed."""
    raw = lake.pinned(RAW_EVENTS.name)
    return raw.newest("recorded_time") if raw else None


def _divided(data: pa.Table, by: Sequence[str]) -> Iterator[pa.Table]:
    """The rows of each partition."""
    for values in data.select(by).group_by(by).aggregate([]).to_pylist():
        part = data
        for name, value in values.items():
            part = part.filter(pc.equal(part[name], pa.scalar(value, part.schema.field(name).type)))
        yield part


def _add_columns(table: Pinned, spec: TableSpec) -> None:
    known = set(table.columns().names)
    new = pa.schema([field for field in spec.schema if field.name not in known])
    if len(new):
        table.own()
        before = table.version
        table.delta.alter.add_columns(Schema.from_arrow(new).fields, post_commithook_properties=NO_HOOKS)
        table.delta.update_incremental()
        fsync.fsync_commit(table.delta.table_uri, range(before, table.version + 1))


def duckdb_connection(memory_limit: str = "2GB", temp_directory: str | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB that speaks UTC, spills instead of dying, and never reaches for the network."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set autoinstall_known_extensions = false")
    connection.execute("set autoload_known_extensions = false")
    connection.execute("set enable_progress_bar = false")
    # Where DuckDB expects few rows on the left, it plans an asof join as a nested loop. It expects wrongly behind an unnest.
    connection.execute("set asof_loop_join_threshold = 0")
    connection.execute(f"set memory_limit = {quoted(memory_limit)}")
    if temp_directory:
        connection.execute(f"set temp_directory = {quoted(temp_directory)}")
    let_read_store(connection)
    return connection


def let_read_store(connection: duckdb.DuckDBPyConnection) -> None:
    """Let a connection read the store whose lake this process opened last, where there is one."""
    for each in file_systems[-1:]:
        connection.register_filesystem(each)


def _files_of(store: ObjectStore) -> "StoreFiles":
    from focusflow.lake.store_files import open_files  # loads what a lake in a folder does not need

    return open_files(store)


def trim_cache(connection: duckdb.DuckDBPyConnection) -> None:
    """Forget what DuckDB has read of the ends of files, of which a process that stays sees new ones all day; nothing else makes it."""
    cached = "select coalesce(sum(memory_usage_bytes), 0), current_setting('memory_limit') from duckdb_memory() where tag = 'OBJECT_CACHE'"
    ((size, limit),) = connection.execute(cached).fetchall()
    if size > MOST_CACHED_BYTES:
        with suppress(duckdb.OutOfMemoryException):  # it frees what it can
            connection.execute(f"set memory_limit = '{MOST_CACHED_BYTES // 4} bytes'")
        connection.execute(f"set memory_limit = {quoted(limit)}")


def show(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[Pinned], where: Mapping[str, str] | None = None
) -> None:
    """Make tables visible as `layer.table`, each at its pinned version, narrowed to the partitions that `where` names for it; and
    with the daily table the views over it.
    """
    for table in tables:
        layer, _, name = table.name.partition("/")
        connection.execute(f"create schema if not exists {layer}")
        connection.execute(
            f"create or replace view {layer}.{name} as select * from {table.scan((where or {}).get(table.name))}"
        )
    if any(table.name == DAILY_TABLE for table in tables):
        for name, query in DAILY_VIEWS.items():
            connection.execute(f"create or replace view gold.{name} as {query}")


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as one in SQL, also where it is a word of the language."""
    return '"' + name.replace('"', '""') + '"'


def duckdb_type(type_: pa.DataType) -> str:
    """
    >>> duckdb_type(pa.list_(pa.string()))
    'VARCHAR[]'
    """
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        return f"{duckdb_type(type_.value_type)}[]"
    if pa.types.is_timestamp(type_):
        return "TIMESTAMPTZ" if type_.tz else "TIMESTAMP"
    return DUCKDB_TYPES[str(type_)]


def arrow_type(name: str) -> pa.DataType:
    """The Arrow type of a column, by the name of its type in SQL. A time of day is kept as text, for Delta knows no such type.

    >>> arrow_type("BIGINT[]")
    ListType(list<item: int64>)
    """
    return pa.list_(arrow_type(name[:-2])) if name.endswith("[]") else ARROW_TYPES[name]


ARROW_TYPES = {
    "VARCHAR": pa.string(), "TIME": pa.string(), "BLOB": pa.binary(), "BOOLEAN": pa.bool_(), "SMALLINT": pa.int16(), "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(), "DATE": pa.date32(), "TIMESTAMPTZ": pa.timestamp("us", "UTC"),
}  # fmt: skip

DUCKDB_TYPES = {
    "string": "VARCHAR", "large_string": "VARCHAR", "string_view": "VARCHAR", "binary": "BLOB", "large_binary": "BLOB", "bool": "BOOLEAN",
    "int16": "SMALLINT", "int32": "INTEGER", "int64": "BIGINT", "float": "REAL", "double": "DOUBLE", "date32[day]": "DATE",
}  # fmt: skip
