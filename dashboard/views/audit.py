"""The audit log, for admins: who did what to which account, and from where."""

from datetime import timedelta
from itertools import islice

import streamlit as st

from dashboard import current_user
from dashboard.api_client import Client, Json
from dashboard.components import layout
from focusflow import clock
from focusflow.i18n import gettext as _
from focusflow.i18n import mark

#: So many entries are shown; the API has all of them.
SHOWN = 500

PERIODS = {mark("24 hours"): 1, mark("7 days"): 7, mark("30 days"): 30, mark("90 days"): 90}


def page() -> None:
    st.title(_("Audit log"), anchor=False)
    st.caption(
        _(
            "Sign-ins, and what was done to accounts. Entries are sealed one after the other: `focusflow audit verify` tells whether one was changed."
        )
    )
    with layout.row():
        period = st.segmented_control(_("Period"), list(PERIODS), default="7 days", required=True, format_func=_)
        action = st.text_input(_("Action"), placeholder="user.changed")
        user = st.text_input(_("About the user"), placeholder=_("An id"))
    since = clock.now() - timedelta(days=PERIODS[period or "7 days"])
    wanted = {"since": since.isoformat(), "action": action.strip(), "user_id": user.strip(), "limit": 200}
    entries = layout.fetch(lambda client: _entries(client, wanted))
    if entries is None:
        return
    if not entries:
        st.info(_("Nothing was recorded in this period."))
        return
    st.dataframe([_row(entry) for entry in entries], hide_index=True)
    if len(entries) == SHOWN:
        st.caption(_("These are the newest {n} entries. Choose a shorter period to see all.", n=SHOWN))


def _entries(client: Client, wanted: Json) -> list[Json]:
    return list(islice(client.audit_log(**{name: value for name, value in wanted.items() if value}), SHOWN))


def _row(entry: Json) -> Json:
    at = layout.local(entry["at"], current_user.require_user())
    return {
        _("When"): f"{at:%Y-%m-%d %H:%M:%S}",
        _("Action"): entry["action"],
        _("By"): entry["actor_id"] or "–",
        _("About"): entry["user_id"],
        _("Before"): _values(entry["before"]),
        _("After"): _values(entry["after"]),
        _("From"): entry["ip"],
    }


def _values(values: Json | None) -> str:
    return ", ".join(f"{name}: {value}" for name, value in (values or {}).items())
