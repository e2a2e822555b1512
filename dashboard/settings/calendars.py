"""Calendars elsewhere: what is connected, how each connection is, and which calendars get appointments and plans."""

from collections.abc import Mapping
from typing import Any

import polars as pl
import streamlit as st

from dashboard import app_state, current_user
from dashboard.api_client import Client, Json
from dashboard.auth.calendar_access import PATH
from dashboard.components import layout
from focusflow import locales
from focusflow.errors import Problem
from focusflow.i18n import gettext as _
from focusflow.i18n import mark, ngettext

EVERY_SECONDS = 10

SUBSCRIPTION, ACCOUNT = mark("Subscription"), mark("CalDAV account")
KINDS = {"ics": SUBSCRIPTION, "caldav": "CalDAV", "google": "Google Calendar", "outlook": "Microsoft 365"}
STATUSES = {
    "waiting": (":material/hourglass_empty:", mark("Waiting to be read")),
    "ok": (":material/check_circle:", mark("Up to date")),
    "failing": (":material/error:", mark("Failing")),
    "paused": (":material/pause_circle:", mark("Paused")),
}

CHANGES = {
    "added": mark("{n} added"),
    "changed": mark("{n} changed"),
    "removed": mark("{n} removed"),
    "sent": mark("{n} sent"),
}

#: For calendars that are not chosen.
NONE = ""


def section() -> None:
    layout.section_header(_("Calendars"))
    st.caption(_("Meetings of connected calendars count as such, and nothing is planned over them."))
    _connections()
    _new()


@st.fragment(run_every=EVERY_SECONDS)
def _connections() -> None:
    """Asked for again, so that a new calendar is seen to be read."""
    found = layout.fetch(Client.calendar_connections)
    if found == []:
        layout.empty_state(_("No calendars yet. Connect one below."))
    for connection in found or []:
        _connection(connection)


def _connection(connection: Json) -> None:
    id_ = connection["id"]
    with st.container(border=True):
        with layout.row():
            name = current_user.escape_markdown(connection["name"])
            icon, status = STATUSES[connection["status"]]
            st.markdown(f"**{name}** · {_(KINDS[connection['kind']])}  \n:small[{icon} {_(status)}]")
            with st.container(horizontal=True, width="content"):
                st.button(
                    _("Sync now"),
                    key=f"sync {id_}",
                    icon=":material/sync:",
                    on_click=layout.on_click(
                        lambda client: client.sync_calendar(id_), _("It is synchronized within a minute.")
                    ),
                )
                _pause(connection)
                _disconnect(connection)
        if connection["problem"]:
            st.error(current_user.escape_markdown(connection["problem"]), icon=":material/error:")
            if connection["kind"] in app_state.shared().calendar_providers:
                st.link_button(_("Connect again"), f"{PATH}/{connection['kind']}?connection={id_}")
        st.caption(" · ".join(_facts(connection)))
        _findings(connection)
        if connection["kind"] != "ics":
            _account(connection)
            _conflicts(connection)


def _facts(connection: Json) -> list[str]:
    """When it was read, what that brought, and when it is next."""
    me, counts = current_user.require_user(), connection["counts"]
    facts = []
    if connection["last_synced_at"]:
        last = locales.day_and_time(layout.local(connection["last_synced_at"], me))
        facts.append(_("last read {moment}", moment=last))
        facts.append(ngettext("{n} appointment", "{n} appointments", counts["events"]))
        changes = [_(text, n=locales.count(counts[name])) for name, text in CHANGES.items() if counts[name]]
        facts.append(", ".join(changes) or _("nothing new"))
    if connection["next_sync_at"]:
        following = locales.day_and_time(layout.local(connection["next_sync_at"], me))
        facts.append(_("next {moment}", moment=following))
    return facts or [_("not read yet")]


def _pause(connection: Json) -> None:
    id_, is_paused = connection["id"], connection["status"] == "paused"
    st.button(
        _("Resume") if is_paused else _("Pause"),
        key=f"pause {id_}",
        on_click=layout.on_click(
            lambda client: client.change_calendar(id_, is_paused=not is_paused),
            _("Resumed.") if is_paused else _("Paused."),
        ),
    )


def _disconnect(connection: Json) -> None:
    with st.popover(_("Disconnect")):
        st.markdown(_("Its appointments disappear from FocusFlow. In the calendar itself, nothing changes."))
        st.button(
            _("Disconnect calendar"),
            key=f"disconnect {connection['id']}",
            type="primary",
            on_click=layout.on_click(lambda client: client.disconnect_calendar(connection["id"]), _("Disconnected.")),
        )


def _findings(connection: Json) -> None:
    findings, number = connection["findings"], connection["findings_count"]
    if not number:
        return
    with st.expander(_("{n} skipped or changed while reading", n=locales.count(number))):
        if number > len(findings):
            listed = locales.count(len(findings))
            st.caption(_("The first {listed} of {number}.", listed=listed, number=locales.count(number)))
        frame = pl.DataFrame(findings).select(
            pl.col("place").alias(_("Where")), pl.col("outcome").alias(_("What")), pl.col("reason").alias(_("Why"))
        )
        st.dataframe(frame, hide_index=True, width="stretch")


def _account(connection: Json) -> None:
    """Which calendars of the account are read, and which get what is made here."""
    calendars: dict[str, str] = {each["id"]: each["name"] for each in connection["calendars"]}
    if not calendars:
        return
    writable = [NONE] + [each["id"] for each in connection["calendars"] if not each["is_read_only"]]
    id_ = connection["id"]
    with st.expander(_("Calendars of this account")), st.form(f"calendars {id_}", border=False):
        readable = [each for each in calendars if each != connection["plan_calendar"]]
        chosen = connection["selected"] if connection["selected"] is not None else readable
        selected = st.multiselect(
            _("Read"),
            list(calendars),
            [each for each in chosen if each in calendars],
            format_func=calendars.__getitem__,
            key=f"selected {id_}",
        )
        own = _choice(_("My new appointments go to"), connection, "own_calendar", writable, calendars)
        plans = _choice(_("Accepted plans go to"), connection, "plan_calendar", writable, calendars)
        st.caption(
            _("Plans need a calendar of their own: they are no meetings, and what others write there is not read.")
        )
        password = ""
        if connection["kind"] == "caldav":
            password = st.text_input(_("New password"), type="password", key=f"password {id_}", autocomplete="off")
        if st.form_submit_button(_("Save")):
            kept = [each for each in selected if each != plans]
            changes: dict[str, Any] = {"own_calendar": own or None, "plan_calendar": plans or None}
            changes["selected"] = None if set(kept) == calendars.keys() - {plans} else kept
            if password:
                changes["password"] = password
            layout.perform_and_rerun(lambda client: client.change_calendar(id_, **changes), _("Saved."))


def _choice(label: str, connection: Json, field: str, options: list[str], names: Mapping[str, str]) -> str:
    chosen = connection[field] or NONE
    return str(
        st.selectbox(
            label,
            options,
            options.index(chosen) if chosen in options else 0,
            format_func=lambda each: names.get(each) or _("None"),
            key=f"{field} {connection['id']}",
        )
    )


def _conflicts(connection: Json) -> None:
    """What lost when both sides had changed an appointment. It is asked for when somebody wants to see it."""
    me = current_user.require_user()
    if not st.toggle(_("Changed on both sides"), key=f"conflicts {connection['id']}"):
        return
    found = layout.fetch(lambda client: client.sync_conflicts(connection["id"])) or []
    st.caption(
        _("The later change was kept. This is what the other side had.")
        if found
        else _("Nothing was changed on both sides.")
    )
    for each in found:
        side = "FocusFlow" if each["winner"] == "there" else _("the calendar")
        lost = "; ".join(f"{name}: {value}" for name, value in each["lost"].items()) or _("deleted")
        st.markdown(
            f"{locales.day_and_time(layout.local(each['at'], me))} · **{current_user.escape_markdown(each['title'])}** · "
            f"{_('in {side}: {values}', side=side, values=current_user.escape_markdown(lost))}"
        )


def _new() -> None:
    layout.section_header(_("Connect a calendar"))
    if providers := app_state.shared().calendar_providers:
        with st.container(horizontal=True):
            for each, name in providers.items():
                st.link_button(name, f"{PATH}/{each}", icon=":material/event:")
    kind = st.segmented_control(
        _("Kind"),
        [SUBSCRIPTION, ACCOUNT],
        default=SUBSCRIPTION,
        required=True,
        key="kind",
        format_func=_,
        label_visibility="collapsed",
    )
    with st.form("connect", clear_on_submit=True):
        if kind == ACCOUNT:
            values = _account_fields()
        else:
            url = st.text_input(_("Address"), placeholder=_("https://… or webcal://…"), max_chars=2000)
            st.caption(
                _("Your calendar program calls it the iCal or ICS address. The calendar is read, never changed.")
            )
            values = {"kind": "ics", "url": url, "name": st.text_input(_("Name (optional)"), max_chars=100)}
        if st.form_submit_button(_("Connect"), type="primary"):
            _connect({name: value.strip() for name, value in values.items() if value.strip()})


def _account_fields() -> dict[str, str]:
    values = {
        "kind": "caldav",
        "url": st.text_input(_("Server"), placeholder="https://dav.example.com", max_chars=2000),
    }
    values["username"] = st.text_input(_("User name"), max_chars=200, autocomplete="off")
    values["password"] = st.text_input(_("Password"), type="password", max_chars=1000, autocomplete="off")
    st.caption(_("Use an app password if your server has them. It is stored encrypted."))
    return values | {"name": st.text_input(_("Name (optional)"), max_chars=100)}


def _connect(values: dict[str, str]) -> None:
    if "url" not in values:
        st.warning(_("Enter the address of the calendar."))
        return
    try:
        layout.call_api(lambda client: client.connect_calendar(**values))
    except Problem as problem:
        st.error(str(problem), icon=":material/error:")
        return
    layout.rerun_with(_("Connected. It is read within a minute."))
