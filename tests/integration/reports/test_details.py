"""What a report tells by name is the user's own, as it was at the end of the period."""

from datetime import UTC, date, datetime, timedelta

import pytest
from psycopg.types.json import Jsonb

from focusflow import clock
from focusflow.clock import Period
from focusflow.database.rows import insert_row
from focusflow.database.session import Role
from focusflow.database.tables import goals, habit_logs, habits, milestones, tasks
from focusflow.identity import new_id
from reports.insights.writer import Evidence, Remark
from reports.periods.content import build_report
from reports.periods.details import Details, Goal, Habit, Hour, Task, gather_details
from reports.periods.facts import User
from reports.render import render_report
from tests.conftest import add_user
from tests.sizes import dice, sized

WEEK = Period.week_of(date(2026, 11, 9))
EVIL = '<script>alert("x")</script> 😀 ' + "long" * 120


@pytest.fixture
def ada(database):
    return User(add_user(database, "UTC"), "Ada", "UTC", 0)


@pytest.fixture
def save(database, ada):
    def saved(table, **fields):
        with database.transaction(Role.API, ada.id) as tx:
            return insert_row(tx, table, {"id": new_id(), **fields})["id"]

    return saved


@pytest.fixture
def publish(database, ada):
    """What the pipeline published of a table."""

    def put(table, day, key, **row):
        with database.transaction(Role.REPORTING) as tx:
            tx.run(
                "insert into published_rows (user_id, table_name, day, key, row) values (%(u)s, %(t)s, %(d)s, %(k)s, %(r)s)",
                {"u": ada.id, "t": table, "d": day, "k": key, "r": Jsonb(row)},
            )

    return put


def found(database, ada, *, is_latest=True):
    return gather_details(database, ada, WEEK, is_latest=is_latest)


def test_nobody_with_nothing_has_details(database, ada):
    assert found(database, ada) == Details()


def test_a_goal_tells_where_it_is_what_was_gained_and_where_it_goes(database, ada, save, publish):
    id_ = save(goals, title="Read 24 books", target_date=date(2026, 12, 31), progress=99)
    publish("goal_progress", WEEK.first - timedelta(days=1), str(id_), progress=40.0, ahead=-1.0)
    forecast = {"forecast_p10": "2026-12-20", "forecast_p90": "2027-03-01"}
    publish("goal_progress", WEEK.last, str(id_), progress=44.0, ahead=-12.0, **forecast)
    publish("goal_progress", WEEK.last + timedelta(days=1), str(id_), progress=60.0, ahead=0.0)
    goal = Goal("Read 24 books", 44.0, 4.0, -12.0, date(2026, 12, 31), date(2026, 12, 20), date(2027, 3, 1))
    assert found(database, ada).goals == (goal,)


def test_habits_tell_how_often_and_how_long(database, ada, save):
    walk = save(habits, title="Walk", start_date=date(2026, 11, 1))
    for day in (5, 6, 10, 11, 12, 14, 15, 16):
        save(habit_logs, habit_id=walk, local_date=date(2026, 11, day), skipped=False)
    save(habit_logs, habit_id=walk, local_date=date(2026, 11, 13), skipped=True)
    assert found(database, ada).habits == (Habit("Walk", 5, 5, 5, "days"),)


def test_hours_are_the_fullest_of_the_period(database, ada, publish):
    for day, hour, minutes in ((9, 9, 30.0), (10, 9, 20.0), (10, 14, 40.0), (10, 20, 5.0), (20, 6, 60.0)):
        publish("time_daily", date(2026, 11, day), f"{hour}//focus", hour_of_day=hour, minutes=minutes)
    assert found(database, ada).hours == (Hour(9, 50.0), Hour(14, 40.0))


def test_what_to_begin_with_goes_by_rank_with_the_strongest_reasons_and_only_beside_the_latest_time(
    database, ada, save
):
    reasons = '[{"code":"a","text":"due today","points":40},{"code":"b","text":"pinned","points":10},{"code":"c","text":"old","points":1}]'
    ids = {}
    for rank, title in ((2, "Second"), (1, "First")):
        ids[title] = task = save(tasks, title=title)
        with database.transaction(Role.SCORING) as tx:
            tx.run(
                "insert into priority_scores (user_id, task_id, score, rank, reasons, model_version, as_of)"
                " values (%(u)s, %(t)s, 50, %(r)s, %(why)s, 'x', %(now)s)",
                {"u": ada.id, "t": task, "r": rank, "why": reasons, "now": tx.now},
            )
    assert found(database, ada).next == tuple(
        Task(title, "due today, pinned", str(ids[title])) for title in ("First", "Second")
    )
    assert found(database, ada, is_latest=False).next == ()


def test_what_slipped_is_what_was_due_by_the_end_and_is_open_first_of_this_time(database, ada, save):
    save(tasks, title="Long ago", due_date=WEEK.first - timedelta(days=20))
    save(tasks, title="This week", due_at=datetime(2026, 11, 12, 9, tzinfo=UTC))
    save(tasks, title="On its last day", due_date=WEEK.last)
    save(tasks, title="Next week", due_date=WEEK.last + timedelta(days=1))
    save(tasks, title="Done", due_date=WEEK.first, status="completed")
    titles = [(task.title, task.due.day) for task in found(database, ada).slipped]
    assert set(titles[:2]) == {("This week", 12), ("On its last day", 15)}
    assert titles[2:] == [("Long ago", 20)]
    assert found(database, ada, is_latest=False).slipped == ()


@pytest.mark.parametrize("seed", range(sized(6, 60)))
def test_only_what_is_due_by_now_has_slipped_inside_and_outside_of_the_period(database, seed):
    draw = dice(seed)
    timezone = draw.choice(["UTC", "Pacific/Kiritimati", "America/St_Johns", "Europe/Berlin"])
    ada = User(add_user(database, timezone), "Ada", timezone, 0)
    since, until = WEEK.bounds(timezone)
    now = since + draw.uniform(0, 10) * timedelta(days=1)
    today = clock.local_date(now, timezone)
    expected = set()
    for n in range(12):
        moment = now + draw.choice([draw.uniform(-9, 9), draw.uniform(-0.1, 0.1), 0]) * timedelta(days=1)
        is_date = draw.random() < 0.5
        day = clock.local_date(moment, timezone)
        due = {"due_date": day} if is_date else {"due_at": moment}
        with database.transaction(Role.API, ada.id) as tx:
            insert_row(tx, tasks, {"id": new_id(), "title": f"{n}", **due})
        if (day <= WEEK.last and day < today) if is_date else (moment < until and moment <= now):
            expected.add(f"{n}")
    slipped = gather_details(database, ada, WEEK, is_latest=True, now=now).slipped
    assert len(slipped) == min(4, len(expected))
    assert {task.title for task in slipped} <= expected


def test_a_running_week_breaks_no_streak_before_its_days_have_come(database, ada, save):
    walk = save(habits, title="Walk", start_date=date(2026, 11, 1))
    save(habits, title="Not begun", start_date=date(2026, 11, 14))
    for day in range(1, 12):
        save(habit_logs, habit_id=walk, local_date=date(2026, 11, day), skipped=False)
    wednesday = datetime(2026, 11, 11, 20, tzinfo=UTC)
    found = gather_details(database, ada, WEEK, is_latest=True, now=wednesday).habits
    assert found == (Habit("Walk", 3, 11, 11, "days"),)


def test_what_was_reached_in_the_period_is_named(database, ada, save):
    at = datetime(2026, 11, 12, 9, tzinfo=UTC)
    goal = save(goals, title="Move house", status="completed", completed_at=at)
    save(milestones, goal_id=goal, title="Find a van", status="completed", completed_at=at - timedelta(days=1))
    save(milestones, goal_id=goal, title="Long ago", status="completed", completed_at=at - timedelta(days=9))
    with database.owner() as connection:
        connection.execute(
            "insert into earned_achievements select user_id, 'goals_completed-1', completed_at + interval '1 hour' from goals where id = %s",
            [goal],
        )
    assert found(database, ada).reached == (
        ("achievement", "The first goal completed"),
        ("goal", "Move house"),
        ("milestone", "Find a van"),
    )


def test_nothing_of_another_user_is_shown(database, ada, save):
    save(goals, title="Mine", completed_at=datetime(2026, 11, 12, 9, tzinfo=UTC))
    assert found(database, User(add_user(database), "Eve", "UTC", 0)) == Details()


def test_titles_are_text_in_every_form(facts):
    details = Details(
        goals=(Goal(EVIL, 50.0, 1.0, 2.0, None, None, None),),
        habits=(Habit(EVIL, 1, 1, 1, "days"),),
        next=(Task(EVIL + "\nBcc: x", "due today"),),
        reached=(("goal", EVIL),),
    )
    remark = Remark(text=EVIL[:300], evidence=[Evidence(metric="tasks_completed", value=1)])
    made = render_report(build_report(facts, details, [remark]))
    assert "<script" not in made.html
    assert made.html.count("😀") == 6  # what is next also stands in the preheader
    assert "\nBcc" not in made.text


def test_a_report_can_be_only_some_of_its_parts(facts):
    report = build_report(facts, Details(habits=(Habit("Walk", 1, 1, 1, "days"),), hours=(Hour(9, 50.0),))).only(
        ["habits", "days"]
    )
    assert [part.name for part in report.parts] == ["habits"]
    assert (report.lines, len(report.bars)) == ((), 7)
