"""How yesterday and the last week went, in one sentence that is true. Pure."""

from datetime import date, timedelta
from typing import Any, Final

import polars as pl

from focusflow.durations import duration
from focusflow.i18n import gettext as _
from focusflow.i18n import ngettext

WEEK, WEEKS = timedelta(days=7), 8

#: So many whole weeks are needed to say what is usual.
ENOUGH: Final = 4


def sentence(days: pl.DataFrame, today: date) -> str:
    """From the days of the last nine weeks. Empty where there is nothing to tell of yet."""
    if days.is_empty() or days.filter(pl.col("local_date") < today).is_empty():
        return ""
    yesterday = days.filter(pl.col("local_date") == today - timedelta(days=1))
    week = _tasks(days, today, 0)
    if week is None:
        return ""
    return f"{_yesterday(yesterday.row(0, named=True) if len(yesterday) else None)} {_week(days, today, week)}"


def _yesterday(day: dict[str, Any] | None) -> str:
    if day is None:
        return _("Nothing is known of yesterday.")
    done, focus = day["tasks_completed"] or 0, day["focus_minutes"] or 0
    texts = []
    if done:
        texts.append(ngettext("{n} task done", "{n} tasks done", done))
    if focus >= 1:
        texts.append(_("{duration} of focus", duration=duration(focus)))
    if day["habits_scheduled"]:
        texts.append(
            ngettext(
                "{done} of {n} habit", "{done} of {n} habits", day["habits_scheduled"], done=day["habits_completed"]
            )
        )
    if not done and focus < 1 and not day["habits_completed"]:
        return _("Yesterday was a day off.") if day["is_day_off"] else _("Yesterday was quiet.")
    return _("Yesterday: {facts}.", facts=", ".join(texts))


def _week(days: pl.DataFrame, today: date, week: int) -> str:
    """The seven days before today against the seven-day stretches before them."""
    before = [found for n in range(1, WEEKS + 1) if (found := _tasks(days, today, n)) is not None]
    done = ngettext("{n} task done", "{n} tasks done", week)
    if len(before) < ENOUGH:
        return _("The last 7 days: {done}.", done=done)
    low, high = sorted(before)[len(before) // 8], sorted(before)[-1 - len(before) // 8]
    usual = f"{low}" if low == high else _("{begin} to {end}", begin=low, end=high)
    if week > max(before):
        return _("The last 7 days: {done}, more than in any of the {weeks} weeks before.", done=done, weeks=len(before))
    if week > high:
        return _("The last 7 days: {done}, more than your usual {usual}.", done=done, usual=usual)
    if week < low:
        return _("The last 7 days: {done}, fewer than your usual {usual}.", done=done, usual=usual)
    return _("The last 7 days: {done}, within your usual {usual}.", done=done, usual=usual)


def _tasks(days: pl.DataFrame, today: date, weeks_ago: int) -> int | None:
    """Tasks completed in a stretch of seven days that ended before today; None where a part of it lies before the first day."""
    last = today - weeks_ago * WEEK
    first = last - WEEK
    if days.filter(pl.col("local_date") <= first).is_empty():
        return None if weeks_ago else int(days.filter(pl.col("local_date") < last)["tasks_completed"].sum() or 0)
    stretch = days.filter((pl.col("local_date") >= first) & (pl.col("local_date") < last))
    return int(stretch["tasks_completed"].sum() or 0)
