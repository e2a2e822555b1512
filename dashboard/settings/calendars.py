"""Calendars elsewhere: what is connected, how each connection is, and which calendars get appointments and plans."""

from collections.abc import Mapping
from typing import Any

import polars as pl
import streamlit as st

from dashboard import app_state, current_user
from dashboard.api_client import Client, Json
from dashboard.auth.calendar_access import PATH
from dashboard.components import layout
from focusflow.errors import Problem

EVERY_SECONDS = 10

SUBSCRIPTION, ACCOUNT = "Subscription", "CalDAV account"
KINDS = {"ics": "Subscription", "caldav": "CalDAV", "google": "Google Calendar", "outlook": "Microsoft 365"}
STATUSES = {
    "waiting": ":material/hourglass_empty: Waiting to be read",
    "ok": ":material/check_circle: Up to date",
    "failing": ":material/error: Failing",
    "paused": ":material/pause_circle: Paused",
}

#: For calendars that are not chosen.
NONE = ""


def section() -> None:
    layout.section_header("Calendars")
    st.caption("Meetings of connected calendars count as such, and nothing is planned over them.")
    _connections()
    _new()


@st.fragment(run_every=EVERY_SECONDS)
def _connections() -> None:
    """Asked for again, so that a new calendar is seen to be read."""
    found = layout.fetch(Client.calendar_connections)
    if found == []:
        layout.empty_state("No calendars yet. Connect one below.")
    for connection in found or []:
        _connection(connection)


def _connection(connection: Json) -> None:
    id_ = connection["id"]
    with st.container(border=True):
        with layout.row():
            name = current_user.escape_markdown(connection["name"])
            st.markdown(f"**{name}** · {KINDS[connection['kind']]}  \n:small[{STATUSES[connection['status']]}]")
            with st.container(horizontal=True, width="content"):
                st.button(
                    "Sync now",
                    key=f"sync {id_}",
                    icon=":material/sync:",
                    on_click=layout.on_click(
                        lambda client: client.sync_calendar(id_), "It is synchronized within a minute."
                    ),
                )
                _pause(connection)
                _disconnect(connection)
        if connection["problem"]:
            st.error(current_user.escape_markdown(connection["problem"]), icon=":material/error:")
            if connection["kind"] in app_state.shared().calendar_providers:
                st.link_button("Connect again", f"{PATH}/{connection['kind']}?connection={id_}")
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
        facts.append(f"last read {layout.local(connection['last_synced_at'], me):%-d %B, %H:%M}")
        facts.append(f"{counts['events']:,} appointment{'s' * (counts['events'] != 1)}")
        changes = {name: counts[name] for name in ("added", "changed", "removed", "sent") if counts[name]}
        facts.append(", ".join(f"{number:,} {name}" for name, number in changes.items()) or "nothing new")
    if connection["next_sync_at"]:
        facts.append(f"next {layout.local(connection['next_sync_at'], me):%-d %B, %H:%M}")
    return facts or ["not read yet"]


def _pause(connection: Json) -> None:
    id_, is_paused = connection["id"], connection["status"] == "paused"
    st.button(
        "Resume" if is_paused else "Pause",
        key=f"pause {id_}",
        on_click=layout.on_click(
            lambda client: client.change_calendar(id_, is_paused=not is_paused), "Resumed." if is_paused else "Paused."
        ),
    )


def _disconnect(connection: Json) -> None:
    with st.popover("Disconnect"):
        st.markdown("Its appointments disappear from FocusFlow. In the calendar itself, nothing changes.")
        st.button(
            "Disconnect calendar",
            key=f"disconnect {connection['id']}",
            type="primary",
            on_click=layout.on_click(lambda client: client.disconnect_calendar(connection["id"]), "Disconnected."),
        )


def _findings(connection: Json) -> None:
    findings, number = connection["findings"], connection["findings_count"]
    if not number:
        return
    with st.expander(f"{number:,} skipped or changed while reading"):
        if number > len(findings):
            st.caption(f"The first {len(findings):,} of {number:,}.")
        frame = pl.DataFrame(findings).select(
            pl.col("place").alias("Where"), pl.col("outcome").alias("What"), pl.col("reason").alias("Why")
        )
        st.dataframe(frame, hide_index=True, width="stretch")


def _account(connection: Json) -> None:
    """Which calendars of the account are read, and which get what is made here."""
    calendars: dict[str, str] = {each["id"]: each["name"] for each in connection["calendars"]}
    if not calendars:
        return
    writable = [NONE] + [each["id"] for each in connection["calendars"] if not each["is_read_only"]]
    id_ = connection["id"]
    with st.expander("Calendars of this account"), st.form(f"calendars {id_}", border=False):
        readable = [each for each in calendars if each != connection["plan_calendar"]]
        chosen = connection["selected"] if connection["selected"] is not None else readable
        selected = st.multiselect(
            "Read",
            list(calendars),
            [each for each in chosen if each in calendars],
            format_func=calendars.__getitem__,
            key=f"selected {id_}",
        )
        own = _choice("My new appointments go to", connection, "own_calendar", writable, calendars)
        plans = _choice("Accepted plans go to", connection, "plan_calendar", writable, calendars)
        st.caption("Plans need a calendar of their own: they are no meetings, and what others write there is not read.")
        password = ""
        if connection["kind"] == "caldav":
            password = st.text_input("New password", type="password", key=f"password {id_}", autocomplete="off")
        if st.form_submit_button("Save"):
            kept = [each for each in selected if each != plans]
            changes: dict[str, Any] = {"own_calendar": own or None, "plan_calendar": plans or None}
            changes["selected"] = None if set(kept) == calendars.keys() - {plans} else kept
            if password:
                changes["password"] = password
            layout.perform_and_rerun(lambda client: client.change_calendar(id_, **changes), "Saved.")


def _choice(label: str, connection: Json, field: str, options: list[str], names: Mapping[str, str]) -> str:
    chosen = connection[field] or NONE
    return str(
        st.selectbox(
            label,
            options,
            options.index(chosen) if chosen in options else 0,
            format_func=lambda each: names.get(each, "None"),
            key=f"{field} {connection['id']}",
        )
    )


def _conflicts(connection: Json) -> None:
    """What lost when both sides had changed an appointment. It is asked for when somebody wants to see it."""
    me = current_user.require_user()
    if not st.toggle("Changed on both sides", key=f"conflicts {connection['id']}"):
        return
    found = layout.fetch(lambda client: client.sync_conflicts(connection["id"])) or []
    st.caption(
        "The later change was kept. This is what the other side had." if found else "Nothing was changed on both sides."
    )
    for each in found:
        side = "FocusFlow" if each["winner"] == "there" else "the calendar"
        lost = "; ".join(f"{name}: {value}" for name, value in each["lost"].items()) or "deleted"
        st.markdown(
            f"{layout.local(each['at'], me):%-d %B, %H:%M} · **{current_user.escape_markdown(each['title'])}** · "
            f"in {side}: {current_user.escape_markdown(lost)}"
        )


def _new() -> None:
    layout.section_header("Connect a calendar")
    if providers := app_state.shared().calendar_providers:
        with st.container(horizontal=True):
            for each, name in providers.items():
                st.link_button(name, f"{PATH}/{each}", icon=":material/event:")
    kind = st.segmented_control(
        "Kind", [SUBSCRIPTION, ACCOUNT], default=SUBSCRIPTION, required=True, key="kind", label_visibility="collapsed"
    )
    with st.form("connect", clear_on_submit=True):
        if kind == ACCOUNT:
            values = _account_fields()
        else:
            url = st.text_input("Address", placeholder="https://… or webcal://…", max_chars=2000)
            st.caption("Your calendar program calls it the iCal or ICS address. The calendar is read, never changed.")
            values = {"kind": "ics", "url": url, "name": st.text_input("Name (optional)", max_chars=100)}
        if st.form_submit_button("Connect", type="primary"):
            _connect({name: value.strip() for name, value in values.items() if value.strip()})


def _account_fields() -> dict[str, str]:
    values = {"kind": "caldav", "url": st.text_input("Server", placeholder="https://dav.example.com", max_chars=2000)}
    values["username"] = st.text_input("User name", max_chars=200, autocomplete="off")
    values["password"] = st.text_input("Password", type="password", max_chars=1000, autocomplete="off")
    st.caption("Use an app password if your server has them. It is stored encrypted.")
    return values | {"name": st.text_input("Name (optional)", max_chars=100)}


def _connect(values: dict[str, str]) -> None:
    if "url" not in values:
        st.warning("Enter the address of the calendar.")
        return
    try:
        layout.call_api(lambda client: client.connect_calendar(**values))
    except Problem as problem:
        st.error(str(problem), icon=":material/error:")
        return
    layout.rerun_with("Connected. It is read within a minute.")
