"""Whoever reads while tables are rebuilt sees each as one refresh left it: by SQL on the lake, in the file for tools, and in Postgres."""

import hashlib
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta

import duckdb
import psycopg
import pytest

from focusflow.lake.tables import duckdb_connection, show
from models.serving.registry import Registry
from pipelines.engine import build, catalog, daily, priorities, publish_tables
from tests.conftest import BUCKETS, add_user
from tests.integration.pipelines.busy import Busy
from tests.integration.pipelines.conftest import SampleUser
from tests.sizes import sized

GOLD = (daily.DAILY.name, *(table.spec.name for table in build.TABLES), priorities.SCORES.name)
MONTHS = (date(2026, 3, 10), date(2026, 4, 10), date(2026, 5, 10))
REBUILDS = sized(1, 6)

#: Readers leave the machine to the rebuild for some times as long as they looked.
REST = 6

#: What one look tells of each table.
Look = Mapping[str, str]
Reader = Callable[[], Look]


class Watch:
    """Readers in a loop, and what they saw."""

    def __init__(self) -> None:
        self.looks: dict[str, list[Look]] = defaultdict(list)
        self.errors: list[BaseException] = []
        self.over = threading.Event()

    def read(self, name: str, reader: Reader) -> None:
        while not self.over.is_set():
            begun = time.monotonic()
            try:
                self.looks[name].append(reader())
            except BaseException as error:  # noqa: BLE001 (whatever it is, nobody should see it)
                self.errors.append(error)
                return
            self.over.wait(REST * (time.monotonic() - begun))

    @contextmanager
    def on(self, readers: Mapping[str, Reader]) -> Iterator[None]:
        self.over.clear()
        threads = [threading.Thread(target=self.read, args=each) for each in readers.items()]
        for each in threads:
            each.start()
        try:
            yield
        finally:
            self.over.set()
            for each in threads:
                each.join(60)


def as_text(rows: object) -> str:
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def seen(connection: duckdb.DuckDBPyConnection, tables: Sequence[str] = GOLD) -> dict[str, str]:
    """The gold tables that a connection shows, in short."""
    return {
        name: as_text(connection.execute(f"from {name.replace('/', '.')} order by all").fetchall()) for name in tables
    }


@pytest.fixture
def readers(world, tmp_path, database_url) -> dict[str, Reader]:
    def by_sql() -> Look:
        """As `focusflow sql` does."""
        with duckdb_connection() as connection:
            catalog.create_views(world.lake, connection)
            return seen(connection)

    def by_file() -> Look:
        with duckdb.connect(str(tmp_path / "catalog.duckdb"), read_only=True) as connection:
            return seen(connection)

    def by_api() -> Look:
        """A table in one statement, as the API reads it."""
        with psycopg.connect(database_url) as connection:
            rows = """select day, key, row::text from published_rows where table_name = %(name)s
                      union all select day, key, row::text from published_product where table_name = %(name)s order by 1, 2, 3"""
            return {
                each.name: as_text(connection.execute(rows, {"name": each.name}).fetchall())
                for each in publish_tables.TABLES
            }

    return {"sql": by_sql, "file": by_file, "api": by_api}


@pytest.mark.timeout(240)
def test_who_reads_during_rebuilds_sees_every_table_as_one_refresh_left_it(
    world, tmp_path, database, database_url, readers
):
    """Each rebuild writes all tables again, with a day changed in each of three months: part of one, or of two, was none of those that were whole."""
    ada = SampleUser(since="2026-03-02 08:00", id_=add_user(database))
    busy = Busy(ada, "2026-03-02")
    busy.every(9, date(2026, 3, 3), date(2026, 5, 20))
    busy.goal_reached("2026-05-19 12:00")
    ada.task("2026-05-19 12:00")
    as_of = ada.moment("2026-05-20 12:00")
    registry, file = Registry(tmp_path / "models"), tmp_path / "catalog.duckdb"

    def refresh(moment: datetime) -> None:
        world.refresh(moment)
        for table in build.TABLES:
            build.load_incremental(world.lake, world.session, table, BUCKETS, moment)
        priorities.score_open_tasks(world.lake, world.session, BUCKETS, moment, registry)
        catalog.write(world.lake, file)
        publish_tables.publish(world.lake, world.session, database, BUCKETS)

    def whole() -> dict[str, Look]:
        return {name: reader() for name, reader in readers.items()}

    world.land(ada.events)
    refresh(as_of)
    versions = {table: world.lake.version(table) for table in GOLD}
    states, watch = [whole()], Watch()
    for number in range(1, REBUILDS + 1):
        world.land([event for day in MONTHS for event in busy.day(day, at=12 + number)])
        with watch.on(readers):
            refresh(as_of + timedelta(hours=number))
        states.append(whole())
    for table in GOLD:  # also what was there too shortly for a reader to be there: a version is what anybody can see
        for version in range(versions[table], world.lake.version(table) + 1):
            show(world.views, [world.lake.pinned(table, version=version)])
            assert seen(world.views, [table])[table] in {state["sql"][table] for state in states}, (
                table,
                version,
            )
    assert watch.errors == []
    of_apps = tuple(table for table in GOLD if table.startswith("gold/app_user"))  # whose users this lake has none of
    assert all(world.rows(table) for table in GOLD if table not in of_apps)
    for name, looks in watch.looks.items():
        for table in states[0][name]:
            assert {look[table] for look in looks} <= {state[name][table] for state in states}, (name, table)
    assert watch.looks.keys() == readers.keys()
    assert all(
        look in [state["file"] for state in states] for look in watch.looks["file"]
    )  # all of its tables are of one refresh
