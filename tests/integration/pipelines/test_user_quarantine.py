"""Users whose rows break a rule are held back by themselves: all other users' numbers are published, and theirs as soon as they are right."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from focusflow.clock import Period
from focusflow.errors import Conflict
from focusflow.lake.tables import Pinned
from models.serving.registry import Registry
from pipelines.engine import build, daily, user_quarantine
from pipelines.engine.refresh import Refresh
from reports.periods import facts
from tests.conftest import BUCKETS, add_user
from tests.integration.pipelines.conftest import SampleUser, World

#: Early on a day in UTC: in New York it is still yesterday.
BEGINNING = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


class Home:
    """A lake and a database, with the refreshes over both."""

    def __init__(self, world: World, database, folder: Path) -> None:
        self.world, self.database, self.folder = world, database, folder

    def user(self) -> SampleUser:
        return SampleUser("UTC", BEGINNING, add_user(self.database, "UTC"))

    def refresh(self, as_of: datetime, from_day: date | None = None) -> None:
        refresh = Refresh(
            self.world.lake, self.world.session, self.database, BUCKETS, as_of, Registry(self.folder / "models"),
            self.folder / "catalog.duckdb", from_day,
        )  # fmt: skip
        for _ in refresh.run():
            pass

    def lands(self, user: SampleUser) -> None:
        self.world.land(user.events)
        user.events.clear()

    def published(self, user: SampleUser) -> dict[tuple[str, str, str], str]:
        """Every row that the API has of somebody, in all tables."""
        with self.database.owner() as connection:
            rows = connection.execute(
                "select table_name, day::text as day, key, row::text as row from published_rows where user_id = %s",
                [user.id],
            ).fetchall()
            scores = connection.execute(
                "select task_id::text as key, as_of::text as row from priority_scores where user_id = %s", [user.id]
            ).fetchall()
        found = {(row["table_name"], row["day"], row["key"]): row["row"] for row in rows}
        return found | {("priority_scores", "", row["key"]): row["row"] for row in scores}

    def corrupt(self, table: Pinned, where: str, **values: str) -> None:
        """Put other values into some rows of a table."""
        changes = ", ".join(f"if({where}, {value}, {name}) as {name}" for name, value in values.items())
        rows: pa.Table = self.world.session.run(f"select * replace ({changes}) from {table.scan()}")
        table.replace(rows, where="true", positions={})

    def violations(self) -> dict[str, set[str]]:
        """Which rules which user is in quarantine for."""
        found: dict[str, set[str]] = {}
        for each in user_quarantine.violations(self.world.lake, self.world.session):
            found.setdefault(each.user_id, set()).add(f"{each.table_name} {each.rule}")
        return found


@pytest.fixture
def home(world, database, tmp_path) -> Home:
    return Home(world, database, tmp_path)


def test_one_users_broken_rows_hold_back_that_user_alone_until_they_are_right(home):
    ada, bob = home.user(), home.user()
    # Registered in UTC and moved to where it is still yesterday; the event of the move carries the zone that it ends.
    ada.account.happens("updated", BEGINNING + timedelta(minutes=5), timezone="America/New_York")
    ada.timezone = "America/New_York"
    for user in (ada, bob):
        user.task(BEGINNING + timedelta(minutes=10))
        home.lands(user)
    home.refresh(BEGINNING + timedelta(hours=1))
    assert home.violations() == {}
    good = home.published(ada)
    assert ("productivity_daily", "2026-03-01", "") in good
    assert ("productivity_daily", "2026-03-02", "") in home.published(bob)
    assert any(table == "priority_scores" for table, *_ in good)

    days = home.world.lake.open(daily.DAILY)
    home.corrupt(days, f"user_id = '{ada.id}' and local_date = date '2026-03-01'", tasks_created="-1::bigint")
    for user in (ada, bob):
        user.task(datetime(2026, 3, 4, 12, tzinfo=UTC))
        home.lands(user)
    home.refresh(datetime(2026, 3, 4, 13, tzinfo=UTC))
    assert home.violations() == {
        str(ada.id): {
            "gold.productivity_daily tasks_created_out_of_range",
            "gold.task_flow_daily creations_that_the_days_do_not_have",
        }
    }
    assert home.published(ada) == good
    assert ("productivity_daily", "2026-03-04", "") in home.published(bob)
    with duckdb.connect(str(home.folder / "catalog.duckdb"), read_only=True) as catalog:
        assert catalog.execute("select distinct user_id from gold.productivity_daily").fetchall() == [(str(bob.id),)]
        assert catalog.execute("select distinct user_id from quarantine.users").fetchall() == [(str(ada.id),)]
    week = Period.between(date(2026, 3, 2), date(2026, 3, 4))
    with pytest.raises(facts.NotComputed, match="held back"):
        facts.gather(home.world.lake, BUCKETS, facts.User(ada.id, "Ada", "America/New_York", 0), week)
    assert facts.gather(home.world.lake, BUCKETS, facts.User(bob.id, "Bob", "UTC", 0), week).days

    # Nothing has happened since but that her days are computed again.
    home.refresh(datetime(2026, 3, 4, 13, 10, tzinfo=UTC), from_day=date(2026, 3, 1))
    assert home.violations() == {}
    now = home.published(ada)
    assert ("productivity_daily", "2026-03-04", "") in now
    assert len([key for key in now if key[0] == "priority_scores"]) == 2


def test_a_rule_that_no_user_in_particular_breaks_stops_all(home):
    ada, bob = home.user(), home.user()
    home.lands(ada)
    home.lands(bob)
    as_of = BEGINNING + timedelta(days=10)
    home.refresh(as_of)
    good = home.published(bob)
    assert good
    days = home.world.lake.open(daily.DAILY)
    home.corrupt(days, "true", activity_events=f"if(user_id = '{ada.id}', -1, 5)::bigint")
    (activity,) = (table for table in build.TABLES if table.name == "app_activity")
    home.corrupt(home.world.lake.open(activity.spec), "true", dau="99::bigint")
    with pytest.raises(Conflict, match="more in less time") as refused:
        home.refresh(as_of)
    assert "activity events out of range" not in str(refused.value)
    assert home.published(bob) == good
