"""What speaks for a task, in words a person uses: one text for each term of the score."""

import polars as pl


def texts() -> dict[str, pl.Expr]:
    """The words for each term, by its code, from the columns that `models.facts.known` makes."""
    return {
        "open": pl.lit("it is on your list"),
        "due": _due(),
        "blocking": _counted("blocks", pl.col("blocks"), "other task", "other tasks"),
        "priority": pl.format("{} priority", "priority"),
        "started_on": pl.lit("its start date has come"),
        "in_progress": pl.lit("already begun"),
        "age": _age(),
        "tags": _counted("has", pl.col("tags").list.len(), "tag", "tags"),
        "goal": pl.lit("part of a goal"),
        "pinned": pl.lit("pinned"),
        "not_yet": pl.lit("not to be begun yet"),
        "blocked": _counted("waits for", pl.col("blocked_by").list.len(), "other task", "other tasks"),
    }


def _due() -> pl.Expr:
    """By the person's calendar: at 23:00, what is due at 01:00 is due tomorrow."""
    ahead = pl.col("due_in_calendar_days")
    return (
        pl.when(ahead < -1)
        .then(pl.format("{} days overdue", -ahead))
        .when(ahead == -1)
        .then(pl.lit("1 day overdue"))
        .when((ahead == 0) & (pl.col("days_overdue") > 0))
        .then(pl.lit("was due earlier today"))
        .when(ahead == 0)
        .then(pl.lit("due today"))
        .when(ahead == 1)
        .then(pl.lit("due tomorrow"))
        .otherwise(pl.format("due in {} days", ahead))
    )


def _age() -> pl.Expr:
    days = pl.col("age_days").floor().cast(pl.Int64)
    return (
        pl.when(days < 1)
        .then(pl.lit("added within the last day"))
        .when(days == 1)
        .then(pl.lit("waiting for 1 day"))
        .otherwise(pl.format("waiting for {} days", days))
    )


def _counted(verb: str, count: pl.Expr, one: str, many: str) -> pl.Expr:
    return pl.format(f"{verb} {{}} {{}}", count, pl.when(count == 1).then(pl.lit(one)).otherwise(pl.lit(many)))
