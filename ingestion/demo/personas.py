"""The demo users as data: where they live, how they work, what they want. Their histories are generated from this and a seed."""

from dataclasses import dataclass, field, replace
from datetime import time
from typing import Final, Literal

PASSWORD: Final = "focusflow-demo"  # noqa: S105 (printed to everyone who runs the demo)


@dataclass(frozen=True, slots=True)
class HabitPlan:
    """A habit and how likely it is done on a day when it is due."""

    title: str
    likelihood: float
    frequency: Literal["daily", "weekdays", "weekly"] = "daily"
    weekdays: tuple[int, ...] = ()
    times_per_week: int | None = None
    hour: float = 8
    reminder: time | None = None
    streak_days: int = 0  # at the end, so many days without a miss
    begins: float = 0  # at this share of the user's history


@dataclass(frozen=True, slots=True)
class GoalPlan:
    """A goal: where in the user's history it begins and should end (shares; above 1 is ahead), and how fast it goes."""

    title: str
    category: str
    begins: float
    ends: float
    pace: float = 1.0  # 1 keeps up with the calendar
    target: float | None = None  # a number to reach; else percent, or the milestones below
    unit: str | None = None
    milestones: tuple[str, ...] = ()
    weekly_minutes: int | None = None
    fate: Literal["pursued", "paused", "cancelled"] = "pursued"


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody's temper. Rates are for an ordinary working day."""

    email: str
    name: str
    timezone: str
    role: Literal["user", "analyst", "admin"] = "user"
    share_of_history: float = 1.0  # 0.4 registered when 60% of the demo's time had passed
    categories: tuple[str, ...] = ("Work", "Home", "Health", "Learning", "Finance")
    tasks_per_day: float = 2.2
    growth: float = 0.2  # of the rate, over the history
    weekend: float = 0.3
    unsteadiness: float = 0.25  # of weeks; they are also alike their neighbours
    hours: tuple[tuple[float, float], ...] = (
        (9.5, 1.0),
        (14.5, 1.5),
    )  # when they work: middle and spread of each stretch
    lateness_days: tuple[float, float] = (-0.8, 1.2)
    puts_off: tuple[tuple[str, float], ...] = ()  # by category: below 0 is done at once, above 0 waits
    abandons: float = 0.04
    tidies_after_days: int = 21
    due_share: float = 0.55
    estimate_bias: float = 1.3
    tracks: float = 0.45
    pomodoro: float = 0.4
    meetings_per_day: float = 1.0
    plans: float = 0.2
    opens_app: float = 1.2
    slump: tuple[float, float, float] | None = None  # from, to (shares of the history), and how much is left
    vacations: tuple[tuple[float, int], ...] = ((0.25, 9), (0.7, 5))
    holidays: tuple[tuple[int, int], ...] = ((1, 1), (5, 1), (12, 25), (12, 26))
    sick_spells: int = 2
    focus_goal_minutes: int | None = None
    habits: tuple[HabitPlan, ...] = ()
    goals: tuple[GoalPlan, ...] = ()
    due_around_today: tuple[int, ...] = (-1, 0, 1, 3)  # open tasks at the end: due in so many days
    chores: tuple[tuple[str, str, int], ...] = field(default=(("Take out the bins", "Home", 7),))


FIVE: Final = (
    Persona(
        email="demo@example.com",
        name="Demo",
        timezone="Europe/Berlin",
        tasks_per_day=2.4,
        abandons=0.01,
        tidies_after_days=7,
        slump=(0.55, 0.63, 0.35),
        puts_off=(("Work", -2.0), ("Home", 3.0), ("Health", 1.0), ("Learning", -3.0), ("Finance", 4.0)),
        focus_goal_minutes=120,
        plans=0.35,
        habits=(
            HabitPlan("Morning walk", 0.78, hour=7.4, reminder=time(7), streak_days=12),
            HabitPlan("Read 20 pages", 0.62, hour=21.3),
            HabitPlan("Strength training", 0.7, "weekly", times_per_week=3, hour=18.2),
            HabitPlan("Plan the day", 0.85, "weekdays", weekdays=(0, 1, 2, 3, 4), hour=8.4, begins=0.4),
        ),
        goals=(
            GoalPlan("Read 24 books", "Learning", 0.15, 1.12, pace=0.9, target=24, unit="books"),
            GoalPlan("Launch the new website", "Work", 0.45, 1.1, 0.97, milestones=("Concept", "Design", "First version", "Test", "Launch")),
            GoalPlan("Run a half marathon", "Health", 0.05, 0.6, pace=1.1),
            GoalPlan("Put three months of rent aside", "Finance", 0.5, 1.4, pace=1.05, target=3600, unit="euros"),
            GoalPlan("Learn Spanish", "Learning", 0.3, 0.8, fate="paused"),
            GoalPlan("A calm and curious life", "Learning", 0.1, 2.0, weekly_minutes=180),
        ),
        due_around_today=(-4, -1, 0, 0, 1, 1, 3, 6, 10),
        chores=(("Take out the bins", "Home", 7), ("Weekly review", "Work", 7), ("Pay the rent", "Finance", 30)),
    ),
    Persona(
        email="analyst@example.com",
        name="Analyst",
        timezone="America/New_York",
        role="analyst",
        categories=("Work", "Home", "Learning", "Finance", "Family"),
        tasks_per_day=2.0,
        meetings_per_day=3.6,
        tracks=0.3,
        pomodoro=0.15,
        weekend=0.15,
        lateness_days=(0.2, 1.8),
        vacations=((0.12, 7), (0.83, 5)),
        puts_off=(("Work", -1.0), ("Home", 3.0), ("Learning", 2.0), ("Finance", -3.0), ("Family", -3.0)),
        holidays=((1, 1), (7, 4), (11, 26), (12, 25)),
        habits=(
            HabitPlan("Meditate", 0.66, hour=6.6, reminder=time(6, 30)),
            HabitPlan("No meetings before ten", 0.55, "weekdays", weekdays=(1, 3), hour=10.1),
            HabitPlan("Gym", 0.6, "weekly", times_per_week=2, hour=17.6),
        ),
        goals=(
            GoalPlan("Publish the data handbook", "Work", 0.3, 1.15, 0.9, milestones=("Outline", "Draft", "Review", "Publish")),
            GoalPlan("Save for the kitchen", "Finance", 0.1, 0.9, pace=1.05, target=8000, unit="euros"),
            GoalPlan("Finish the statistics course", "Learning", 0.5, 1.2, pace=0.7),
        ),
        due_around_today=(-2, 0, 1, 2, 5),
        chores=(("Team status", "Work", 7), ("Water the plants", "Home", 7)),
    ),
    Persona(
        email="admin@example.com",
        name="Admin",
        timezone="Asia/Kolkata",
        role="admin",
        categories=("Work", "Family", "Health", "Finance", "Learning"),
        tasks_per_day=2.1,
        weekend=0.5,
        hours=((8.0, 0.8), (11.0, 1.2), (17.0, 1.0)),
        lateness_days=(-1.3, 0.9),
        vacations=((0.4, 7), (0.9, 4)),
        puts_off=(("Work", 1.0), ("Family", -3.0), ("Health", 4.0), ("Finance", -2.0), ("Learning", 3.0)),
        estimate_bias=1.05,
        meetings_per_day=1.2,
        unsteadiness=0.2,
        holidays=((1, 26), (8, 15), (10, 2), (12, 25)),
        habits=(
            HabitPlan("Yoga", 0.88, hour=6.2, reminder=time(6), streak_days=30),
            HabitPlan("Inbox zero", 0.7, "weekdays", weekdays=(0, 2, 4), hour=17.8),
        ),
        goals=(
            GoalPlan("Move the archive", "Work", 0.2, 0.75, 1.15, milestones=("Inventory", "Trial", "Move", "Switch off")),
            GoalPlan("Cycle 2,000 km", "Health", 0.1, 1.1, pace=1.08, target=2000, unit="km"),
        ),
        due_around_today=(0, 1, 2, 4, 8),
        chores=(("Back up the photos", "Family", 7), ("Close the books", "Finance", 30)),
    ),
    Persona(
        email="robin@example.com",
        name="Robin",
        timezone="Australia/Sydney",
        categories=("Writing", "Home", "Finance", "Learning", "Family"),
        tasks_per_day=1.8,
        weekend=0.8,
        unsteadiness=0.3,
        hours=((14.0, 1.5), (22.5, 1.6)),  # a night owl
        lateness_days=(2.5, 4.0),
        vacations=((0.2, 7), (0.62, 9)),
        puts_off=(("Writing", -3.0), ("Home", 2.0), ("Finance", 4.0), ("Learning", -2.0), ("Family", 1.0)),
        abandons=0.1,
        tidies_after_days=45,  # the pile
        due_share=0.45,
        estimate_bias=1.9,
        tracks=0.55,
        pomodoro=0.7,
        meetings_per_day=0.2,
        slump=(0.3, 0.42, 0.3),
        holidays=((1, 1), (1, 26), (4, 25), (12, 25), (12, 26)),
        habits=(
            HabitPlan("Write 500 words", 0.5, hour=23.2),
            HabitPlan("Swim", 0.6, "weekly", times_per_week=2, hour=15.5),
        ),
        goals=(
            GoalPlan("Finish the novel's second draft", "Writing", 0.1, 1.1, pace=0.6),
            GoalPlan("Ten short stories", "Writing", 0.4, 1.3, pace=0.95, target=10, unit="stories"),
            GoalPlan("A podcast", "Writing", 0.2, 0.7, fate="cancelled"),
        ),
        due_around_today=(-9, -6, -3, -1, 0, 2),
    ),
    Persona(
        email="luca@example.com",
        name="Luca",
        timezone="America/Sao_Paulo",
        share_of_history=0.42,
        categories=("Clients", "Home", "Finance", "Health", "Learning"),
        tasks_per_day=2.8,
        growth=0.6,
        hours=((10.0, 1.2), (15.5, 1.8), (20.0, 0.8)),
        lateness_days=(-0.3, 1.5),
        puts_off=(("Clients", -3.0), ("Home", 2.0), ("Finance", 4.0), ("Health", 1.0), ("Learning", -2.0)),
        tracks=0.7,
        meetings_per_day=0.8,
        plans=0.4,
        opens_app=1.8,
        vacations=((0.6, 6),),
        holidays=((1, 1), (4, 21), (9, 7), (11, 15), (12, 25)),
        sick_spells=1,
        focus_goal_minutes=150,
        habits=(
            HabitPlan("Drink water before coffee", 0.8, hour=8.1, streak_days=6),
            HabitPlan("Invoices on Friday", 0.75, "weekdays", weekdays=(4,), hour=16.5),
        ),
        goals=(
            GoalPlan("Twelve new clients", "Clients", 0.1, 1.2, pace=0.92, target=12, unit="clients"),
            GoalPlan("Home office", "Home", 0.2, 0.8, 1.2, milestones=("Clear the room", "Desk and chair", "Light")),
        ),
        due_around_today=(-1, 0, 0, 1, 2, 5),
        chores=(("Write the invoices", "Clients", 7),),
    ),
)  # fmt: skip


def personas(count: int = len(FIVE)) -> tuple[Persona, ...]:
    """The five, and beyond them as many more of their tempers as are asked for."""
    further = (
        replace(
            FIVE[number % len(FIVE)], email=f"person-{number + 1}@example.com", name=f"Person {number + 1}", role="user"
        )
        for number in range(len(FIVE), count)
    )
    return (*FIVE[:count], *further)
