"""Histories of made-up users as silver keeps them. What is planted decides what they do first."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

import polars as pl

from focusflow.lake.session import Inputs, Session
from focusflow.lake.tables import duckdb_connection

FIRST = datetime(2026, 1, 5, tzinfo=UTC)
INSTANT = pl.Datetime("us", "UTC")

TASKS = {
    "user_id": pl.String, "task_id": pl.String, "version": pl.Int64, "change": pl.String, "valid_from": INSTANT, "valid_to": INSTANT,
    "created_at": INSTANT, "due_at": INSTANT, "due_date": pl.Date, "start_at": INSTANT, "priority": pl.String, "status": pl.String,
    "tags": pl.List(pl.String), "category_id": pl.String, "parent_task_id": pl.String, "goal_id": pl.String,
    "estimated_minutes": pl.Int64, "recurrence": pl.String, "pinned": pl.Boolean, "ai_generated": pl.Boolean,
    "blocked_by": pl.List(pl.String), "deleted_at": INSTANT,
}  # fmt: skip
ENTRIES = {
    "user_id": pl.String, "time_entry_id": pl.String, "version": pl.Int64, "change": pl.String, "valid_from": INSTANT, "valid_to": INSTANT,
    "task_id": pl.String, "started_at": INSTANT, "ended_at": INSTANT,
}  # fmt: skip
USERS = {"user_id": pl.String, "version": pl.Int64, "valid_from": INSTANT, "valid_to": INSTANT, "timezone": pl.String}
GOALS = {
    "user_id": pl.String, "goal_id": pl.String, "version": pl.Int64, "valid_from": INSTANT, "valid_to": INSTANT,
    "status": pl.String, "progress": pl.Float64, "start_date": pl.Date, "target_date": pl.Date,
}  # fmt: skip

TABLES: dict[str, Any] = {
    "task_history": TASKS,
    "time_entry_history": ENTRIES,
    "user_history": USERS,
    "goal_history": GOALS,
}


def lived(
    *, users: int = 4, days: int = 30, a_day: int = 2, seed: int = 1, planted: float = 0.0
) -> dict[str, pl.DataFrame]:
    """Tables of rows: users who get tasks, move some, give some up, and do the others, in part with a timer. The more is planted, the
    more they heed priorities and due dates, and put off errands; at 0 they draw lots.
    """
    dice = Random(seed)
    tables: dict[str, list[Any]] = {name: [] for name in TABLES}
    histories = _Histories(tables, dice, days, a_day, planted)
    zones = ["Europe/Berlin", "America/Sao_Paulo", "Asia/Kolkata", "UTC"]
    for number in range(users):
        _user(histories, f"person-{number}", zones[number % 4])
    return {
        name: pl.DataFrame(rows, schema=TABLES[name], orient="row") if rows else pl.DataFrame(schema=TABLES[name])
        for name, rows in tables.items()
    }


class _Histories(NamedTuple):
    tables: dict[str, list[Any]]
    dice: Random
    days: int
    a_day: int
    planted: float


def _user(histories, user, zone):
    tables, dice, days, a_day, planted = histories
    tables["user_history"].append(_row(USERS, user_id=user, version=1, valid_from=FIRST, timezone=zone))
    for version, (at, progress) in enumerate([(0, 10.0), (days // 2, 60.0)], start=1):
        held = {"valid_from": _at(at), "valid_to": _at(days // 2) if version == 1 else None}
        goal = {
            "status": "active",
            "progress": progress,
            "start_date": date(2026, 1, 5),
            "target_date": date(2026, 4, 5),
        }
        tables["goal_history"].append(
            _row(GOALS, user_id=user, goal_id=f"{user}-goal", version=version, **held, **goal)
        )
    open_tasks, second_thoughts = [], Random(user)
    for day in range(days):
        created = [_at(day, dice.uniform(5, 9)) for _ in range(a_day if day else 8)]
        open_tasks += [_Kept(tables, user, f"{user}-{day:03}-{number}", dice, at) for number, at in enumerate(created)]
        if dice.random() < 0.3 and open_tasks:
            dice.choice(open_tasks).changes(
                _at(day, 10), due_date=date(2026, 1, 6) + timedelta(days=day + dice.randint(0, 9))
            )
        if dice.random() < 0.5 and len(open_tasks) > 12:
            open_tasks.pop(dice.randrange(len(open_tasks))).changes(_at(day, 11), status="cancelled")
        liked = sorted(open_tasks, key=lambda task: planted * task.put_off(_at(day).date()) - dice.gammavariate(1, 1))
        for hour, task in enumerate(liked[:a_day], start=13):
            open_tasks.remove(task)
            done = _at(day, hour + dice.random())
            if dice.random() < 0.5:
                entry = {"task_id": task.state["task_id"], "started_at": done - timedelta(minutes=30), "ended_at": done}
                _log(tables["time_entry_history"], second_thoughts, user, done, entry)
            task.changes(done, status="completed")


def _log(rows, second_thoughts, user, done, entry):
    """An entry, some of which are corrected or deleted the next day."""
    row = _row(
        ENTRIES,
        user_id=user,
        time_entry_id=f"{entry['task_id']}-t",
        version=1,
        change="time.logged",
        valid_from=done,
        **entry,
    )
    rows.append(row)
    change = second_thoughts.choice(["time.updated", "time.deleted", None, None, None, None])
    if change:
        row["valid_to"] = done + timedelta(hours=20)
        corrected = {"started_at": done - timedelta(minutes=50), "valid_from": row["valid_to"], "valid_to": None}
        rows.append(row | corrected | {"version": 2, "change": change})


class _Kept:
    """A task with its versions, each open until the next."""

    def __init__(self, tables, user, task_id, dice, at):
        self.rows = tables["task_history"]
        self.state = {
            "user_id": user, "task_id": task_id, "version": 0, "change": "task.created", "created_at": at, "status": "pending",
            "priority": dice.choice(["low", "medium", "high"]), "tags": dice.choice([[], ["errand"], ["desk"], ["desk", "call"]]),
            "due_date": at.date() + timedelta(days=dice.randint(0, 12)) if dice.random() < 0.5 else None,
            "category_id": dice.choice([None, "home", "work"]), "goal_id": dice.choice([None, f"{user}-goal"]),
            "estimated_minutes": dice.choice([None, 15, 60]), "pinned": dice.random() < 0.1, "ai_generated": False, "blocked_by": [],
        }  # fmt: skip
        self.place = None
        self.changes(at)

    def put_off(self, today):
        """How much later than others somebody does it who heeds what it says."""
        due = self.state["due_date"]
        is_due = due is not None and due <= today + timedelta(days=2)
        return (
            3 * (self.state["tags"] == ["errand"])
            - {"low": 0, "medium": 1, "high": 2}[self.state["priority"]]
            - 2 * is_due
        )

    def changes(self, at, **fields):
        if self.place is not None:
            self.rows[self.place]["valid_to"] = at
        self.state |= fields | {"version": self.state["version"] + 1, "valid_from": at}
        self.place = len(self.rows)
        self.rows.append(_row(TASKS, **self.state))


def _row(schema, **fields):
    return {name: fields.get(name) for name in schema}


def _at(day, hour=0.0):
    return FIRST + timedelta(days=day, hours=hour)


def connected(tables: Mapping[str, pl.DataFrame]) -> tuple[Session, Inputs]:
    """A session, and the tables as what its queries are given."""
    return Session(duckdb_connection()), {f"silver.{name}": rows.to_arrow() for name, rows in tables.items()}


def without_the_future(tables, moment):
    """What was there at a moment: later rows gone, and what they ended still open."""
    return {
        name: rows.filter(pl.col("valid_from") <= moment).with_columns(
            valid_to=pl.when(pl.col("valid_to") <= moment).then("valid_to")
        )
        for name, rows in tables.items()
    }


def with_another_future(tables, moment, by=timedelta(days=3, hours=5)):
    """All that happened after a moment happens later, and differently."""
    later = pl.col("valid_from") > moment
    tables = {
        name: rows.with_columns(
            valid_from=pl.when(later).then(pl.col("valid_from") + by).otherwise("valid_from"),
            valid_to=pl.when(pl.col("valid_to") > moment).then(pl.col("valid_to") + by).otherwise("valid_to"),
        )
        for name, rows in tables.items()
    }
    tables["task_history"] = tables["task_history"].with_columns(
        priority=pl.when(later).then(pl.lit("urgent")).otherwise("priority"),
        tags=pl.when(later).then(pl.lit(["changed", "errand"])).otherwise("tags"),
        estimated_minutes=pl.when(later).then(999).otherwise("estimated_minutes"),
        category_id=pl.when(later).then(pl.lit("elsewhere")).otherwise("category_id"),
    )
    return tables
