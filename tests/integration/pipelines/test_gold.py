"""The gold tables beyond the daily one, counted by hand. 2026-03-02 is a Monday."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest

from focusflow.clock import zone
from focusflow.identity import new_id
from focusflow.lake.session import scans
from focusflow.lake.tables import duckdb_connection
from pipelines.engine import build, descriptions, table_inputs
from pipelines.engine.checks import counts_of, judge, sample_of
from pipelines.engine.rules import rules_of
from pipelines.reference.days import usual_range
from tests.conftest import BUCKETS
from tests.integration.pipelines.conftest import SampleUser, needed_for

# Great Expectations imports them while it is loaded.
pytestmark = pytest.mark.filterwarnings("ignore:module 'sre_\\w+' is deprecated:DeprecationWarning")


@pytest.fixture
def made(world):
    """Lands what happened to users and makes gold tables as seen from a moment: each, with those that it reads, once it is asked for."""
    kept = set()

    def make(*users, as_of, every=False):
        for user in users:
            world.land(user.events)
        moment = datetime.fromisoformat(as_of).replace(tzinfo=zone(users[0].timezone if users else "Europe/Berlin"))
        world.refresh(moment)
        made_now = set()

        def build_tables(names):
            for table in build.TABLES:
                if table.spec.name in names and table.spec.name not in made_now:
                    made_now.add(table.spec.name)
                    build.load_incremental(world.lake, world.session, table, BUCKETS, moment)
            kept.update(made_now)

        build_tables({each.spec.name for each in build.TABLES} if every else kept)

        def rows(name, **wanted):
            build_tables(needed_for(f"gold/{name}"))
            found = world.rows(f"gold/{name}")
            return [row for row in found if all(row[column] == value for column, value in wanted.items())]

        return rows

    return make


def test_a_week_is_the_sum_of_its_days_and_begins_where_the_user_has_it_begin(made):
    ada = SampleUser(since="2026-03-01 08:00", week_start=6)
    for day in ("01", "02", "07", "08"):
        ada.task(f"2026-03-{day} 09:00").completed(f"2026-03-{day} 10:00")
    rows = made(ada, as_of="2026-03-09 12:00")
    weeks = rows("productivity_weekly")
    assert [(str(week["first_day"]), week["tasks_completed"], week["is_complete"]) for week in weeks] == [
        ("2026-03-01", 3, True),
        ("2026-03-08", 1, False),
    ]
    (month,) = rows("productivity_monthly")
    assert (month["tasks_completed"], month["days"], str(month["final_day"])) == (4, 9, "2026-03-31")
    assert month["tasks_completed_trend"] == "running"


def test_another_first_day_of_the_week_divides_all_weeks_again(made):
    ada = SampleUser(since="2026-03-02 08:00")
    rows = made(ada, as_of="2026-05-12 12:00")
    assert {week["first_day"].weekday() for week in rows("productivity_weekly")} == {0}
    ada.events.clear()
    ada.account.happens("updated", "2026-05-12 12:10", week_start=6)
    weeks = made(ada, as_of="2026-05-12 12:20")("productivity_weekly")
    assert {week["first_day"].weekday() for week in weeks} == {6}
    assert sum(week["days"] for week in weeks) == len(rows("productivity_daily"))


def completions_by_week(user, counts, first=date(2026, 3, 4)):
    """So many completions on a day of each week, from Wednesday 2026-03-04 on."""
    for week, count in enumerate(counts):
        day = first + timedelta(weeks=week)
        for number in range(count):
            user.task(f"{day} 09:{number:02}").completed(f"{day} 10:{number:02}")


def test_a_trend_word_is_earned(made):
    ada = SampleUser(since="2026-03-02 08:00")
    completions_by_week(ada, [5, 6, 4, 5, 7, 5, 6, 12, 5, 1])
    weeks = made(ada, as_of="2026-05-12 12:00")("productivity_weekly")
    assert [week["tasks_completed_trend"] for week in weeks] == [
        *["too_little_data"] * 6, "usual", "higher", "usual", "lower", "running",
    ]  # fmt: skip
    eighth = weeks[7]
    assert (eighth["tasks_completed_usual_low"], eighth["tasks_completed_usual_high"]) == (4, 7)
    assert weeks[5]["tasks_completed_usual_low"] is None


def test_a_vacation_is_not_lower_than_usual_and_lowers_no_range_after_it(made):
    ada = SampleUser(since="2026-03-02 08:00")
    completions_by_week(ada, [5, 6, 4, 5, 7, 5, 0, 5, 3])
    ada.new("day_off", first_date="2026-04-13", last_date="2026-04-19").happens("created", "2026-04-01 09:00")
    ada.new("day_off", first_date="2026-04-30", last_date="2026-05-02").happens("created", "2026-04-01 09:00")
    weeks = made(ada, as_of="2026-05-05 12:00")("productivity_weekly")
    trends = [week["tasks_completed_trend"] for week in weeks]
    assert trends == [*["too_little_data"] * 6, "days_off", "usual", "usual", "running"]
    vacation, after, short = weeks[6:9]
    assert (vacation["days_off"], vacation["habit_rate"], vacation["tasks_completed_usual_low"]) == (7, None, None)
    assert after["tasks_completed_usual_low"] == 4  # the least of the six weeks before the vacation, not nothing
    assert short["tasks_completed_usual_low"] <= 3  # four of seven days


def test_the_score_of_a_week_is_the_mean_of_the_days_that_are_over(made):
    ada = SampleUser(since="2026-03-02 08:00")
    ada.task("2026-03-02 08:30")
    for day in range(3, 6):
        ada.task(f"2026-03-0{day} 09:00")
    rows = made(ada, as_of="2026-03-05 12:00")
    scores = [row["productivity_score"] for row in rows("productivity_daily")]
    (week,) = rows("productivity_weekly")
    assert scores[-1] is not None
    assert week["days_with_score"] == 2
    assert week["productivity_score"] == pytest.approx(sum(scores[1:3]) / 2)


def test_an_even_pace_rests_on_days_off(made):
    ada = SampleUser(since="2026-03-01 08:00")
    goal = ada.new("goal", title="Book", created_at=ada.moment("2026-03-01 09:00"), target_date="2026-03-11")
    goal.happens("created", "2026-03-01 09:00", progress=0, status="active")
    ada.new("day_off", first_date="2026-03-03", last_date="2026-03-07").happens("created", "2026-03-02 07:00")
    rows = made(ada, as_of="2026-03-09 12:00")("goal_progress")
    assert [row["expected_progress"] for row in rows] == [0, 20, 20, 20, 20, 20, 20, 40, 60]


@pytest.mark.parametrize(
    "earlier",
    [
        [1, 2, 3, 4, 5],
        [1, 2, 3, 4, 5, 6],
        [3] * 8,
        [3] * 7 + [4] * 2,
        [0] * 6,
        [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9],
        [5, 9, 0, 40, 2, 7, 8],
    ],
)
def test_the_usual_range_is_that_of_the_reference(earlier):
    connection = duckdb_connection()
    connection.execute(table_inputs.MACROS)
    found = connection.execute(
        "select usual_low(e), usual_high(e) from (select ?::double[] as e)", [earlier]
    ).fetchall()
    assert found == [pytest.approx(usual_range(earlier), abs=2e-6) if len(earlier) >= 6 else (None, None)]


@pytest.mark.parametrize(("low", "high", "fewest", "most"), [(1.25, 8.75, 2, 8), (3, 3, 3, 3), (0.3, 0.9, 0, 1)])
def test_the_usual_range_of_counts_holds_whole_numbers(low, high, fewest, most):
    connection = duckdb_connection()
    connection.execute(table_inputs.MACROS)
    assert connection.execute("select fewest(?, ?), most(?, ?)", [low, high] * 2).fetchall() == [(fewest, most)]


def test_a_table_that_an_older_computation_made_is_built_again(made, world):
    ada = SampleUser(since="2026-03-02 08:00")
    completions_by_week(ada, [5, 6])
    made(ada, as_of="2026-03-17 12:00")
    weekly = next(table for table in build.TABLES if table.name == "productivity_weekly")
    as_of = datetime(2026, 3, 17, 12, tzinfo=UTC)
    older = replace(weekly, toml={**weekly.toml, "computation": 1})
    assert build.load_incremental(world.lake, world.session, older, BUCKETS, as_of) == 3
    assert build.load_incremental(world.lake, world.session, older, BUCKETS, as_of) == 0
    assert build.load_incremental(world.lake, world.session, weekly, BUCKETS, as_of) == 3


def test_the_week_in_which_a_user_registered_is_no_measure(made):
    ada = SampleUser(since="2026-03-05 08:00")  # a Thursday
    completions_by_week(ada, [0, 5, 5, 5, 5, 5, 5, 5])
    weeks = made(ada, as_of="2026-04-28 12:00")("productivity_weekly")
    assert [week["tasks_completed_trend"] for week in weeks[:8]] == [*["too_little_data"] * 7, "usual"]


def test_what_became_of_a_task(made):
    ada = SampleUser()
    task = ada.task("2026-03-02 09:00", due_at=ada.moment("2026-03-03 12:00"), estimated_minutes=30)
    task.happens("updated", "2026-03-02 10:00", status="in_progress")
    task.completed("2026-03-03 09:00")
    task.reopened("2026-03-03 10:00")
    task.completed("2026-03-03 15:00")
    (row,) = made(ada, as_of="2026-03-04 12:00")("task_outcomes")
    assert (row["status"], row["times_reopened"], row["estimated_minutes"]) == ("completed", 1, 30)
    assert (row["lead_hours"], row["cycle_hours"], row["hours_late"]) == (30, 29, 3)
    assert (str(row["created_on"]), str(row["completed_on"]), str(row["due_on"])) == (
        "2026-03-02",
        "2026-03-03",
        "2026-03-03",
    )


def test_what_was_taken_back_of_a_task_is_not_there(made):
    ada = SampleUser()
    due = {"due_at": ada.moment("2026-03-03 12:00"), "category_id": ada.id, "estimated_minutes": 30}
    task = ada.task("2026-03-02 09:00", **due)
    task.completed("2026-03-02 10:00")
    task.reopened("2026-03-02 11:00")
    task.happens("updated", "2026-03-02 12:00", **dict.fromkeys(due))
    put_away = ada.task("2026-03-02 09:00")
    put_away.completed("2026-03-02 10:00")
    put_away.reopened("2026-03-02 11:00")
    put_away.happens("archived", "2026-03-02 12:00", status="archived")
    rows = made(ada, as_of="2026-03-04 12:00")("task_outcomes")
    assert sorted((row["status"], row["completed_at"], row["lead_hours"]) for row in rows) == [
        ("archived", None, None),
        ("pending", None, None),
    ]
    assert {(row["due_on"], row["category_id"], row["estimated_minutes"]) for row in rows} == {(None, None, None)}


def test_time_spent_on_a_task_is_what_it_took_unless_minutes_are_entered(made):
    ada = SampleUser()
    timed, said = ada.task("2026-03-02 09:00"), ada.task("2026-03-02 09:00", actual_minutes=5)
    for task in (timed, said):
        entry = ada.new(
            "time_entry",
            task_id=task.id,
            started_at=ada.moment("2026-03-02 10:00"),
            ended_at=ada.moment("2026-03-02 10:40"),
        )
        entry.happens("logged", "2026-03-02 10:40")
        task.completed("2026-03-02 11:00")
    rows = made(ada, as_of="2026-03-03 12:00")("task_outcomes")
    assert {row["task_id"]: row["actual_minutes"] for row in rows} == {str(timed.id): 40, str(said.id): 5}
    assert {row["started_at"] for row in rows} == {ada.moment("2026-03-02 10:00").astimezone(UTC)}


def test_tasks_flow_by_priority_as_it_was_then(made):
    ada = SampleUser()
    task = ada.task("2026-03-02 09:00", priority="low", due_date="2026-03-03")
    task.happens("updated", "2026-03-04 09:00", priority="high")
    task.completed("2026-03-05 09:00")
    flow = made(ada, as_of="2026-03-06 12:00")("task_flow_daily")
    assert [
        (str(row["local_date"])[-2:], row["priority"], row["created"], row["completed"], row["open"], row["overdue"])
        for row in flow
    ] == [
        ("02", "low", 1, 0, 1, 0),
        ("03", "low", 0, 0, 1, 1),
        ("04", "high", 0, 0, 1, 1),
        ("05", "high", 0, 1, 0, 0),
    ]
    assert flow[-1]["median_lead_hours"] == 72


def test_what_is_overdue_is_so_for_days_and_for_their_tasks_by_priority(made):
    ada = SampleUser()
    ada.task("2026-03-02 09:00", due_date="2026-03-03")
    ada.task("2026-03-02 09:00", due_at=ada.moment("2026-03-04 10:00"))
    ada.task("2026-03-02 09:00", due_at=ada.moment("2026-03-04 15:00"))
    ada.task("2026-03-02 09:00", due_date="2026-03-04")
    rows = made(ada, as_of="2026-03-04 12:00")
    overdue = [row["overdue"] for row in rows("task_flow_daily")]
    assert overdue == [0, 1, 2]
    assert overdue == [row["tasks_overdue"] for row in rows("productivity_daily")][1:]


def test_time_lies_in_the_hours_of_the_wall_clock(made):
    """In Kathmandu, a quarter before the hour; and through the night in which Berlin has three o'clock instead of two."""
    mira = SampleUser("Asia/Kathmandu")
    mira.time("2026-03-02 23:50", "2026-03-03 00:20")
    ada = SampleUser("Europe/Berlin")
    ada.time(datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC))
    rows = made(mira, ada, as_of="2026-03-30 12:00")
    of_mira = rows("time_daily", user_id=str(mira.id))
    assert [(str(row["local_date"]), row["hour_of_day"], row["minutes"]) for row in of_mira] == [
        ("2026-03-02", 23, 10),
        ("2026-03-03", 0, 20),
    ]
    assert [(row["hour_of_day"], row["minutes"]) for row in rows("time_daily", user_id=str(ada.id))] == [
        (1, 30),
        (3, 30),
    ]


def test_an_hour_lies_where_the_user_lived_at_that_moment(made):
    """Logged in Berlin in the morning, moved to Tokyo in the evening; and what is written down of a time before the account."""
    ada = SampleUser("Europe/Berlin")
    ada.time("2026-03-02 09:00", "2026-03-02 10:00")
    early = ada.new(
        "time_entry", kind="manual", started_at=ada.moment("2026-02-20 14:00"), ended_at=ada.moment("2026-02-20 15:00")
    )
    early.happens("logged", "2026-03-02 11:00")
    ada.moves("Asia/Tokyo", "2026-03-02 20:00")
    ada.time("2026-03-03 09:00", "2026-03-03 10:00")
    meeting(ada, "2026-03-03 16:00", "2026-03-03 17:00")
    rows = made(ada, as_of="2026-03-04 12:00")
    assert [(str(row["local_date"]), row["hour_of_day"], row["minutes"]) for row in rows("time_daily")] == [
        ("2026-02-20", 14, 60),
        ("2026-03-02", 9, 60),
        ("2026-03-03", 9, 60),
    ]
    load = [(str(row["local_date"]), row["hour_of_day"]) for row in rows("calendar_load") if row["meetings"]]
    assert load == [("2026-03-03", 16)]


def test_on_the_first_day_in_the_far_east_time_has_its_date(made):
    mere = SampleUser("Pacific/Auckland", since="2026-03-02 08:00")
    mere.time("2026-03-02 09:00", "2026-03-02 10:00")
    (row,) = made(mere, as_of="2026-03-03 12:00")("time_daily")
    assert (str(row["local_date"]), row["hour_of_day"]) == ("2026-03-02", 9)


def test_the_hour_that_comes_twice_can_hold_two(made):
    ada = SampleUser("Europe/Berlin")
    ada.time(datetime(2026, 10, 25, 0, 0, tzinfo=UTC), datetime(2026, 10, 25, 2, 0, tzinfo=UTC))
    (row,) = made(ada, as_of="2026-10-26 12:00")("time_daily")
    assert (row["hour_of_day"], row["minutes"]) == (2, 120)


def meeting(user, start, end, **fields):
    event = user.new("calendar_event", title="Meeting", start_at=user.moment(start), end_at=user.moment(end), **fields)
    event.happens("created", "2026-03-01 09:00")
    return event


def test_busy_minutes_count_once_and_conflicts_are_seen(made):
    ada = SampleUser()
    meeting(ada, "2026-03-02 09:30", "2026-03-02 10:30")
    meeting(ada, "2026-03-02 10:00", "2026-03-02 11:00")
    meeting(ada, "2026-03-02 12:00", "2026-03-02 13:00", busy=False)
    meeting(ada, "2026-03-02 14:00", "2026-03-02 15:00").happens("deleted", "2026-03-01 10:00")
    load = made(ada, as_of="2026-03-03 12:00")("calendar_load")
    assert [(row["hour_of_day"], row["busy_minutes"], row["meetings"], row["conflicts"]) for row in load] == [
        (9, 30, 1, 0),
        (10, 60, 1, 1),
        (11, 0, 0, 0),
    ]


def test_of_two_that_begin_at_once_one_is_in_the_way(made):
    ada = SampleUser()
    for _ in range(2):
        meeting(ada, "2026-03-02 10:00", "2026-03-02 12:00")
    load = made(ada, as_of="2026-03-03 12:00")("calendar_load")
    assert [(row["hour_of_day"], row["conflicts"]) for row in load if row["busy_minutes"]] == [(10, 1), (11, 1)]


def test_in_the_quarter_in_which_a_user_moves_each_minute_lies_where_it_was(made):
    """And who moves twice at one moment lives where they said last."""
    ada = SampleUser("Europe/Berlin")
    for zone_name in ("America/New_York", "Asia/Tokyo"):
        ada.moves(zone_name, datetime(2026, 3, 2, 9, 5, tzinfo=UTC))
    span = {"start_at": datetime(2026, 3, 2, 9, 0, tzinfo=UTC), "end_at": datetime(2026, 3, 2, 9, 15, tzinfo=UTC)}
    ada.new("calendar_event", title="Call", **span).happens("created", "2026-03-02 18:20")
    ada.time(span["start_at"], span["end_at"])
    rows = made(ada, as_of="2026-03-03 12:00")
    hours = [(10, 5), (18, 10)]
    assert [(row["hour_of_day"], row["busy_minutes"]) for row in rows("calendar_load") if row["busy_minutes"]] == hours
    assert [(row["hour_of_day"], row["minutes"]) for row in rows("time_daily")] == hours


def test_an_hour_or_more_that_is_free_between_the_hours_of_work_is_a_block(made):
    ada = SampleUser()
    for start, end in (
        ("08:30", "09:30"),
        ("10:30", "11:00"),
        ("10:00", "12:01"),
        ("13:00", "15:00"),
        ("19:00", "20:00"),
    ):
        meeting(ada, f"2026-03-02 {start}", f"2026-03-02 {end}")
    meeting(ada, "2026-03-29 01:00", "2026-03-29 04:30")  # three o'clock comes after two, and the day is free
    rows = made(ada, as_of="2026-03-30 12:00")("calendar_load")
    blocks = [
        (str(row["local_date"])[-2:], row["hour_of_day"], row["busy_minutes"]) for row in rows if row["free_blocks"]
    ]
    assert blocks == [("02", 15, 0), ("29", 9, 0)]  # from 12:01 on it is 59 minutes


def test_an_estimate_that_was_filled_in_afterwards_is_none(made):
    ada = SampleUser()
    task = ada.task("2026-03-02 09:00", actual_minutes=60)
    task.completed("2026-03-02 10:00")
    task.happens("updated", "2026-03-02 11:00", estimated_minutes=60)
    corrected = ada.task("2026-03-02 09:00", estimated_minutes=30, actual_minutes=60)
    corrected.completed("2026-03-02 10:00")
    corrected.happens("updated", "2026-03-02 11:00", estimated_minutes=60)
    everything = made(ada, as_of="2026-03-03 12:00")("estimate_accuracy", category_id="*")
    assert [(row["tasks"], row["factor"]) for row in everything] == [(1, pytest.approx(2 ** (1 / 6)))]


def test_recurring_meetings_load_each_of_their_days_some_weeks_ahead(made):
    ada = SampleUser(since="2026-03-01 08:00")
    meeting(ada, "2026-03-02 10:30", "2026-03-02 11:30", rrule="FREQ=WEEKLY;BYDAY=MO")
    meeting(ada, "2026-03-09 11:00", "2026-03-09 12:00")
    load = made(ada, as_of="2026-03-10 12:00")("calendar_load")
    assert [
        (str(row["local_date"]), row["hour_of_day"], row["busy_minutes"], row["conflicts"])
        for row in load
        if str(row["local_date"]) < "2026-03-17" and row["busy_minutes"]
    ] == [
        ("2026-03-02", 10, 30, 0),
        ("2026-03-02", 11, 30, 0),
        ("2026-03-09", 10, 30, 0),
        ("2026-03-09", 11, 60, 1),
        ("2026-03-16", 10, 30, 0),
        ("2026-03-16", 11, 30, 0),
    ]
    assert str(load[-1]["local_date"]) == "2026-04-13"


def test_a_goal_is_held_against_an_even_pace(made):
    ada = SampleUser()
    goal = ada.new(
        "goal",
        title="Read",
        created_at=ada.moment("2026-03-02 09:00"),
        start_date="2026-03-01",
        target_date="2026-03-11",
        progress=0,
        status="active",
    )
    goal.happens("created", "2026-03-02 09:00")
    goal.happens("progressed", "2026-03-04 09:00", progress=50)
    goal.happens(
        "completed", "2026-03-06 09:00", progress=100, status="completed", completed_at=ada.moment("2026-03-06 09:00")
    )
    rows = made(ada, as_of="2026-03-09 12:00")("goal_progress")
    assert [
        (str(row["local_date"])[-2:], row["progress"], row["expected_progress"], row["status"]) for row in rows
    ] == [
        ("02", 0, 10, "active"),
        ("03", 0, 20, "active"),
        ("04", 50, 30, "active"),
        ("05", 50, 40, "active"),
        ("06", 100, 50, "completed"),
    ]
    assert rows[2]["ahead"] == 20


def test_when_a_goal_is_reached_is_forecast_from_the_weeks_before(made):
    """By hand: weeks of 10, 0, 20 and 10 have a mean of 10 and a slope of 2, of which noise leaves .68; so the pace is 11.0 now and grows by
    4.79 a week, and the missing 60 take 3.21 weeks.
    """
    ada = SampleUser(since="2026-03-02 08:00")
    goal = ada.new("goal", title="Read", created_at=ada.moment("2026-03-02 09:00"), target_date="2026-05-11")
    goal.happens("created", "2026-03-02 09:00", progress=0, status="active")
    for day, progress in (("03-05", 10), ("03-19", 30), ("03-30", 40)):
        goal.happens("progressed", f"2026-{day} 09:00", progress=progress)
    rows = {str(row["local_date"]): row for row in made(ada, as_of="2026-03-30 12:00")("goal_progress")}
    now = rows["2026-03-30"]
    assert [str(now[f"forecast_p{p}"]) for p in (10, 50, 90)] == ["2026-04-11", "2026-04-22", "2026-06-12"]
    assert now["probability_on_time"] == pytest.approx(0.750, abs=0.001)
    assert now["progress_28_days"] == 40
    young = rows["2026-03-22"]  # two whole weeks
    assert (young["forecast_p50"], young["probability_on_time"], young["progress_28_days"]) == (None, None, None)


def test_what_was_added_goes_by_dates_also_across_days_that_have_no_row(made):
    ada = SampleUser(since="2026-01-01 08:00")
    goal = ada.new("goal", title="Read", created_at=ada.moment("2026-01-05 09:00"))
    goal.happens("created", "2026-01-05 09:00", progress=0, status="active")
    goal.happens("progressed", "2026-01-20 09:00", progress=30)
    goal.happens("cancelled", "2026-02-01 09:00", status="cancelled")
    goal.happens("resumed", "2026-03-20 09:00", status="active", progress=50)
    rows = made(ada, as_of="2026-03-22 12:00")("goal_progress")
    assert [(str(row["local_date"]), row["progress_28_days"]) for row in rows[-2:]] == [
        ("2026-03-21", 20),
        ("2026-03-22", 20),
    ]


def test_how_a_habit_holds_up_to_the_day_it_was_put_away(made):
    ada = SampleUser(since="2026-03-02 08:00")
    kept, dropped = ada.habit("2026-03-02 08:00"), ada.habit("2026-03-02 08:00")
    for day in ("02", "03", "05", "06"):
        ada.log(kept, f"2026-03-{day}")
    ada.log(dropped, "2026-03-02")
    ada.log(dropped, "2026-03-03").happens("unlogged", "2026-03-03 21:00")
    ada.log(dropped, "2026-03-03", skipped=True)
    dropped.happens("archived", "2026-03-04 20:00", archived_at=ada.moment("2026-03-04 20:00"))
    rows = {row["habit_id"]: row for row in made(ada, as_of="2026-03-07 12:00")("habit_streaks")}
    row = rows[str(kept.id)]
    assert (row["current"], row["longest"], row["total"], str(row["last_done_on"])) == (2, 2, 4, "2026-03-06")
    assert (str(row["ended_on"]), row["ended_length"], row["rate_30_days"]) == ("2026-03-04", 2, 4 / 5)
    memory = 0.5 ** (1 / 13)
    assert row["strength"] == pytest.approx((1 - memory**2) * memory**3 + 1 - memory**2)
    row = rows[str(dropped.id)]
    assert (row["current"], row["total"], row["is_archived"], row["ended_on"]) == (1, 1, True, None)
    assert row["strength"] == pytest.approx(1 - memory)


def test_goals_that_are_not_reached_count_for_as_long_as_they_were_pursued(made):
    """By hand: reached after 2 and 6 days, given up after 4, open for 10. Of 4 one is reached, later of 2 one: 3/4 · 1/2 take longer."""
    ada = SampleUser(since="2026-03-01 08:00")

    def goal(*ends):
        goal = ada.new("goal", title="Read", created_at=ada.moment("2026-03-02 09:00"))
        goal.happens("created", "2026-03-02 09:00", status="active")
        for what, day in ends:
            goal.happens(what, f"2026-03-{day} 09:00", status={"resumed": "active"}.get(what, what))

    goal(("completed", "04"))
    goal(("completed", "03"), ("resumed", "05"), ("completed", "08"))
    goal(("cancelled", "06"))
    goal()
    rows = made(ada, as_of="2026-03-12 12:00")("goal_completion")
    assert [(row["days"], row["pursued"], row["reached"], row["still_open"]) for row in rows] == [
        (2, 4, 1, 0.75),
        (6, 2, 1, 0.375),
    ]


def test_what_was_achieved_and_when(made):
    ada = SampleUser(since="2026-03-01 08:00")
    habit, other = ada.habit("2026-03-01 08:00"), ada.habit("2026-03-01 08:00")
    for day in range(1, 9):
        ada.log(habit if day != 2 else other, f"2026-03-{day:02}")
    for number in range(9):
        ada.task("2026-03-02 09:00").completed(f"2026-03-02 10:0{number}")
    ada.task("2026-03-02 09:00").completed("2026-03-05 10:00")
    ada.task("2026-03-02 09:00").completed("2026-03-04 10:00")
    ada.tasks[0].reopened("2026-03-06 10:00")
    ada.time("2026-03-03 09:00", "2026-03-03 14:00")
    goal = ada.new("goal", title="Read", created_at=ada.moment("2026-03-02 09:00"))
    goal.happens("completed", "2026-03-02 23:30", status="completed", completed_at=ada.moment("2026-03-02 23:30"))
    goal.happens("updated", "2026-03-04 09:00")
    rows = {row["achievement"]: row for row in made(ada, as_of="2026-03-11 12:00")("achievements")}
    assert {name: str(row["earned_on"]) for name, row in rows.items() if row["earned_on"]} == {
        "tasks_completed-10": "2026-03-05",
        "goals_completed-1": "2026-03-02",
        "habit_days-7": "2026-03-08",
    }
    assert (rows["hours_logged-10"]["value"], rows["hours_logged-10"]["progress"]) == (5, 0.5)
    assert rows["goals_completed-5"]["progress"] == 0.2


def test_estimates_are_shrunk_towards_what_was_estimated(made):
    ada = SampleUser()
    for number in range(5):
        ada.task(f"2026-03-02 09:0{number}", estimated_minutes=30, actual_minutes=60).completed(
            f"2026-03-02 10:0{number}"
        )
    rows = made(ada, as_of="2026-03-03 12:00")("estimate_accuracy")
    assert [row["category_id"] for row in rows] == ["", "*"]
    assert rows[1]["tasks"] == 5
    assert rows[1]["factor"] == pytest.approx(
        2**0.5
    )  # five that took twice as long, and five imagined ones that did not
    assert rows[1]["factor_low"] < 2**0.5 < rows[1]["factor_high"]


def test_uplift_is_reported_for_all_users_together(made):
    """By hand: tasks a week at first 1, 1, 0, 0 and ½, at last 2, 1, 0, ¼ and 0: changes of 1, 0, 0, ¼ and -½."""
    weekly_counts: tuple[list[int], ...] = ([1, 1, 1, 1, 2, 2, 2, 2], [1] * 8, [], [0, 0, 0, 0, 0, 1], [2])
    users = [SampleUser(since="2026-01-05 08:00") for _ in weekly_counts]
    for user, weeks in zip(users, weekly_counts, strict=True):
        completions_by_week(user, weeks, date(2026, 1, 7))
    assert made(*users, as_of="2026-03-01 23:00")("uplift") == []  # the eighth week is not over
    rows = made(as_of="2026-03-02 12:00")
    (row,) = rows("uplift")
    assert (str(row["month"]), row["users"], row["first_weekly"], row["latest_weekly"]) == ("2026-03-01", 5, 0.5, 0.65)
    assert (row["mean_change"], row["relative_change"], row["share_up_20"]) == pytest.approx((0.15, 0.3, 0.4))
    assert row["detectable_change"] == pytest.approx(2.8 * (1.2 / 4) ** 0.5 / 5**0.5)
    means = sorted(sum(drawn) / 5 for drawn in product((1, 0, 0, 0.25, -0.5), repeat=5))  # every cohort there could be
    assert row["mean_change_low"] == pytest.approx(means[len(means) // 40], abs=0.05)
    assert row["mean_change_high"] == pytest.approx(means[-len(means) // 40], abs=0.05)
    assert [each["change"] for each in rows("uplift_people", user_id=str(users[4].id))] == [-0.5]


def used(user, at, name="app.opened", platform="ios", **data):
    user.new("activity", name=name, platform=platform, **data).happens("tracked", at)


def test_an_app_that_calls_its_platform_by_the_name_of_all_counts_as_none(made, world):
    """Else the row of all would have its events alone: fewer than users, which stops the publication for everybody."""
    ada, *others = (SampleUser(since="2026-03-02 08:00") for _ in range(4))
    used(ada, "2026-03-02 09:00", platform="*")
    for user in others:
        used(user, "2026-03-02 09:00")
    rows = made(ada, *others, as_of="2026-03-03 12:00")
    first = {
        each["platform"]: (each["dau"], each["events"]) for each in rows("app_activity") if each["local_date"].day == 2
    }
    assert first == {"*": (4, 8), "ios": (3, 3), "": (4, 5)}  # each has registered, too
    assert [each.rule for each in judge(world.lake, world.session, "gold/app_activity") if not each.passed] == []


def test_platforms_that_were_named_once_have_rows_for_thirty_days_only(made):
    """A user can name a thousand with each request, and say that each was used in 1970."""
    ada = SampleUser(since="2026-03-02 08:00")
    for number in range(20):
        used(ada, "2020-01-02 09:00", platform=f"phone {number}")
    used(ada, "2026-03-02 09:00", platform="phone 0")
    rows = made(ada, as_of="2026-03-03 12:00")
    assert len(rows("app_activity")) < 2_400 + 30 * 22
    assert len(rows("app_activity", platform="phone 1")) == 30
    assert [row["mau"] for row in rows("app_activity", platform="phone 0")] == [1] * 31


def test_who_was_active_in_a_day_a_week_a_month(made):
    ada, bob = SampleUser(since="2026-03-02 08:00"), SampleUser(since="2026-03-04 08:00")
    used(ada, "2026-03-02 09:00")
    used(ada, "2026-03-02 10:00", platform="web")
    used(bob, "2026-03-04 09:00")
    rows = made(ada, bob, as_of="2026-03-05 12:00")
    everywhere = rows("app_activity", platform="*")
    assert [
        (str(row["local_date"])[-2:], row["dau"], row["wau"], row["mau"], row["new_users"], row["events"])
        for row in everywhere
    ] == [
        ("02", 1, 1, 1, 1, 3),
        ("03", 0, 1, 1, 0, 0),
        ("04", 1, 2, 2, 1, 2),
    ]
    assert [row["dau"] for row in rows("app_activity", platform="web")] == [1, 0, 0]


def test_active_is_who_began_something_with_or_without_an_app(made):
    ada = SampleUser(since="2026-03-02 08:00")
    ada.task("2026-03-03 09:00")
    ada.new("report_delivery", kind="weekly", period="2026-W10", status="sent").happens("sent", "2026-03-09 08:00")
    ada.new("generation", kind="plan", model="local").happens("plan_generated", "2026-03-10 08:00")
    ada.events[-1] = ada.events[-1].model_copy(update={"actor": "system"})
    rows = made(ada, as_of="2026-03-12 12:00")("app_activity", platform="*")
    assert [(str(row["local_date"])[-2:], row["dau"]) for row in rows] == [("02", 1), ("03", 1)]


def test_who_came_back_and_cells_that_are_not_over_are_blank(made):
    ada, bob = SampleUser(since="2026-03-02 08:00"), SampleUser(since="2026-03-03 08:00")
    ada.task("2026-03-10 09:00")
    rows = made(ada, bob, as_of="2026-03-18 12:00")("retention")
    assert [
        (str(row["cohort_week"]), row["weeks_since"], row["cohort"], row["users"], row["share"]) for row in rows
    ] == [
        ("2026-03-02", 0, 2, 2, 1.0),
        ("2026-03-02", 1, 2, 1, 0.5),
    ]


def test_a_week_is_over_when_it_is_over_for_all_users(made):
    """Monday at eleven in UTC: on an island in the west of the Pacific's last zone it is Sunday still."""
    ada = SampleUser("Etc/GMT+12", since="2026-03-02 08:00")
    assert made(ada, as_of="2026-03-08 23:00")("retention") == []
    assert len(made(as_of="2026-03-09 13:00")("retention")) == 1


def test_how_far_users_come(made):
    ada, bob = SampleUser(since="2026-03-02 08:00"), SampleUser(since="2026-03-03 08:00")
    ada.task("2026-03-02 10:00").completed("2026-03-02 12:00")
    goal = ada.new("goal", title="Read", created_at=ada.moment("2026-03-03 08:00"))
    goal.happens("created", "2026-03-03 08:00")
    used(ada, "2026-03-10 09:00")
    assert len(made(ada, bob, as_of="2026-03-20 12:00")("funnel")) == 4  # the second week is not over for all users
    rows = made(as_of="2026-03-24 12:00")("funnel")
    assert [(row["name"], row["users"], row["share"], row["median_hours"]) for row in rows] == [
        ("registered", 2, 1.0, 0),
        ("first_task", 1, 0.5, 2),
        ("first_completion", 1, 0.5, 4),
        ("first_goal", 1, 0.5, 24),
        ("back_in_week_2", 1, 0.5, 193),
    ]


def test_who_left_out_a_step_came_no_further(made):
    ada = SampleUser(since="2026-03-02 08:00")
    ada.task("2026-03-02 10:00")
    ada.new("goal", title="Read", created_at=ada.moment("2026-03-03 08:00")).happens("created", "2026-03-03 08:00")
    used(ada, "2026-03-10 09:00")
    rows = made(ada, as_of="2026-03-24 12:00")("funnel")
    assert [row["users"] for row in rows] == [1, 1, 0, 0, 0]


def test_which_features_are_used(made):
    ada, bob = SampleUser(), SampleUser()
    for user in (ada, ada, bob):
        used(user, "2026-03-02 09:00", name="timer.opened")
    (row,) = made(ada, bob, as_of="2026-03-03 12:00")("feature_usage")
    assert (row["event_name"], row["users"], row["events"]) == ("timer.opened", 2, 3)


def test_made_again_the_tables_are_the_same(made, world):
    ada = SampleUser()
    ada.task("2026-03-02 09:00", estimated_minutes=10, actual_minutes=20).completed("2026-03-02 10:00")
    ada.time("2026-03-02 09:00", "2026-03-02 10:00")
    rows = made(ada, as_of="2026-03-03 12:00", every=True)
    before = {table.name: rows(table.name) for table in build.TABLES}
    for table in build.TABLES:  # an hour later, without anything new
        build.load_incremental(world.lake, world.session, table, BUCKETS, ada.moment("2026-03-03 13:00"))
    assert {table.name: rows(table.name) for table in build.TABLES} == before


def test_without_news_nothing_is_written(made, world):
    ada = SampleUser()
    made(ada, as_of="2026-03-03 12:00", every=True)
    versions = {table.name: world.lake.pinned(table.spec.name).version for table in build.TABLES}
    for table in build.TABLES:
        assert build.load_incremental(world.lake, world.session, table, BUCKETS, ada.moment("2026-03-03 12:30")) == 0
    assert {table.name: world.lake.pinned(table.spec.name).version for table in build.TABLES} == versions


def test_what_happens_to_one_leaves_the_files_of_others(made, world):
    ada = SampleUser()
    bob = next(user for user in (SampleUser() for _ in range(200)) if user.bucket != ada.bucket)
    for user in (ada, bob):
        user.task("2026-03-02 09:00")
    made(ada, bob, as_of="2026-03-03 12:00")("task_outcomes")
    before = {name for name in world.lake.pinned("gold/task_outcomes").files() if f"bucket={bob.bucket}/" in name}
    late = SampleUser(id_=ada.id)
    late.events.clear()
    late.task("2026-03-02 10:00")
    made(late, as_of="2026-03-03 12:10")
    after = {name for name in world.lake.pinned("gold/task_outcomes").files() if f"bucket={bob.bucket}/" in name}
    assert before == after
    assert len(before) == 1


def test_every_table_keeps_its_rules(made, world):
    ada = SampleUser()
    ada.task("2026-03-02 09:00", due_date="2026-03-02").completed("2026-03-02 10:00")
    made(ada, as_of="2026-03-03 12:00", every=True)
    for table in build.TABLES:
        assert rules_of(table.spec.name)
        assert all(verdict.passed for verdict in judge(world.lake, world.session, table.spec.name)), table.name


def test_the_rows_that_would_break_a_rule_can_be_looked_up_whatever_it_counts(made, world):
    made(SampleUser(), as_of="2026-03-09 12:00", every=True)
    for table in (each.spec.name for each in build.TABLES):
        assert counts_of(world.lake, world.session, table) is not None, table
        inputs = scans(filter(None, map(world.lake.pinned, (table, *descriptions.table(table).check_inputs))))
        for rule in rules_of(table):
            assert list(sample_of(world.session, inputs, table, rule)) == [], (table, rule)


def test_a_rule_that_compares_two_tables_shows_rows_of_both(made, world):
    ada = SampleUser()
    ada.new(
        "calendar_event", title="Call", start_at=ada.moment("2026-03-02 09:00"), end_at=ada.moment("2026-03-02 10:00")
    ).happens("created", "2026-03-02 08:00")
    made(ada, as_of="2026-03-03 12:00")("calendar_load")
    (table,) = (each for each in build.TABLES if each.name == "calendar_load")
    load = world.lake.open(table.spec)
    rows = world.session.run(f"select * replace (busy_minutes + 5 as busy_minutes) from {load.scan()}")
    load.replace(rows, where="true", positions={})
    (broken,) = (each for each in judge(world.lake, world.session, table.spec.name) if each.broken)
    (row,) = broken.sample
    assert broken.rule == "meetings_that_the_days_do_not_have"
    assert row["minutes"] > row["meeting_minutes"] == 60


def test_users_of_an_app_are_counted_for_its_workspace_and_not_as_its_owner(made):
    """Six users with one key, one of whom was seen on a device first. The owner did one thing."""
    ada = SampleUser()
    device, known = new_id(), [new_id() for _ in range(6)]
    used(ada, "2026-03-02 08:00", name="opened", app_user_id=device)
    used(
        ada, "2026-03-02 09:00", name="opened", app_user_id=known[0], app_user_aliases=[device], is_known_app_user=True
    )
    for id_ in known[1:]:
        used(ada, "2026-03-02 09:00", name="opened", app_user_id=id_, is_known_app_user=True)
    used(ada, "2026-03-03 09:00", name="opened")
    rows = made(ada, as_of="2026-03-10 12:00")
    first, *_ = rows("app_users_daily")
    assert (first["user_id"], first["dau"], first["new_users"], first["events"]) == (str(ada.id), 6, 6, 7)
    assert [(row["users"], row["events"]) for row in rows("app_user_features")] == [(6, 7)]
    assert [row["users"] for row in rows("app_user_funnel")] == [6, 6, 0]
    assert [row["users"] for row in rows("app_user_retention")] == [6]
    assert [(row["users"], row["events"]) for row in rows("feature_usage")] == [(1, 1)]
    days = {f"{row['local_date']}": row["activity_events"] for row in rows("productivity_daily")}
    assert (days["2026-03-02"], days["2026-03-03"]) == (0, 1)


def test_app_users_are_the_same_when_their_tables_are_made_again(made, world):
    ada = SampleUser()
    used(ada, "2026-03-02 08:00", name="opened", app_user_id=(device := new_id()))
    made(ada, as_of="2026-03-03 12:00")("app_users_daily")
    ada.events.clear()  # they have landed
    used(ada, "2026-03-03 09:00", name="opened", app_user_id=(known := new_id()), app_user_aliases=[device])
    rows = made(ada, as_of="2026-03-04 12:00")
    assert {row["app_user_id"] for row in rows("app_user_days")} == {str(known)}
    assert [row["mau"] for row in rows("app_users_daily")] == [1, 1]
