"""What is known of an open task at a moment: the columns that scorers take, and the few that every rule needs made from them."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

import polars as pl

from focusflow.clock import local_date, start_of

INSTANT: Final = pl.Datetime("us", "UTC")

#: Raised when a feature means something else than before: models are named by it.
FEATURES_VERSION: Final = 2

#: What is known of each open task. `blocked_by` lists the blockers that are still open; `blocks` counts the open tasks it blocks.
TASK_COLUMNS: Final[dict[str, pl.DataType]] = {
    "user_id": pl.String(),
    "task_id": pl.String(),
    "created_at": INSTANT,
    "due_at": INSTANT,
    "due_date": pl.Date(),
    "timezone": pl.String(),
    "start_at": INSTANT,
    "priority": pl.String(),
    "status": pl.String(),
    "tags": pl.List(pl.String()),
    "goal_id": pl.String(),
    "pinned": pl.Boolean(),
    "blocked_by": pl.List(pl.String()),
    "blocks": pl.Int64(),
}

#: What a list can leave out; a task of which it is not known scores as one of which nothing is remembered.
MORE_OF_THE_TASK: Final[dict[str, pl.DataType]] = {
    "category_id": pl.String(),
    "parent_task_id": pl.String(),
    "estimated_minutes": pl.Int64(),
    "recurrence": pl.String(),
    "touched_at": INSTANT,
}

#: What became of the task so far.
TASK_HISTORY: Final[dict[str, pl.DataType]] = {
    "reschedules": pl.Int64(),
    "minutes_worked": pl.Float64(),
    "stretches": pl.Int64(),
    "stretches_3": pl.Int64(),
    "stretches_14": pl.Int64(),
    "worked_at": INSTANT,
    "times_skipped": pl.Int64(),
    "goal_behind": pl.Float64(),
}

#: What the user took up last.
LAST_ACT: Final[dict[str, pl.DataType]] = {
    "acted_at": INSTANT,
    "last_task_id": pl.String(),
    "last_category_id": pl.String(),
    "last_parent_task_id": pl.String(),
    "last_goal_id": pl.String(),
    "last_tags": pl.List(pl.String()),
}

#: By what the user's habits are counted: everything, tasks like this one, and tasks as old as this one.
KINDS: Final = ("all", "category", "tag", "priority", "parent", "age")

#: Days that tasks of a kind lay open, how many were finished, and how often one was taken up, of which what is long ago
#: counts less; and how often in the last 7 days.
HABITS: Final[dict[str, pl.DataType]] = {
    f"{kind}_{what}": pl.Float64() for kind in KINDS for what in ("days_open", "done", "acts", "lately")
}

FACT_COLUMNS: Final = TASK_COLUMNS | MORE_OF_THE_TASK | TASK_HISTORY | LAST_ACT | HABITS

#: The moment, and where it lies in the user's day. Lists of many moments bring these along; else they follow from one `as_of`.
MOMENT: Final[dict[str, pl.DataType]] = {"as_of": INSTANT, "local_date": pl.Date(), "hours_left": pl.Float64()}

#: Rows of one user at one moment are the list that is ranked.
LIST: Final = ("user_id", "as_of")


def derive_facts(tasks: pl.DataFrame, as_of: datetime | None = None) -> pl.DataFrame:
    """The tasks with all columns that rules and features read: when each is due as an instant, and how far from now, by the clock and by
    the calendar. Without `as_of`, each row says its own moment.
    """
    if as_of is not None and as_of.tzinfo is None:
        raise ValueError("as_of needs a time zone")
    columns = FACT_COLUMNS if as_of else FACT_COLUMNS | MOMENT
    absent = [pl.lit(None, dtype).alias(name) for name, dtype in columns.items() if name not in tasks.columns]
    typed = tasks.with_columns(absent).select(pl.col(name).cast(dtype) for name, dtype in columns.items())
    now = pl.col("as_of")
    return _placed(typed, as_of).with_columns(
        pl.col("tags", "blocked_by", "last_tags").fill_null([]),
        days_overdue=(now - pl.col("due")).dt.total_microseconds() / 86_400e6,
        age_days=(now - pl.col("created_at")).dt.total_microseconds() / 86_400e6,
    )


def _placed(tasks: pl.DataFrame, as_of: datetime | None) -> pl.DataFrame:
    """With what depends on the calendar of a time zone, looked up once for all rows that share it. A date is over when its local day
    is: 23, 24 or 25 hours after it began.
    """
    if as_of is not None:
        zones: list[str] = tasks["timezone"].unique().to_list()
        moments = pl.DataFrame(
            [_moment(zone, as_of) for zone in zones], schema={"timezone": pl.String(), **MOMENT}, orient="row"
        )
        tasks = tasks.join(moments, on="timezone", how="left", maintain_order="left")
    dates = tasks.select("timezone", "due_date").drop_nulls().unique()
    ends = [(zone, day, start_of(day + timedelta(days=1), zone)) for zone, day in dates.iter_rows()]
    ends_of_dates = pl.DataFrame(
        ends, schema={"timezone": pl.String, "due_date": pl.Date, "day_ends": INSTANT}, orient="row"
    )
    instants = tasks.select("timezone", "due_at").drop_nulls().unique()
    days_of_instants = pl.concat(
        [
            instants.with_columns(due_day=pl.lit(None, pl.Date)).clear(),
            *map(_local_days, instants.partition_by("timezone")),
        ]
    )
    return (
        tasks.join(ends_of_dates, on=["timezone", "due_date"], how="left", maintain_order="left")
        .join(days_of_instants, on=["timezone", "due_at"], how="left", maintain_order="left")
        .with_columns(
            due=pl.coalesce("due_at", "day_ends"),
            due_in_calendar_days=(pl.coalesce("due_day", "due_date") - pl.col("local_date")).dt.total_days(),
        )
        .drop("day_ends", "due_day")
    )


def _moment(timezone: str, as_of: datetime) -> tuple[str, datetime, date, float]:
    today = local_date(as_of, timezone)
    left = (start_of(today + timedelta(days=1), timezone) - as_of.astimezone(UTC)) / timedelta(hours=1)
    return timezone, as_of.astimezone(UTC), today, left


def _local_days(instants: pl.DataFrame) -> pl.DataFrame:
    timezone: str = instants.item(0, "timezone")
    return instants.with_columns(due_day=pl.col("due_at").dt.convert_time_zone(timezone).dt.date())
