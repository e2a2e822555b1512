"""Habits: what is due today, how each holds, and the days behind it."""

from datetime import date, timedelta

import polars as pl
import streamlit as st

from dashboard import current_user, formatting
from dashboard.api_client import Client, Json
from dashboard.charts import habits as charts
from dashboard.components import layout
from dashboard.components.explanation import explain
from focusflow import locales
from focusflow.clock import Period
from focusflow.i18n import gettext as _
from focusflow.i18n import mark, ngettext
from focusflow.streaks import reason_text

#: Each habit asks the API for its days and its streak, so that a page holds few of them.
A_PAGE = 10
STREAK = mark("Consecutive due days done. Skipped days and days off do not break a streak.")
STRENGTH = mark(
    "How well it has taken root, from 0 to 100 %. It grows with each day on which it is done, quickly at first, and falls slowly: one missed day"
    " costs little, where a streak would be lost. A daily habit is half of the way after 13 days. Skipped days and days off leave it as it is."
)
MIN_STREAK_SHOWN = 3  # of a streak that ended
LONGEST_GRID_DAYS = 366


def page() -> None:
    today = current_user.local_today(current_user.require_user())
    span = layout.page_header(_("Habits"), today)
    span = Period.between(max(span.first, span.last - timedelta(days=LONGEST_GRID_DAYS)), span.last)
    habits = layout.fetch(lambda client: list(client.habits(limit=200)))
    if habits is None:
        return
    if not habits:
        layout.empty_state(_("No habits yet. Add one below, small enough to do on a bad day."))
    page = layout.paginate(habits, A_PAGE, "habits-page")
    details = layout.fetch(lambda client: _details(client, page, span, today))
    if details:
        with st.grid(2, min_column_width=340):
            for habit, days, streak in details:
                _habit(habit, days, streak, today)
        rows = [frame.with_columns(habit=pl.lit(habit["title"])) for habit, frame, _streak in details]
        with layout.row():
            st.caption(
                _("{first} to {last}.", first=locales.whole_day(span.first), last=locales.whole_day(span.last))
                + " "
                + _("Green: done · × missed · – excused or day off · ○ open today · empty: not due.")
            )
            layout.csv_button(pl.concat(rows), f"habits-{span.first}-{span.last}")
        explain(span, "habits_completed")
    _new()


def _details(client: Client, habits: list[Json], span: Period, today: date) -> list[tuple[Json, pl.DataFrame, Json]]:
    """Each habit with its days and its streak."""
    off = {
        day
        for each in client.days_off()
        for day in Period.between(date.fromisoformat(each["first_date"]), date.fromisoformat(each["last_date"]))
        if day in span
    }
    return [(habit, _days(client, habit, span, today, off), client.streak(habit["id"])) for habit in habits]


def _days(client: Client, habit: Json, span: Period, today: date, off: set[date]) -> pl.DataFrame:
    """Each day of the habit in the range with its status."""
    logged = {log["local_date"]: log for log in client.logs(habit["id"], span.first, span.last)}
    first = max(span.first, date.fromisoformat(habit["start_date"]))
    days = [day for day in span if day >= first]
    states = [state(habit, day, logged.get(day.isoformat()), today, is_off=day in off) for day in days]
    return pl.DataFrame(
        {"local_date": days, "state": states},
        schema={"local_date": pl.Date, "state": pl.String},
    )


def state(habit: Json, day: date, log: Json | None, today: date, *, is_off: bool = False) -> str:
    """The status of a day. A habit with a number of times per week misses no day: each is optional."""
    if log:
        return "excused" if log["skipped"] else "done"
    if is_off:
        return "day off"
    if habit["frequency"] == "weekly":
        return "open" if day == today else "not due"
    if habit["frequency"] == "weekdays" and day.weekday() not in habit["weekdays"]:
        return "not due"
    return "open" if day == today else "missed"


def _habit(habit: Json, days: pl.DataFrame, streak: Json, today: date) -> None:
    now = dict(days.iter_rows()).get(today) or state(habit, today, None, today)
    with st.container(border=True):
        with layout.row():
            st.markdown(f"**{current_user.escape_markdown(habit['title'])}**  \n:small[{_frequency(habit)}]")
            _log(habit, today, now)
        left, right = st.columns([2, 3], gap="medium", vertical_alignment="center")
        with left:
            with st.container(horizontal=True, gap="medium"):
                st.metric(
                    _("Strength"),
                    formatting.percent(streak["strength"]),
                    help=_(STRENGTH),
                    width="content",
                    height=layout.METRIC_HEIGHT,
                )
                st.metric(
                    _("Streak"),
                    _long(streak["current"], streak),
                    help=_(STREAK),
                    width="content",
                    height=layout.METRIC_HEIGHT,
                )
            best = _("Best {longest} · {total} total.", longest=streak["longest"], total=streak["total"])
            st.caption(f"{best} {_ended(streak)}".rstrip())
        with right:
            if len(days):
                done, missed = (days.filter(pl.col("state") == each).height for each in ("done", "missed"))
                layout.chart(
                    charts.grid(days),
                    ngettext(
                        "Done on {n} day, missed on {missed}.",
                        "Done on {n} days, missed on {missed}.",
                        done,
                        missed=missed,
                    ),
                )


def _long(length: int, streak: Json) -> str:
    if streak["unit"] == "weeks":
        return ngettext("{n} week", "{n} weeks", length)
    return ngettext("{n} day", "{n} days", length)


def _ended(streak: Json) -> str:
    """Why the last streak ended, if it was long and no longer one is running."""
    length = streak["ended_length"] or 0
    if length < MIN_STREAK_SHOWN or length <= streak["current"]:
        return ""
    day = locales.day_of_year(date.fromisoformat(streak["ended_on"]))
    return _(
        "A streak of {length} ended on {day}: {why}.",
        length=_long(length, streak),
        day=day,
        why=reason_text(streak["ended_because"]),
    )


def _frequency(habit: Json) -> str:
    if habit["frequency"] == "weekly":
        return ngettext("{n} time per week", "{n} times per week", habit["times_per_week"])
    if habit["frequency"] == "weekdays":
        if habit["weekdays"] == [0, 1, 2, 3, 4]:
            return _("on workdays")
        return _("on {days}", days=", ".join(locales.weekday_name(day) for day in habit["weekdays"]))
    return _("every day")


def _log(habit: Json, today: date, now: str) -> None:
    """Today's status and its actions."""
    key = habit["id"]
    with st.container(horizontal=True, width="content"):
        if now in ("open", "not due", "day off"):
            st.button(_("Done today"), key=f"log {key}", icon=":material/check:", on_click=_logged, args=(key, today))
            if now == "open":
                _skip(key, today)
        else:
            is_done = now == "done"
            st.badge(
                _("done today") if is_done else _("excused today"),
                icon=":material/check:" if is_done else ":material/redo:",
                color="green" if is_done else "gray",
            )
            st.button(
                _("Undo"),
                key=f"unlog {key}",
                type="tertiary",
                on_click=layout.on_click(lambda client: client.unlog_habit(key, today), _("Removed.")),
            )


def _skip(habit_id: str, today: date) -> None:
    with (
        st.popover(_("Skip"), help=_("Skipping with a reason does not break your streak.")),
        st.form(f"skip {habit_id}", border=False),
    ):
        reason = st.text_input(_("Reason"), placeholder=_("ill"), max_chars=500)
        if st.form_submit_button(_("Skip today"), type="primary") and reason.strip():
            fields = {"skipped": True, "skip_reason": reason}
            layout.perform_and_rerun(lambda client: client.log_habit(habit_id, today, **fields), _("Skipped."))


def _logged(habit_id: str, today: date) -> None:
    layout.perform(lambda client: client.log_habit(habit_id, today), _("Well done."))


def _new() -> None:
    with (
        st.expander(_("Add habit"), icon=":material/add:"),
        st.form("new habit", border=False, clear_on_submit=True),
    ):
        title = st.text_input(_("Habit"), max_chars=500)
        times = st.select_slider(
            _("Times per week"),
            range(1, 8),
            7,
            format_func=lambda n: _("every day") if n == 7 else ngettext("{n} time", "{n} times", n),
        )
        if st.form_submit_button(_("Add"), type="primary") and title.strip():
            often = {"frequency": "daily"} if times == 7 else {"frequency": "weekly", "times_per_week": times}
            layout.perform_and_rerun(lambda client: client.create_habit(title, **often), _("Added."))
