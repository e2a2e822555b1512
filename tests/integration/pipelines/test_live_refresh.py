"""A live refresh follows single users: it comes to what a full one comes to, leaves everybody else's rows alone, and puts off what is long ago."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from focusflow.lake.tables import Lake
from models.serving.registry import Registry
from pipelines.engine import build, catalog, changed_users, checks, daily, deferrals, descriptions, priorities
from pipelines.engine.publish_tables import publish
from pipelines.engine.refresh import Refresh
from tests.conftest import BUCKETS, add_user
from tests.integration.pipelines.conftest import SampleUser
from tests.sizes import dice, sized

MORNING = datetime(2026, 3, 4, 9, tzinfo=UTC)
BY_USER = [table.spec.name for table in build.TABLES if not table.pause]


class Home:
    """A lake and a database, refreshed by one process that stays."""

    def __init__(self, world, database, folder):
        self.world, self.database, self.folder = world, database, folder

    def user(self):
        return SampleUser("UTC", "2026-03-02 08:00", add_user(self.database, "UTC"))

    def lands(self, user):
        self.world.land(user.events)
        user.events.clear()

    def refresh(self, as_of, *, is_live=True):
        refresh = Refresh(
            self.world.lake, self.world.session, self.database, BUCKETS, as_of, Registry(self.folder / "models"),
            self.folder / "catalog.duckdb", is_live=is_live,
        )  # fmt: skip
        for _ in refresh.run():
            pass

    def scores(self, user):
        with self.database.owner() as connection:
            rows = connection.execute(
                "select task_id, score, rank, reasons, as_of from priority_scores where user_id = %s order by rank",
                [user.id],
            ).fetchall()
        return [
            row | {"score": round(row["score"], 9), "reasons": [point | {"points": round(point["points"], 9)} for point in json.loads(row["reasons"])]}
            for row in rows
        ]  # fmt: skip

    def rows(self, table):
        """As an analyst sees them, the last digits of sums aside."""
        return [
            {name: round(value, 6) if isinstance(value, float) else value for name, value in row.items()}
            for row in self.world.rows(table)
        ]


def calls(monkeypatch, module, name, place):
    """What a function is called with at a place, from here on."""
    given, function = [], getattr(module, name)

    def noted(*values, **named):
        given.append(values[place])
        return function(*values, **named)

    monkeypatch.setattr(module, name, noted)
    return given


@pytest.fixture
def home(world, database, tmp_path):
    return Home(world, database, tmp_path)


def test_a_live_refresh_computes_what_a_full_one_computes(home):
    ada, bob = home.user(), home.user()
    first = ada.task(MORNING - timedelta(hours=20), due_date=MORNING.date())
    bob.task(MORNING - timedelta(hours=20))
    home.lands(ada)
    home.lands(bob)
    home.refresh(MORNING, is_live=False)
    of_bob = home.scores(bob)
    ada.task(MORNING + timedelta(minutes=1))
    first.completed(MORNING + timedelta(minutes=2))
    ada.time(MORNING - timedelta(days=1), MORNING - timedelta(days=1) + timedelta(minutes=25))
    home.lands(ada)
    as_of = MORNING + timedelta(minutes=3)
    home.refresh(as_of)
    live, of_ada = {name: home.rows(name) for name in (daily.DAILY.name, *BY_USER)}, home.scores(ada)
    assert home.scores(bob) == of_bob
    assert [each["as_of"] for each in of_ada] == [as_of]

    with home.database.owner() as connection:
        connection.execute("delete from publications")
    assert publish(Lake(home.world.lake.location), home.world.session, home.database, BUCKETS) == 0
    for table in build.TABLES:
        home.world.lake.open(table.spec).full_refresh(table.spec)
    home.refresh(as_of, is_live=False)
    assert {name: home.rows(name) for name in live} == live
    assert home.scores(ada) == of_ada


def happens(draws, user, habit, at):
    """Something that one does in an app."""
    match draws.choice(["created", "created", "completed", "reopened", "deleted", "focused", "logged"]):
        case "created":
            user.task(
                at, due_date=at.date() + timedelta(days=draws.randrange(-1, 3)), priority=draws.choice(["low", "high"])
            )
        case "completed":
            draws.choice(user.tasks).completed(at)
        case "reopened":
            draws.choice(user.tasks).reopened(at)
        case "deleted":
            if len(user.tasks) > 1:
                user.tasks.pop(draws.randrange(len(user.tasks))).deleted(at)
        case "focused":
            started = at - timedelta(hours=draws.randrange(1, 60))
            user.time(started, started + timedelta(minutes=draws.randrange(5, 90)))
        case "logged":
            user.log(habit, f"{at.date() - timedelta(days=draws.randrange(3))}")


def test_random_events_that_are_followed_live_come_to_what_a_rebuild_comes_to(home):
    draws, as_of = dice(17), MORNING
    users = [home.user() for _ in range(3)]
    habits = [user.habit("2026-03-02 09:00", frequency="daily") for user in users]
    for user in users:
        user.task(MORNING - timedelta(hours=20))
        home.lands(user)
    home.refresh(MORNING, is_live=False)
    for _ in range(sized(8, 60)):
        as_of += draws.choice([timedelta(minutes=2), timedelta(minutes=5), timedelta(minutes=50), timedelta(hours=9)])
        for user, habit in draws.sample(list(zip(users, habits, strict=True)), draws.randrange(1, 3)):
            for number in range(draws.randrange(1, 4)):
                happens(draws, user, habit, as_of - timedelta(seconds=30 - number))
            home.lands(user)
        home.refresh(as_of)
    live = {name: home.rows(name) for name in (daily.DAILY.name, *BY_USER)}

    with home.database.owner() as connection:
        connection.execute("delete from publications")
    assert publish(Lake(home.world.lake.location), home.world.session, home.database, BUCKETS) == 0
    for spec in (daily.DAILY, *(table.spec for table in build.TABLES)):
        home.world.lake.open(spec).full_refresh(spec)
    home.refresh(as_of, is_live=False)
    assert {name: home.rows(name) for name in live} == live


def test_scores_that_a_killed_refresh_did_not_publish_are_published_by_the_next(home):
    ada, bob = home.user(), home.user()
    for user in (ada, bob):
        user.task(MORNING - timedelta(hours=20))
        home.lands(user)
    home.refresh(MORNING, is_live=False)
    ada.task(MORNING + timedelta(minutes=1))
    home.lands(ada)
    as_of = MORNING + timedelta(minutes=2)
    home.world.load_silver()
    home.world.load_histories()
    priorities.score_open_tasks(
        home.world.lake, home.world.session, BUCKETS, as_of, Registry(home.folder / "models"), is_live=True
    )
    home.world.lake = Lake(home.world.lake.location)  # the next process knows nothing
    home.refresh(as_of + timedelta(minutes=1))
    assert len(home.scores(ada)) == 2
    assert [each["as_of"] for each in home.scores(bob)] == [MORNING]


def test_days_of_long_ago_wait_while_the_newest_of_all_others_come_at_once(home):
    ada, bob = home.user(), home.user()
    for user in (ada, bob):
        user.task(MORNING - timedelta(hours=20))
        home.lands(user)
    home.refresh(MORNING, is_live=False)
    old = datetime(2021, 5, 3, 9, tzinfo=UTC)
    entry = ada.new("time_entry", kind="focus", started_at=old, ended_at=old + timedelta(minutes=25))
    entry.happens("logged", MORNING + timedelta(minutes=1))
    bob.task(MORNING + timedelta(minutes=1))
    home.lands(ada)
    home.lands(bob)
    home.refresh(MORNING + timedelta(minutes=2))
    assert home.world.days(bob)["2026-03-04"]["tasks_created"] == 1
    assert "2026-03-04" in home.world.days(ada)
    assert "2021-05-03" not in home.world.days(ada)
    assert set(deferrals.known(home.world.lake.open(daily.DAILY))) == {str(ada.id)}

    done = MORNING + timedelta(minutes=3) + deferrals.PAUSE
    for minutes in (0, 6):  # the daily table first, then those that follow it
        home.refresh(done + timedelta(minutes=minutes))
    assert home.world.days(ada)["2021-05-03"]["focus_minutes"] == 25
    assert deferrals.known(home.world.lake.open(daily.DAILY)) == {}
    monthly = {(row["user_id"], f"{row['first_day']}"): row for row in home.world.rows("gold/productivity_monthly")}
    assert monthly[str(ada.id), "2021-05-01"]["focus_minutes"] == 25


def test_deferred_days_are_computed_by_a_refresh_that_is_not_live(home):
    ada = home.user()
    ada.task(MORNING - timedelta(hours=20))
    home.lands(ada)
    home.refresh(MORNING, is_live=False)
    old = datetime(2021, 5, 3, 9, tzinfo=UTC)
    entry = ada.new("time_entry", kind="focus", started_at=old, ended_at=old + timedelta(minutes=25))
    entry.happens("logged", MORNING + timedelta(minutes=1))
    home.lands(ada)
    home.refresh(MORNING + timedelta(minutes=2))
    home.refresh(MORNING + timedelta(minutes=3), is_live=False)
    assert home.world.days(ada)["2021-05-03"]["focus_minutes"] == 25
    assert deferrals.known(home.world.lake.open(daily.DAILY)) == {}


def test_a_live_refresh_opens_no_table_whose_inputs_are_the_same(home, monkeypatch):
    ada = home.user()
    ada.task(MORNING - timedelta(hours=20))
    home.lands(ada)
    home.refresh(MORNING, is_live=False)
    ada.task(MORNING + timedelta(minutes=1))
    home.lands(ada)
    computed = calls(monkeypatch, build, "compute", 2)
    checked = calls(monkeypatch, checks, "_counted_and_recorded", 2)
    written = calls(monkeypatch, catalog, "write", 1)
    home.refresh(MORNING + timedelta(seconds=30))
    names = {table.name for table in computed}
    assert "task_outcomes" in names
    assert not {"goal_completion", "goal_progress", "habit_streaks", "app_activity", "uplift"} & names
    assert checked == []  # only the rows of one user were read
    assert written == []
    computed.clear()
    home.refresh(MORNING + timedelta(seconds=40))
    assert computed == []


def test_a_row_that_breaks_a_rule_is_found_by_a_live_refresh(home):
    ada, bob = home.user(), home.user()
    for user in (ada, bob):
        user.task(MORNING - timedelta(hours=20))
        home.lands(user)
    home.refresh(MORNING, is_live=False)
    outcomes = home.world.lake.open(descriptions.table("gold/task_outcomes").spec)
    completed = f"if(user_id = '{ada.id}', 'completed', status)"
    corrupt = f"select * replace ({completed} as status) from {outcomes.scan()}"
    rows = home.world.session.connection.sql(corrupt).to_arrow_table()
    said = changed_users.note({str(ada.id): MORNING.date()})
    outcomes.replace(rows, where="true", positions={}, metadata=said)
    home.refresh(MORNING + timedelta(minutes=1))
    quarantined = home.world.rows("quarantine/users")
    assert {(row["user_id"], row["rule"]) for row in quarantined} == {(str(ada.id), "completed_without_a_moment")}
