"""Good news on Today, once: what was reached, until it is put away, and that yesterday was the best day in a while."""

from datetime import date, timedelta
from functools import partial
from itertools import islice
from typing import Final

import polars as pl
import streamlit as st

from dashboard import current_user
from dashboard.api_client import Client, Json
from dashboard.components import layout
from focusflow import locales
from focusflow.i18n import gettext as _

#: Of fewer days, the best one is no record.
ENOUGH_DAYS: Final = 28
AT_ONCE: Final = 3  # a long import can earn many


def unread_achievements(client: Client) -> list[Json]:
    return list(islice(client.notifications(unread=True, type="achievement", limit=AT_ONCE), AT_ONCE))


def good_news(achievements: list[Json], days: pl.DataFrame, today: date) -> None:
    """A line each. None is shown again: an achievement is read with a click, and a day is yesterday only once."""
    if text := best_day(days, today):
        st.markdown(f":material/trophy: {text}")
    for each in achievements:
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"reached-{each['id']}"):
            title = current_user.escape_markdown(each["title"])
            st.markdown(f":material/trophy: {_('Achieved: **{title}**', title=title)}", width="content")
            st.button(
                "",
                key=f"reached-close-{each['id']}",
                icon=":material/close:",
                type="tertiary",
                help=_("Dismiss: {title}", title=each["title"]),
                on_click=partial(_read, each["id"]),
            )


def _read(notification_id: str) -> None:
    layout.perform(lambda client: client.read_notification(notification_id), _("Read."))


def best_day(days: pl.DataFrame, today: date) -> str:
    """That no day of those given, the latest weeks, has such a score as yesterday; empty where one has, or there are few."""
    if days.is_empty():
        return ""
    yesterday = today - timedelta(days=1)
    scores = days.filter((pl.col("local_date") < today) & pl.col("productivity_score").is_not_null()).select(
        "local_date", score=pl.col("productivity_score").round().cast(pl.Int64)  # as it is written
    )  # fmt: skip
    last, before = scores.filter(pl.col("local_date") == yesterday), scores.filter(pl.col("local_date") < yesterday)
    if last.is_empty() or len(before) < ENOUGH_DAYS or last["score"][0] <= before["score"].max():
        return ""
    return _(
        "Yesterday was your best day since {day}: score {score}.",
        day=locales.day_of_year(min(before["local_date"].to_list())),
        score=last["score"][0],
    )
