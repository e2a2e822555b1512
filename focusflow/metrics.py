"""Every metric once: its name, meaning and direction. SQL columns, documentation, checks and labels are derived from it.

The constants of the productivity score stand here too; `pipelines/tables/gold/productivity_daily` computes with them.
"""

from dataclasses import dataclass
from typing import Literal

from focusflow.errors import NotFound
from focusflow.i18n import gettext, mark

Better = Literal["more", "less", "neither"]


class NoSuchMetric(NotFound):
    """There is no such daily figure. Documented ones are in docs/metrics.md."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A column that describes a user's day."""

    name: str
    label: str
    unit: str
    meaning: str
    better: Better = "neither"
    type: str = "BIGINT"


@dataclass(frozen=True, slots=True)
class ScorePart:
    """One component of the productivity score, between 0 and 1, with its weight."""

    column: str
    label: str
    weight: float
    meaning: str


SCORE_VERSION = "ps-2"

SCORE_PARTS = (
    ScorePart(
        "score_throughput",
        "Throughput",
        0.30,
        "x / (x + b): completed tasks (x) compared with the usual number for that kind of day (b). Days off are no usual days.",
    ),
    ScorePart(
        "score_on_time",
        "On time",
        0.25,
        "(completed on time + 4 · p0) / (due + 4): p0 is the user's own rate over the last 90 days, .5 at first.",
    ),
    ScorePart(
        "score_focus",
        "Focus",
        0.20,
        "Focus minutes compared with the daily target: the user's setting, or the median of days with focus time.",
    ),
    ScorePart(
        "score_habits",
        "Habits",
        0.15,
        "(done + 2 · h0) / (due + 2): h0 is the user's own rate over the last 90 days, .5 at first.",
    ),
    ScorePart(
        "score_goals",
        "Goals",
        0.10,
        "Progress compared with the pace that the target dates require of the days until then that are not off; the mean over all active goals with a date.",
    ),
)

#: Default completions for a user with little data, on workdays and on weekends. They are fixed, so that no score depends on other users.
USUAL_COMPLETIONS = {"workday": 3.0, "weekend": 1.0}

#: The labels for how a week or month compares with earlier ones.
TREND_WORDS = {
    "higher": "more than is usual for you",
    "lower": "less than is usual for you",
    "usual": "as usual for you",
    "days_off": "mostly days off, so not compared",
    "too_little_data": "too little data yet to say what is usual for you",
    "running": "not over yet",
}

#: With fewer periods, a share would say nothing.
LEAST_JUDGED = 5


COVERAGE = {
    "week": mark("Your usual range is made to hold about four of five weeks; so far it held {inside} of {judged}."),
    "month": mark("Your usual range is made to hold about four of five months; so far it held {inside} of {judged}."),
}


def coverage_sentence(inside: int, judged: int, span: str) -> str:
    """What a user's usual range was worth so far; nothing where too few periods were compared with one.

    >>> coverage_sentence(18, 22, "week")
    'Your usual range is made to hold about four of five weeks; so far it held 18 of 22.'
    """
    if judged < LEAST_JUDGED:
        return ""
    text = COVERAGE["month" if span == "month" else "week"]
    return gettext(text, inside=inside, judged=judged)


METRICS = (
    Metric("tasks_created", "Created", "tasks", "Tasks created that day."),
    Metric(
        "tasks_completed",
        "Completed",
        "tasks",
        "Tasks completed that day and not reopened on the same day.",
        "more",
    ),
    Metric(
        "tasks_completed_with_due",
        "Completed with a due date",
        "tasks",
        "Of the completed tasks, those with a due date.",
    ),
    Metric(
        "tasks_completed_on_time",
        "On time",
        "tasks",
        "Of the completed tasks with a due date, those completed at or before it. A date without a time ends with that local day.",
        "more",
    ),
    Metric(
        "tasks_due",
        "Due",
        "tasks",
        "Tasks due on that local day that existed, and were not cancelled, archived or deleted, when the day began.",
    ),
    Metric("tasks_open", "Open", "tasks", "Open tasks at the end of the day.", "less"),
    Metric("tasks_overdue", "Overdue", "tasks", "Open tasks at the end of the day whose due date has passed.", "less"),
    Metric("goals_progressed", "Goals moved", "goals", "Goals whose progress rose that day.", "more"),
    Metric("goals_completed", "Goals reached", "goals", "Goals completed that day.", "more"),
    Metric(
        "habits_scheduled",
        "Habits due",
        "habits",
        "Habits due that day by their frequency; a day skipped for a reason is not due. A habit of n times a week is due on the days"
        " it was done, and on the last days of the week that still allow n. On a day off nothing is due but what is done.",
    ),
    Metric("habits_completed", "Habits done", "habits", "Habits logged that day and not skipped.", "more"),
    Metric(
        "focus_minutes",
        "Focus",
        "min",
        "Minutes covered by time entries within the day. Overlaps count once; an entry over midnight is split; a running timer counts"
        " when it stops.",
        "more",
        "DOUBLE",
    ),
    Metric(
        "pomodoro_sessions",
        "Pomodoros",
        "sessions",
        "Pomodoro entries of at least 20 minutes that ended that day.",
        "more",
    ),
    Metric(
        "meeting_minutes",
        "Meetings",
        "min",
        "Minutes covered by busy appointments within the day, including each occurrence of recurring ones, without all-day appointments and"
        " accepted plans. Today, what has passed.",
        "neither",
        "DOUBLE",
    ),
    Metric("ai_plans_generated", "Plans made", "plans", "Daily plans generated that day."),
    Metric("activity_events", "App activity", "events", "Events tracked by client apps that day."),
    Metric(
        "productivity_score",
        "Productivity score",
        "of 100",
        "How the day went compared with the user's own usual and plan: the weighted components that apply, pulled towards the user's mean of the"
        " last 28 days if there is little data. Empty on a day off, on a day without events,"
        " and where there is nothing yet to judge by: no open task, habit, dated goal or result. Not for comparing users.",
        "more",
        "DOUBLE",
    ),
    *(
        Metric(part.column, part.label, "0 to 1", part.meaning + " Empty where it does not apply.", "more", "DOUBLE")
        for part in SCORE_PARTS
    ),
    Metric(
        "score_raw",
        "Score before evidence",
        "0 to 1",
        "The weighted mean of the components that apply.",
        "more",
        "DOUBLE",
    ),
    Metric(
        "score_prior",
        "Score expected",
        "0 to 1",
        "The user's own mean score of the last 28 days, .5 at first.",
        "neither",
        "DOUBLE",
    ),
    Metric(
        "score_evidence",
        "Evidence",
        "items",
        "How much data supports the day's score, all fixed before the day: tasks due, habits due, up to five open tasks, a focus target, dated goals.",
    ),
    Metric(
        "score_lambda",
        "Weight of the day",
        "0 to 1",
        "n / (n + 5), with n the evidence: how much the day itself counts.",
        "neither",
        "DOUBLE",
    ),
    Metric("score_version", "Score version", "", "The version of the formula.", "neither", "VARCHAR"),
    Metric(
        "usual_completions",
        "Usual completions",
        "tasks",
        "The usual number of completed tasks (b), with which throughput is compared.",
        "neither",
        "DOUBLE",
    ),
    Metric(
        "focus_target_minutes",
        "Focus target",
        "min",
        "The target with which focus time is compared: set by the user, or the user's median, within 25 to 240.",
        "neither",
        "DOUBLE",
    ),
    Metric(
        "is_day_off",
        "Day off",
        "",
        "Whether the day was a day off: holiday, vacation or sick day.",
        "neither",
        "BOOLEAN",
    ),
)

BY_NAME = {metric.name: metric for metric in METRICS}
