"""Data health: how fresh each table is, which rules are broken, what is on its way, and what could not be read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl
import streamlit as st

from dashboard import current_user, formatting
from dashboard.api_client import Client
from dashboard.app_state import shared
from dashboard.components import layout
from dashboard.components.live_refresh import refreshing
from dashboard.data import dagster_client, lake
from focusflow import clock, locales
from focusflow.durations import duration
from focusflow.i18n import gettext as _
from focusflow.i18n import mark, ngettext
from focusflow.lake.tables import position_key

STALE_MINUTES = 130  # tables are rebuilt each hour at the latest
FRESH = mark("Last build of the table. Tables update as events arrive, and at least hourly.")
WAITING = mark("Raw events in the lake that are not in the tables yet.")
USERS = mark(
    "Users whose rows break a rule. Their published rows stay as they were; everybody else's are published. The first refresh in"
    " which their rows pass releases them."
)
QUARANTINE = mark(
    "Events that could not be parsed. Their bytes are kept; `focusflow quarantine` lists and redrives them."
)


def page() -> None:
    with layout.title_row():
        st.title(_("Data health"), anchor=False)
        st.link_button(_("Open Dagster"), dagster_client.address(), icon=":material/open_in_new:")
    try:
        tables = dagster_client.tables()
    except dagster_client.NoPipeline as problem:
        st.error(_(str(problem)), icon=":material/cloud_off:")
        tables = []
    quarantined = lake.query("quarantine")
    _numbers(tables, int(lake.total(quarantined, "events")) if len(quarantined) else 0)
    if tables:
        _counted()
        _compared()
        _rules([check for table in tables for check in table.checks])
        _tables(tables)
    _quarantined_users()
    if users := lake.deferred_users():
        st.info(
            ngettext(
                "Days of more than a year ago of {n} user are recalculated a few minutes later: everybody's newest numbers go first.",
                "Days of more than a year ago of {n} users are recalculated a few minutes later: everybody's newest numbers go first.",
                users,
            ),
            icon=":material/hourglass_top:",
        )
    if len(quarantined):
        layout.section_header(_("Quarantine"), _(QUARANTINE))
        st.dataframe(quarantined, hide_index=True)
    if current_user.require_user().role == "admin":
        _erasures()
        _published()
    refreshing()


def _numbers(tables: list[dagster_client.TableStatus], quarantined: int) -> None:
    checks = [check for table in tables for check in table.checks]
    broken = sum(check.passed is False for check in checks)
    with layout.card_grid(4):
        oldest = min((table.at for table in tables if table.at), default=None)
        layout.stat(_("Oldest table"), _ago(oldest), ngettext("of {n} table", "of {n} tables", len(tables)), _(FRESH))
        judged = sum(check.passed is not None for check in checks)
        layout.stat(
            _("Broken rules"),
            formatting.number(broken) if judged else formatting.NONE,
            _("of {judged} checked", judged=judged) if judged else _("not checked yet"),
            _(
                "Rules that the newest rows of a table break. Dependent tables wait; if only some users' rows break them, only theirs wait."
            ),
        )
        layout.stat(_("In transit"), formatting.number(_waiting()), _("events"), _(WAITING))
        layout.stat(_("Quarantined"), formatting.number(quarantined), _("events"), _(QUARANTINE))


def _quarantined_users() -> None:
    """Of how many users rows are held back, and by which rules. Who they are, an operator sees in `quarantine.users`."""
    found, me = lake.query("quarantined_users"), current_user.require_user()
    if not len(found):
        return
    layout.section_header(_("Quarantined users"), _(USERS))
    st.dataframe(
        [row | {"since": locales.day_and_time(layout.local(row["since"], me))} for row in found.to_dicts()],
        hide_index=True,
        column_config={
            "table_name": _("Table"), "rule": _("Rule"), "users": _("Users"), "since": _("Since"),
            "broken": st.column_config.NumberColumn(_("Times"), format="localized"),
        },
    )  # fmt: skip


def _counted() -> None:
    """The last count of every event, from being accepted to the tables."""
    last = dagster_client.reconciliation()
    if last is None or last.at is None:
        st.info(
            _("No reconciliation yet. It runs each night; `focusflow verify` runs it now."),
            icon=":material/calculate:",
        )
        return
    message = st.success if last.passed else st.error
    message(
        f"{last.metadata['verdict']} {_('Compared {duration} ago.', duration=_ago(last.at))}",
        icon=":material/calculate:",
    )


def _compared() -> None:
    """The last comparison of random days with the reference."""
    last = dagster_client.reference()
    if last is None or last.at is None:
        st.info(_("No reference check yet. It runs each night."), icon=":material/compare_arrows:")
        return
    message = st.success if last.passed else st.error
    message(
        f"{last.metadata['verdict']} {_('Compared {duration} ago.', duration=_ago(last.at))}",
        icon=":material/compare_arrows:",
    )
    if differing := last.metadata.get("differing"):
        st.code(differing, language=None)


def _waiting() -> int | None:
    raw, silver = (shared().lake.pinned(name) for name in ("raw/events", "silver/events"))
    if raw is None or silver is None:
        return None
    keys = [position_key(bucket) for bucket in range(shared().buckets)]
    return sum(raw.position(key) - silver.position(key) for key in keys)


def _ago(moment: datetime | None) -> str:
    return formatting.NONE if moment is None else duration((clock.now() - moment).total_seconds() / 60)


def _rules(checks: list[dagster_client.Check]) -> None:
    broken = [check for check in checks if check.passed is False]
    judged = sum(check.passed is not None for check in checks)
    if not broken and judged:
        st.success(
            ngettext("{n} checked rule passes.", "All {n} checked rules pass.", judged), icon=":material/verified:"
        )
    for check in broken:
        rule = check.rule.replace("_", " ")
        alt_text = (
            _("has {number} {rule}; expected none", number=formatting.number(check.broken), rule=rule)
            if check.broken
            else _("breaks the rule “{rule}”", rule=rule)
        )
        if check.metadata.get("users"):
            st.warning(f"`{check.table}` {alt_text}. {_('Their users are quarantined.')}", icon=":material/person_off:")
        else:
            st.error(f"`{check.table}` {alt_text}.", icon=":material/rule:")
        if command := check.metadata.get("see"):
            st.caption(_("An operator sees rows that break it with:"))
            st.code(command, language=None)
    with st.expander(_("All rules"), on_change="rerun", key="all rules") as opened:
        if opened.open:
            _all_rules(checks)


def _all_rules(checks: list[dagster_client.Check]) -> None:
    frame = pl.DataFrame(
        [
            {
                _("Table"): check.table,
                _("Rule"): check.rule.replace("_", " "),
                _("Is"): {True: f"✓ {_('holds')}", False: f"✗ {_('broken')}", None: _("not looked at")}[check.passed],
                _("Checked"): _("{duration} ago", duration=_ago(check.at)) if check.at else formatting.NONE,
                _("Means"): check.means,
            }
            for check in checks
        ]
    )
    st.dataframe(frame, hide_index=True)
    layout.csv_button(frame, "rules")


def _tables(tables: list[dagster_client.TableStatus]) -> None:
    me, address = current_user.require_user(), dagster_client.address()
    layout.section_header(_("Tables"), _(FRESH))
    frame = pl.DataFrame(
        [
            {
                "table": table.table,
                "made": locales.day_and_time(layout.local(table.at, me)) if table.at else _("never"),
                "age": _ago(table.at),
                "state": _state(table),
                "rules": _rules_that_hold(table.checks),
                "page": f"{address}/assets/{table.table}",
            }
            for table in tables
        ]
    )  # fmt: skip
    st.dataframe(
        frame,
        hide_index=True,
        column_config={
            "table": _("Table"),
            "made": _("Built"),
            "age": _("Age"),
            "state": _("State"),
            "rules": _("Rules"),
            "page": st.column_config.LinkColumn(_("In Dagster"), display_text=_("open")),
        },
    )
    layout.csv_button(frame, "tables")


def _rules_that_hold(checks: Sequence[dagster_client.Check]) -> str:
    """How many rules hold. One that nobody has looked at since the table was made neither holds nor is broken."""
    passing, judged = (sum(check.passed in which for check in checks) for which in ((True,), (True, False)))
    unknown = _("{n} not checked", n=len(checks) - judged) if judged < len(checks) else ""
    known = _("{passing} of {judged} pass", passing=passing, judged=judged) if judged else ""
    return ", ".join(filter(None, (known, unknown)))


def _state(table: dagster_client.TableStatus) -> str:
    if any(check.passed is False for check in table.checks):
        return f"✗ {_('broken')}"
    is_stale = table.at is None or (clock.now() - table.at).total_seconds() > STALE_MINUTES * 60
    return f"… {_('old')}" if is_stale else f"✓ {_('fresh')}"


def _erasures() -> None:
    """Those that are not finished, with their deadlines."""
    unfinished = [each for each in layout.fetch(Client.erasures) or [] if each["status"] != "done"]
    if not unfinished:
        return
    me = current_user.require_user()
    layout.section_header(
        _("Erasures"), _("Users who asked to be erased. Files that readers may have open are deleted last.")
    )
    st.dataframe(
        [
            {
                _("Requested"): locales.day_and_time(layout.local(each["created_at"], me)),
                _("Status"): each["status"],
                _("Begins"): locales.day_and_time(layout.local(each["due_at"], me)),
                _("Files deleted"): locales.day_and_time(layout.local(each["purge_at"], me))
                if each["purge_at"]
                else "",
            }
            for each in unfinished
        ],
        hide_index=True,
    )


def _refresher(state: dict[str, Any] | None) -> None:
    """Why the numbers stand still, where they do."""
    if state and state["failures"]:
        failures = ngettext(
            "{n} refresh failed. It is tried again by itself.",
            "{n} refreshes failed in a row. It is tried again by itself.",
            state["failures"],
        )
        st.error(f"{failures} {state['error']}", icon=":material/sync_problem:")
    elif state and state["refreshed_at"]:
        st.caption(_("The last refresh took {seconds} s.", seconds=formatting.tenths(state["seconds"])))


def _published() -> None:
    """What the API has: for admins, who alone may ask it."""
    pipeline = layout.fetch(Client.pipeline)
    if pipeline is None:
        return
    me = current_user.require_user()
    _refresher(pipeline["refresher"])
    layout.section_header(
        _("Published to the API"), _("Tables published for the API, and accepted events without a log offset.")
    )
    st.caption(
        ngettext(
            "{n} event in the log, {waiting} waiting for an offset.",
            "{n} events in the log, {waiting} waiting for an offset.",
            pipeline["events_in_log"],
            waiting=formatting.number(pipeline["events_waiting"]),
        )
    )
    st.dataframe(
        [
            {
                _("Table"): each["table_name"],
                _("As of"): locales.day_and_time(layout.local(each["as_of"], me)),
                _("Published"): locales.day_and_time(layout.local(each["published_at"], me)),
                _("Events"): each["events"],
            }
            for each in pipeline["published"]
        ],
        hide_index=True,
        column_config={_("Events"): st.column_config.NumberColumn(format="localized")},
    )  # fmt: skip
