"""What is published is what the lake has, whoever publishes at once and whoever reads meanwhile."""

import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest

from focusflow import clock
from focusflow.database.session import Database, Role
from focusflow.lake.session import duckdb_session
from pipelines.engine import daily, publish_tables
from tests.conftest import BUCKETS
from tests.integration.api.published import busy_life, life_of, made
from tests.sizes import sized

pytestmark = pytest.mark.usefixtures("nothing_published_yet")

#: Of people and of the product, by month and as a whole: each kind of table.
EACH_KIND = ("task_flow_daily", "task_outcomes", "feature_usage", "app_activity")


def test_only_what_differs_is_written(me, published):
    now = clock.now()
    assert published(busy_life(me), as_of=now, tables=EACH_KIND) > 50
    assert published(as_of=now, tables=EACH_KIND) == 0
    late = life_of(me)
    late.events.clear()
    late.task(now - timedelta(days=1))
    assert 0 < published(late, as_of=now, tables=EACH_KIND) < 20


def published_rows(database):
    """Everything that is published, in text."""
    rows = """select table_name, user_id::text, day, key, row::text from published_rows
              union all select table_name, null, day, key, row::text from published_product order by 1, 2, 3, 4"""
    with database.owner() as connection:
        return [tuple(row.values()) for row in connection.execute(rows)]


def publish_all_rows(world, database):
    """As the first publication of a day does: every row is compared."""
    with database.owner() as connection:
        connection.execute("update publications set lake_version = 0")
    return publish_tables.publish(world.lake, world.session, database, BUCKETS)


def test_changes_alone_make_what_a_comparison_of_all_rows_makes(me, world, database, published):
    now = clock.now()
    history = busy_life(me)
    published(history, as_of=now, tables=EACH_KIND)
    history.events.clear()
    history.task(now - timedelta(days=12), due_date=(now - timedelta(days=11)).date().isoformat())  # a late event
    made(world, history, as_of=now, tables=EACH_KIND)
    # Rows that a table has no more, in files of which others stay.
    days = world.lake.open(daily.DAILY)
    days.forget(f"local_date = '{(now - timedelta(days=4)).date()}'", positions={})
    assert publish_tables.publish(world.lake, world.session, database, BUCKETS) > 0
    by_changes = published_rows(database)
    assert publish_all_rows(world, database) == 0
    assert by_changes == published_rows(database)


def test_what_is_published_of_a_table_that_was_rebuilt_is_compared_row_by_row(me, world, database, published):
    now = clock.now()
    published(busy_life(me), as_of=now)
    with database.owner() as connection:  # of another table that had the same versions
        connection.execute("update published_rows set row = '{}' where table_name = 'productivity_daily'")
        connection.execute("update publications set as_of = as_of - interval '1 microsecond'")
    late = life_of(me)
    late.events.clear()
    late.task(now)
    published(late, as_of=now)
    assert publish_all_rows(world, database) == 0


def test_only_files_that_a_table_gained_are_read(me, world, database, published):
    """A file that both versions have could not even be opened."""
    now = clock.now()
    history = busy_life(me)
    published(history, as_of=now)
    history.events.clear()
    history.task(now)
    made(world, history, as_of=now)
    table = next(each for each in publish_tables.TABLES if each.full_name == daily.DAILY.name)
    gold = world.lake.open(daily.DAILY)
    with database.transaction(Role.REPORTING) as tx:
        known = tx.one("select lake_version from publications where table_name = %(name)s", {"name": table.name})
    kept = gold.sizes().keys() & world.lake.pinned(gold.name, version=known["lake_version"]).sizes().keys()
    assert kept
    for path in kept:
        (gold.root / path).unlink()
    assert 0 < publish_tables.publish(world.lake, world.session, database, BUCKETS, [table]) < 10


def test_two_that_publish_at_once_leave_what_one_would(me, world, database, database_url, published):
    now = clock.now()
    history = busy_life(me)
    published(history, as_of=now)
    history.events.clear()
    history.task(now)
    made(world, history, as_of=now)

    def publish():
        with duckdb_session() as session, Database(database_url, connections=1) as own:
            publish_tables.publish(world.lake, session, own, BUCKETS)

    others = [threading.Thread(target=publish) for _ in range(2)]
    for each in others:
        each.start()
    for each in others:
        each.join(60)
    by_both = published_rows(database)
    assert publish_all_rows(world, database) == 0
    assert by_both == published_rows(database)


PUBLICATIONS = sized(2, 10)


def test_nobody_sees_half_of_a_publication(me, world, database, published):
    """Weeks come and go with each publication; who reads in a loop, while it goes on, sees all of one or all of the other."""
    history, now = busy_life(me), clock.now()
    published(history, as_of=now)
    path, seen = "/analytics/productivity?granularity=day", set()

    def read(stop):
        while not stop.is_set():
            items = me.call("GET", path).json()["items"]
            seen.add(
                (
                    len(items),
                    len({item["tasks_open"] for item in items[-1:]}),
                    sum(item["tasks_created"] for item in items),
                )
            )

    for _ in range(PUBLICATIONS):
        more = life_of(me)
        more.events.clear()
        for days_ago in (3, 2, 1):  # three days change at once
            more.task(clock.now() - timedelta(days=days_ago))
        made(world, more, as_of=clock.now())
        with reading(read):
            publish_tables.publish(world.lake, world.session, database, BUCKETS)
    created = {total for _, _, total in seen}
    assert created <= {11 + 3 * n for n in range(PUBLICATIONS + 1)}
    assert len(created) > 1


@contextmanager
def reading(read):
    """Two readers, for as long as the block takes."""
    stop = threading.Event()
    readers = [threading.Thread(target=read, args=(stop,)) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        yield
    finally:
        stop.set()
        for reader in readers:
            reader.join(20)
