"""What a user's day comes to, counted by hand. 2026-03-02 is a Monday."""

import pytest

from focusflow.contracts.calendar import PLAN_CALENDAR
from pipelines.engine import daily
from tests.conftest import BUCKETS
from tests.integration.pipelines.conftest import SampleUser


def test_a_completion_that_is_undone_the_same_day_does_not_count(world):
    ada = SampleUser()
    task = ada.task("2026-03-02 09:00")
    task.completed("2026-03-02 10:00")
    task.reopened("2026-03-02 11:00")
    day = world.day(ada, "2026-03-02")
    assert (day["tasks_created"], day["tasks_completed"], day["tasks_open"]) == (1, 0, 1)


def test_a_completion_that_is_undone_the_next_day_stays(world):
    ada = SampleUser()
    task = ada.task("2026-03-02 09:00")
    task.completed("2026-03-02 10:00")
    task.reopened("2026-03-03 09:00")
    world.day(ada, "2026-03-03")
    days = world.days(ada)
    assert [days[day]["tasks_completed"] for day in ("2026-03-02", "2026-03-03")] == [1, 0]
    assert [days[day]["tasks_open"] for day in ("2026-03-02", "2026-03-03")] == [0, 1]


def test_a_task_completed_twice_in_a_day_counts_once(world):
    ada = SampleUser()
    task = ada.task("2026-03-02 09:00")
    task.completed("2026-03-02 10:00")
    task.reopened("2026-03-02 11:00")
    task.completed("2026-03-02 12:00")
    assert world.day(ada, "2026-03-02")["tasks_completed"] == 1


@pytest.mark.parametrize(
    ("due", "completed", "on_time"),
    [
        ({"due_at": "2026-03-03 10:00"}, "2026-03-03 10:00", 1),
        ({"due_at": "2026-03-03 10:00"}, "2026-03-03 10:01", 0),
        ({"due_date": "2026-03-03"}, "2026-03-03 23:59", 1),
        ({"due_date": "2026-03-03"}, "2026-03-04 00:00", 0),
    ],
    ids=["at its time", "a minute late", "by the end of its day", "the day after"],
)
def test_on_time_is_by_the_hour_where_one_was_set_and_else_by_the_day(world, due, completed, on_time):
    ada = SampleUser("America/New_York")
    if "due_at" in due:
        due = {"due_at": ada.moment(due["due_at"])}
    ada.task("2026-03-02 09:00", **due).completed(completed)
    day = world.day(ada, completed[:10])
    assert (day["tasks_completed"], day["tasks_completed_with_due"], day["tasks_completed_on_time"]) == (1, 1, on_time)


def test_a_task_without_a_due_date_is_never_on_time(world):
    ada = SampleUser()
    ada.task("2026-03-02 09:00").completed("2026-03-02 10:00")
    day = world.day(ada, "2026-03-02")
    assert (day["tasks_completed_with_due"], day["tasks_completed_on_time"]) == (0, 0)


def test_what_is_due_is_fixed_when_the_day_begins(world):
    ada = SampleUser()
    ada.task("2026-03-02 09:00", due_date="2026-03-03")
    ada.task("2026-03-02 09:00", due_date="2026-03-03").completed("2026-03-02 17:00")
    ada.task("2026-03-02 09:00", due_date="2026-03-03").deleted("2026-03-03 08:00")
    ada.task("2026-03-02 09:00", due_date="2026-03-03").deleted("2026-03-02 23:00")
    ada.task("2026-03-02 09:00", due_date="2026-03-03").happens("archived", "2026-03-02 23:00", status="archived")
    ada.task("2026-03-02 09:00", due_date="2026-03-04").happens("updated", "2026-03-03 09:00", due_date="2026-03-03")
    ada.task("2026-03-03 09:00", due_date="2026-03-03")
    assert world.day(ada, "2026-03-03")["tasks_due"] == 3


def test_open_and_overdue_are_of_the_end_of_the_day(world):
    ada = SampleUser()
    ada.task("2026-03-02 09:00")
    ada.task("2026-03-02 09:00", due_date="2026-03-03")
    ada.task("2026-03-02 09:00", due_at=ada.moment("2026-03-03 12:00")).completed("2026-03-04 09:00")
    ada.task("2026-03-02 09:00", due_date="2026-03-03").deleted("2026-03-04 09:00")
    world.day(ada, "2026-03-05")
    counts = {day: (row["tasks_open"], row["tasks_overdue"]) for day, row in world.days(ada).items()}
    assert counts == {
        "2026-03-01": (0, 0),
        "2026-03-02": (4, 0),
        "2026-03-03": (4, 3),
        "2026-03-04": (2, 1),
        "2026-03-05": (2, 1),
    }


def test_today_only_what_has_passed_already_is_overdue(world):
    ada = SampleUser()
    ada.task("2026-03-02 09:00", due_date="2026-03-03")
    ada.task("2026-03-02 09:00", due_at=ada.moment("2026-03-03 12:00"))
    ada.task("2026-03-02 09:00", due_at=ada.moment("2026-03-03 18:00"))
    world.land(ada.events)
    world.refresh(ada.moment("2026-03-03 13:00"))
    assert world.days(ada)["2026-03-03"]["tasks_overdue"] == 1


def test_a_deadline_that_passes_without_any_event_makes_a_task_overdue_the_same_day(world):
    ada = SampleUser()
    ada.task("2026-03-02 09:00", due_at=ada.moment("2026-03-03 12:00"))
    world.land(ada.events)
    world.refresh(ada.moment("2026-03-03 11:00"))
    assert world.days(ada)["2026-03-03"]["tasks_overdue"] == 0
    world.refresh(ada.moment("2026-03-03 13:00"))
    assert world.days(ada)["2026-03-03"]["tasks_overdue"] == 1


def test_a_day_without_events_comes_by_itself(world):
    ada = SampleUser()
    ada.task("2026-03-02 09:00", due_date="2026-03-03")
    world.land(ada.events)
    world.refresh(ada.moment("2026-03-02 12:00"))
    world.refresh(ada.moment("2026-03-05 00:10"))
    days = world.days(ada)
    assert list(days) == [f"2026-03-0{day}" for day in range(1, 6)]
    assert [row["tasks_overdue"] for row in days.values()] == [0, 0, 1, 1, 1]


def test_time_that_overlaps_counts_once(world):
    ada = SampleUser()
    ada.time("2026-03-02 09:00", "2026-03-02 10:00")
    ada.time("2026-03-02 09:30", "2026-03-02 10:30")
    ada.time("2026-03-02 09:10", "2026-03-02 09:20")
    ada.time("2026-03-02 12:00", "2026-03-02 12:15")
    assert world.day(ada, "2026-03-02")["focus_minutes"] == 105


def test_time_over_midnight_belongs_to_both_days(world):
    ada = SampleUser("Asia/Tokyo")
    ada.time("2026-03-02 23:30", "2026-03-03 01:00")
    world.day(ada, "2026-03-03")
    assert [world.days(ada)[day]["focus_minutes"] for day in ("2026-03-02", "2026-03-03")] == [30, 60]


def test_a_corrected_entry_counts_by_its_last_version(world):
    ada = SampleUser()
    entry = ada.time("2026-03-02 09:00", "2026-03-02 10:00")
    world.day(ada, "2026-03-03")
    ada.events.clear()
    entry.happens(
        "updated",
        "2026-03-04 09:00",
        started_at=ada.moment("2026-03-01 09:00"),
        ended_at=ada.moment("2026-03-01 09:20"),
    )
    world.day(ada, "2026-03-04")
    assert [row["focus_minutes"] for row in world.days(ada).values()] == [20, 0, 0, 0]


def test_a_running_timer_counts_when_it_stops(world):
    ada = SampleUser()
    timer = ada.new("time_entry", started_at=ada.moment("2026-03-02 23:50"))
    timer.happens("started", "2026-03-02 23:50")
    assert world.day(ada, "2026-03-02")["focus_minutes"] == 0
    ada.events.clear()
    timer.happens("stopped", "2026-03-03 00:10", ended_at=ada.moment("2026-03-03 00:10"))
    world.day(ada, "2026-03-03")
    assert [world.days(ada)[day]["focus_minutes"] for day in ("2026-03-02", "2026-03-03")] == [10, 10]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_a_day_has_as_many_hours_as_its_clocks_say(world, day, hours):
    ada = SampleUser("Europe/Berlin", since=f"{day} 00:00")
    midnight = ada.moment(f"{day[:-2]}{int(day[-2:]) + 1:02} 00:00")
    entry = ada.new("time_entry", started_at=ada.moment(f"{day} 00:00"), ended_at=midnight)
    entry.happens("logged", f"{day} 23:59")
    assert world.day(ada, day)["focus_minutes"] == hours * 60


def test_an_entry_logged_after_a_move_counts_for_the_day_of_where_it_was(world):
    ada = SampleUser("Europe/Berlin")
    world.day(ada, "2026-03-05")
    ada.events.clear()
    started, ended = ada.moment("2026-03-03 22:00"), ada.moment("2026-03-03 22:30")
    ada.moves("Asia/Tokyo", "2026-03-06 12:00")
    world.day(ada, "2026-03-06")
    ada.events.clear()
    ada.new("time_entry", started_at=started, ended_at=ended).happens("logged", "2026-03-07 09:00")
    world.day(ada, "2026-03-07")
    assert world.days(ada)["2026-03-03"]["focus_minutes"] == 30


def test_a_pomodoro_counts_from_twenty_minutes_and_on_the_day_it_ends(world):
    ada = SampleUser()
    ada.time("2026-03-02 09:00", "2026-03-02 09:20", kind="pomodoro")
    ada.time("2026-03-02 10:00", "2026-03-02 10:19", kind="pomodoro")
    ada.time("2026-03-02 11:00", "2026-03-02 11:30")
    ada.time("2026-03-02 23:50", "2026-03-03 00:15", kind="pomodoro")
    world.day(ada, "2026-03-03")
    assert [world.days(ada)[day]["pomodoro_sessions"] for day in ("2026-03-02", "2026-03-03")] == [1, 1]


def test_meetings_are_the_busy_appointments_of_the_day_once_each(world):
    ada = SampleUser()
    for start, end, said in (
        ("09:00", "10:00", {}),
        ("09:30", "10:15", {}),
        ("11:00", "12:00", {"busy": False}),
        ("00:00", "23:00", {"all_day": True}),
    ):
        start_at, end_at = ada.moment(f"2026-03-02 {start}"), ada.moment(f"2026-03-02 {end}")
        meeting = ada.new("calendar_event", title="Stand-up", start_at=start_at, end_at=end_at, **said)
        meeting.happens("created", "2026-03-02 08:00")
    day = world.day(ada, "2026-03-02")
    assert (day["meeting_minutes"], day["focus_minutes"]) == (75, 0)


def test_an_accepted_plan_is_no_meeting(world):
    ada = SampleUser()
    span = {"start_at": ada.moment("2026-03-02 09:00"), "end_at": ada.moment("2026-03-02 12:00")}
    ada.new("calendar_event", title="Write", calendar_id=PLAN_CALENDAR, **span).happens("created", "2026-03-02 08:00")
    assert world.day(ada, "2026-03-02")["meeting_minutes"] == 0


@pytest.mark.parametrize("rule", [None, "FREQ=DAILY"])
def test_of_the_meetings_of_today_counts_what_has_passed_without_any_new_event(world, rule):
    ada = SampleUser()
    span = {"start_at": ada.moment("2026-03-02 09:00"), "end_at": ada.moment("2026-03-02 11:00")}
    ada.new("calendar_event", title="Workshop", rrule=rule, **span).happens("created", "2026-03-01 09:00")
    world.land(ada.events)
    found = []
    for time in ("01:50", "09:00", "09:40", "11:20", "23:50"):
        world.refresh(ada.moment(f"2026-03-02 {time}"))
        found.append(world.days(ada)["2026-03-02"]["meeting_minutes"])
    assert found == [0, 0, 40, 120, 120]


def test_a_recurring_meeting_counts_each_day_that_it_takes_place(world):
    """On the wall clock of the user: at nine before and after daylight saving begins on the 29th."""
    ada = SampleUser(since="2026-03-25 08:00")
    span = {"start_at": ada.moment("2026-03-26 09:00"), "end_at": ada.moment("2026-03-26 09:45")}
    meeting = ada.new("calendar_event", title="Stand-up", rrule="FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", **span)
    meeting.happens("created", "2026-03-25 09:00")
    bad = ada.new("calendar_event", title="?", rrule="FREQ=SOMETIMES", **span)
    bad.happens("created", "2026-03-25 09:01")
    ada.task("2026-03-31 08:00")
    world.day(ada, "2026-03-31")
    minutes = {day: row["meeting_minutes"] for day, row in world.days(ada).items()}
    assert minutes == {
        "2026-03-25": 0, "2026-03-26": 45, "2026-03-27": 45, "2026-03-28": 0, "2026-03-29": 0, "2026-03-30": 45, "2026-03-31": 45,
    }  # fmt: skip
    world.land([meeting.happens("deleted", "2026-03-31 20:00")])
    world.refresh(ada.moment("2026-03-31 21:00"))
    assert [world.days(ada)[day]["meeting_minutes"] for day in ("2026-03-26", "2026-03-27")] == [
        45,
        0,
    ]  # the bad one takes place once


def test_a_daily_habit_is_due_each_day_and_a_skipped_day_is_not(world):
    ada = SampleUser()
    habit = ada.habit("2026-03-02 08:00")
    ada.log(habit, "2026-03-02")
    ada.log(habit, "2026-03-03", skipped=True)
    assert due_and_done(world, ada, "2026-03-04") == {2: (1, 1), 3: (0, 0), 4: (1, 0)}


def test_a_habit_of_some_weekdays_is_due_on_these(world):
    ada = SampleUser()
    ada.log(ada.habit("2026-03-02 08:00", frequency="weekdays", weekdays=[1, 2]), "2026-03-02")
    assert due_and_done(world, ada, "2026-03-05") == {2: (0, 1), 3: (1, 0), 4: (1, 0), 5: (0, 0)}


def test_a_habit_of_n_times_a_week_is_due_when_done_and_on_the_last_days_that_still_allow_n(world):
    ada = SampleUser()
    ada.log(ada.habit("2026-03-02 08:00", frequency="weekly", times_per_week=3), "2026-03-03")
    assert due_and_done(world, ada, "2026-03-09") == {
        2: (0, 0), 3: (1, 1), 4: (0, 0), 5: (0, 0), 6: (0, 0), 7: (1, 0), 8: (1, 0), 9: (0, 0),
    }  # fmt: skip


def test_the_week_of_a_habit_begins_when_the_users_week_does(world):
    ada = SampleUser(week_start=6)
    ada.habit("2026-03-02 08:00", frequency="weekly", times_per_week=1)
    due = due_and_done(world, ada, "2026-03-08")
    assert [day for day, (scheduled, _) in due.items() if scheduled] == [7]


def test_an_unlogged_day_was_not_done_and_an_archived_habit_is_not_due(world):
    ada = SampleUser()
    habit = ada.habit("2026-03-02 08:00")
    ada.log(habit, "2026-03-02").happens("unlogged", "2026-03-02 21:00")
    habit.happens("archived", "2026-03-04 09:00", archived_at=ada.moment("2026-03-04 09:00"))
    assert due_and_done(world, ada, "2026-03-04") == {2: (1, 0), 3: (1, 0), 4: (0, 0)}


def due_and_done(world, user, last_day):
    world.day(user, last_day)
    return {
        int(day[-2:]): (row["habits_scheduled"], row["habits_completed"])
        for day, row in world.days(user).items()
        if day >= "2026-03-02"
    }


def test_goals_count_when_they_rise_and_against_the_pace_that_their_date_asks_for(world):
    ada = SampleUser()
    goal = ada.new(
        "goal", title="Run", created_at=ada.moment("2026-03-02 09:00"), target_date="2026-03-07", progress=50
    )
    goal.happens("created", "2026-03-02 09:00")
    goal.happens("progressed", "2026-03-03 10:00", progress=53)  # of the 10 a day that five days ask for, half
    goal.happens("progressed", "2026-03-03 11:00", progress=55)
    goal.happens("progressed", "2026-03-04 11:00", progress=54)
    goal.happens("completed", "2026-03-05 11:00", progress=100, status="completed")
    world.day(ada, "2026-03-06")
    days = list(world.days(ada).values())[1:]
    assert [row["goals_progressed"] for row in days] == [0, 1, 0, 1, 0]
    assert [row["goals_completed"] for row in days] == [0, 0, 0, 1, 0]
    assert [row["score_goals"] for row in days] == [None, 0.5, 0, 1, None]


def test_plans_and_activity_are_counted(world):
    ada = SampleUser()
    for _ in range(2):
        ada.new("activity", name="page", platform="web").happens("tracked", "2026-03-02 09:00")
    day = world.day(ada, "2026-03-02")
    assert (day["activity_events"], day["ai_plans_generated"]) == (2, 0)


def test_a_day_off_and_a_day_without_events_have_no_score(world):
    ada = SampleUser()
    ada.task("2026-03-02 09:00").completed("2026-03-02 10:00")
    ada.task("2026-03-03 09:00").completed("2026-03-03 10:00")
    ada.new("day_off", first_date="2026-03-03", last_date="2026-03-03").happens("created", "2026-03-02 09:00")
    world.day(ada, "2026-03-04")
    scored = {day: row["productivity_score"] is not None for day, row in world.days(ada).items()}
    assert scored == {"2026-03-01": False, "2026-03-02": True, "2026-03-03": False, "2026-03-04": False}
    assert world.days(ada)["2026-03-03"]["is_day_off"]


def test_an_account_that_did_nothing_has_no_score(world):
    ada = SampleUser(since="2026-03-02 08:00", daily_focus_goal_minutes=120)
    ada.account.happens("updated", "2026-03-03 09:00", display_name="A")
    ada.task("2026-03-04 09:00")
    ada.account.happens("updated", "2026-03-05 09:00", display_name="B")
    ada.task("2026-03-06 09:00")
    world.day(ada, "2026-03-06")
    scores = {day: row["productivity_score"] is not None for day, row in world.days(ada).items()}
    # With a task that is open since the day before there is something to judge by.
    assert list(scores.values()) == [False, False, False, False, True]


def test_days_off_ask_for_no_habit_and_lower_no_usual(world):
    ada = SampleUser(since="2026-03-02 08:00")  # a Monday
    daily, thrice = (
        ada.habit("2026-03-02 08:00", frequency="daily"),
        ada.habit("2026-03-02 08:00", frequency="weekly", times_per_week=3),
    )
    ada.new("day_off", first_date="2026-03-09", last_date="2026-03-13").happens("created", "2026-03-08 09:00")
    ada.log(daily, "2026-03-10")
    ada.log(thrice, "2026-03-14")
    world.day(ada, "2026-03-18")
    days = world.days(ada)
    due = {day[-2:]: row["habits_scheduled"] for day, row in days.items()}
    # Of the week with five days off the habit of three times a week asks nothing, for two days are left.
    assert [due[f"{day:02}"] for day in range(8, 16)] == [2, 0, 1, 0, 0, 0, 2, 1]


def test_a_goal_asks_for_progress_on_the_days_that_are_not_off(world):
    ada = SampleUser()
    goal = ada.new("goal", title="Book", created_at=ada.moment("2026-03-01 09:00"), target_date="2026-03-10")
    goal.happens("created", "2026-03-01 09:00", progress=0, status="active")
    off = ada.new("day_off", first_date="2026-03-03", last_date="2026-03-07")
    off.happens("created", "2026-03-02 07:00")
    goal.happens("progressed", "2026-03-02 10:00", progress=25)
    assert world.day(ada, "2026-03-02")["score_goals"] == 1  # a quarter of the way on the first of four days
    world.land([off.happens("deleted", "2026-03-05 07:00")])
    world.refresh(ada.moment("2026-03-05 20:00"))
    assert world.days(ada)["2026-03-02"]["score_goals"] == 1  # as it was known on that day


def test_a_mail_that_was_sent_to_a_user_is_no_day_of_theirs(world):
    ada = SampleUser()
    ada.new("report_delivery", kind="weekly", period="2026-W10", status="sent").happens("sent", "2026-03-02 08:00")
    ada.events[-1] = ada.events[-1].model_copy(update={"actor": "system"})
    assert world.day(ada, "2026-03-02")["productivity_score"] is None


def test_a_day_belongs_to_where_the_user_was_even_after_a_move(world):
    ada = SampleUser("America/Los_Angeles")
    ada.task("2026-03-02 23:00").completed("2026-03-02 23:30")
    ada.moves("Asia/Tokyo", "2026-03-06 09:00")
    world.day(ada, "2026-03-07")
    assert world.days(ada)["2026-03-02"]["tasks_completed"] == 1


def test_on_a_day_of_moving_house_each_moment_counts_once_where_it_was(world):
    """At noon in Tokyo it is four in the morning in Berlin: on the 3rd there are eight hours more. On the way back they are missing."""
    ada = SampleUser("Asia/Tokyo")
    ada.time("2026-03-03 10:00", "2026-03-03 11:00", kind="pomodoro")
    ada.moves("Europe/Berlin", "2026-03-03 12:00")
    ada.time("2026-03-03 23:00", "2026-03-04 01:00", kind="pomodoro")
    ada.moves("Asia/Tokyo", "2026-03-05 12:00")
    ada.time("2026-03-04 23:00", "2026-03-05 21:00")  # begun at three in the afternoon of the 4th, in Berlin
    world.day(ada, "2026-03-06")
    days = world.days(ada)
    assert [(days[f"2026-03-0{day}"]["focus_minutes"], days[f"2026-03-0{day}"]["pomodoro_sessions"]) for day in (3, 4, 5)] == [
        (120, 1), (600, 1), (780, 0),
    ]  # fmt: skip


def test_who_says_only_later_that_they_live_further_west_has_the_days_of_there(world):
    """Registered when it was the 2nd by the clock of the account, and the 1st where she lives."""
    ada = SampleUser("UTC", since="2026-03-02 02:00")
    ada.moves("America/New_York", ada.moment("2026-03-02 02:05"))
    ada.time("2026-03-05 21:00", "2026-03-05 23:00")
    world.day(ada, "2026-03-06")
    days = world.days(ada)
    assert next(iter(days)) == "2026-03-01"
    assert [days[day]["focus_minutes"] for day in ("2026-03-05", "2026-03-06")] == [120, 0]


def test_a_day_that_has_begun_stays_when_a_user_flies_west(world):
    ada = SampleUser("Pacific/Auckland")
    ada.task("2026-03-03 09:00")
    ada.moves("America/New_York", ada.moment("2026-03-03 10:00"))  # where it is the 2nd still
    world.land(ada.events)
    world.refresh(ada.moment("2026-03-02 17:00"))
    days = world.days(ada)
    assert list(days)[-1] == "2026-03-03"
    assert days["2026-03-03"]["tasks_created"] == 1


def test_a_date_that_was_taken_off_before_the_last_completion_of_a_day_is_none(world):
    ada = SampleUser()
    off, moved = (ada.task("2026-03-01 09:00", due_at=ada.moment("2026-03-02 10:00")) for _ in range(2))
    for task, changes in ((off, {}), (moved, {"due_date": "2026-03-02"})):
        task.completed("2026-03-02 09:00")
        task.reopened("2026-03-02 09:30")
        task.happens("updated", "2026-03-02 09:40", due_at=None, **changes)
        task.completed("2026-03-02 11:00")
    day = world.day(ada, "2026-03-02")
    assert (day["tasks_completed"], day["tasks_completed_with_due"], day["tasks_completed_on_time"]) == (2, 1, 1)


def test_after_months_without_a_refresh_days_come_for_those_too_who_did_nothing(world):
    ada, bob = SampleUser(), SampleUser()
    world.land(ada.events + bob.events)
    world.refresh(ada.moment("2026-03-02 12:00"))
    ada.events.clear()
    ada.task("2026-07-01 09:00")
    world.land(ada.events)
    world.refresh(ada.moment("2026-07-02 12:00"))
    assert list(world.days(bob)) == list(world.days(ada))
    assert list(world.days(bob))[-1] == "2026-07-02"


def test_months_recomputed_come_out_the_same(world):
    ada = SampleUser()
    ada.task("2026-03-02 09:00", due_date="2026-03-03").completed("2026-04-03 10:00")
    world.day(ada, "2026-04-05")
    before = world.days(ada)
    as_of = ada.moment("2026-04-05 23:59")
    daily.compute(world.lake, world.session, BUCKETS, as_of, from_day=as_of.date().replace(day=1))
    assert world.days(ada) == before
