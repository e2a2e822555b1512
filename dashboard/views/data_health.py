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
from focusflow import clock
from focusflow.durations import duration
from focusflow.lake.tables import position_key

STALE_MINUTES = 130  # tables are rebuilt each hour at the latest
FRESH = "Last build of the table. Tables update as events arrive, and at least hourly."
WAITING = "Raw events in the lake that are not in the tables yet."
USERS = (
    "Users whose rows break a rule. Their published rows stay as they were; everybody else's are published. The first refresh in"
    " which their rows pass releases them."
)
QUARANTINE = "Events that could not be parsed. Their bytes are kept; `focusflow quarantine` lists and redrives them."


def page() -> None:
    with layout.title_row():
        st.title("Data health", anchor=False)
        st.link_button("Open Dagster", dagster_client.address(), icon=":material/open_in_new:")
    try:
        tables = dagster_client.tables()
    except dagster_client.NoPipeline as problem:
        st.error(str(problem), icon=":material/cloud_off:")
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
            f"Days of more than a year ago of {formatting.count(users, 'user')} are recalculated a few minutes later: everybody's newest numbers go first.",
            icon=":material/hourglass_top:",
        )
    if len(quarantined):
        layout.section_header("Quarantine", QUARANTINE)
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
        layout.stat("Oldest table", _ago(oldest), f"of {formatting.count(len(tables), 'table')}", FRESH)
        judged = sum(check.passed is not None for check in checks)
        layout.stat(
            "Broken rules",
            formatting.number(broken) if judged else formatting.NONE,
            f"of {judged} checked" if judged else "not checked yet",
            "Rules that the newest rows of a table break. Dependent tables wait; if only some users' rows break them, only theirs wait.",
        )
        layout.stat("In transit", formatting.number(_waiting()), "events", WAITING)
        layout.stat("Quarantined", formatting.number(quarantined), "events", QUARANTINE)


def _quarantined_users() -> None:
    """Of how many users rows are held back, and by which rules. Who they are, an operator sees in `quarantine.users`."""
    found, me = lake.query("quarantined_users"), current_user.require_user()
    if not len(found):
        return
    layout.section_header("Quarantined users", USERS)
    st.dataframe(
        [row | {"since": f"{layout.local(row['since'], me):%-d %B, %H:%M}"} for row in found.to_dicts()],
        hide_index=True,
        column_config={
            "table_name": "Table", "rule": "Rule", "users": "Users", "broken": st.column_config.NumberColumn("Times", format="localized"),
            "since": "Since",
        },
    )  # fmt: skip


def _counted() -> None:
    """The last count of every event, from being accepted to the tables."""
    last = dagster_client.reconciliation()
    if last is None or last.at is None:
        st.info(
            "No reconciliation yet. It runs each night; `focusflow verify` runs it now.",
            icon=":material/calculate:",
        )
        return
    message = st.success if last.passed else st.error
    message(f"{last.metadata['verdict']} Counted {_ago(last.at, 'ago')}.", icon=":material/calculate:")


def _compared() -> None:
    """The last comparison of random days with the reference."""
    last = dagster_client.reference()
    if last is None or last.at is None:
        st.info("No reference check yet. It runs each night.", icon=":material/compare_arrows:")
        return
    message = st.success if last.passed else st.error
    message(f"{last.metadata['verdict']} Compared {_ago(last.at, 'ago')}.", icon=":material/compare_arrows:")
    if differing := last.metadata.get("differing"):
        st.code(differing, language=None)


def _waiting() -> int | None:
    raw, silver = (shared().lake.pinned(name) for name in ("raw/events", "silver/events"))
    if raw is None or silver is None:
        return None
    keys = [position_key(bucket) for bucket in range(shared().buckets)]
    return sum(raw.position(key) - silver.position(key) for key in keys)


def _ago(moment: datetime | None, after: str = "") -> str:
    if moment is None:
        return formatting.NONE
    return f"{duration((clock.now() - moment).total_seconds() / 60)} {after}".strip()


def _rules(checks: list[dagster_client.Check]) -> None:
    broken = [check for check in checks if check.passed is False]
    judged = sum(check.passed is not None for check in checks)
    if not broken and judged:
        st.success(f"All {formatting.count(judged, 'checked rule')} pass.", icon=":material/verified:")
    for check in broken:
        rule = check.rule.replace("_", " ")
        alt_text = (
            f"has {formatting.number(check.broken)} {rule}; expected none"
            if check.broken
            else f"breaks the rule “{rule}”"
        )
        if check.metadata.get("users"):
            st.warning(f"`{check.table}` {alt_text}. Their users are quarantined.", icon=":material/person_off:")
        else:
            st.error(f"`{check.table}` {alt_text}.", icon=":material/rule:")
        if command := check.metadata.get("see"):
            st.caption("An operator sees rows that break it with:")
            st.code(command, language=None)
    with st.expander("All rules", on_change="rerun", key="all rules") as opened:
        if opened.open:
            _all_rules(checks)


def _all_rules(checks: list[dagster_client.Check]) -> None:
    frame = pl.DataFrame(
        [
            {
                "Table": check.table,
                "Rule": check.rule.replace("_", " "),
                "Is": {True: "✓ holds", False: "✗ broken", None: "not looked at"}[check.passed],
                "Checked": _ago(check.at, "ago"),
                "Means": check.means,
            }
            for check in checks
        ]
    )
    st.dataframe(frame, hide_index=True)
    layout.csv_button(frame, "rules")


def _tables(tables: list[dagster_client.TableStatus]) -> None:
    me, address = current_user.require_user(), dagster_client.address()
    layout.section_header("Tables", FRESH)
    frame = pl.DataFrame(
        [
            {
                "table": table.table,
                "made": f"{layout.local(table.at, me):%-d %B, %H:%M}" if table.at else "never",
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
            "table": "Table",
            "made": "Built",
            "age": "Age",
            "state": "State",
            "rules": "Rules",
            "page": st.column_config.LinkColumn("In Dagster", display_text="open"),
        },
    )
    layout.csv_button(frame, "tables")


def _rules_that_hold(checks: Sequence[dagster_client.Check]) -> str:
    """How many rules hold. One that nobody has looked at since the table was made neither holds nor is broken."""
    passing, judged = (sum(check.passed in which for check in checks) for which in ((True,), (True, False)))
    unknown = f"{len(checks) - judged} not checked" if judged < len(checks) else ""
    return ", ".join(filter(None, (f"{passing} of {judged} pass" if judged else "", unknown)))


def _state(table: dagster_client.TableStatus) -> str:
    if any(check.passed is False for check in table.checks):
        return "✗ broken"
    is_stale = table.at is None or (clock.now() - table.at).total_seconds() > STALE_MINUTES * 60
    return "… old" if is_stale else "✓ fresh"


def _erasures() -> None:
    """Those that are not finished, with their deadlines."""
    unfinished = [each for each in layout.fetch(Client.erasures) or [] if each["status"] != "done"]
    if not unfinished:
        return
    me = current_user.require_user()
    layout.section_header(
        "Erasures", "Users who asked to be erased. Files that readers may have open are deleted last."
    )
    st.dataframe(
        [
            {
                "Requested": f"{layout.local(each['created_at'], me):%-d %B, %H:%M}",
                "Status": each["status"],
                "Begins": f"{layout.local(each['due_at'], me):%-d %B, %H:%M}",
                "Files deleted": f"{layout.local(each['purge_at'], me):%-d %B, %H:%M}" if each["purge_at"] else "",
            }
            for each in unfinished
        ],
        hide_index=True,
    )


def _refresher(state: dict[str, Any] | None) -> None:
    """Why the numbers stand still, where they do."""
    if state and state["failures"]:
        failures = formatting.count(state["failures"], "refresh failed", "refreshes failed")
        st.error(f"{failures} in a row. It is tried again by itself. {state['error']}", icon=":material/sync_problem:")
    elif state and state["refreshed_at"]:
        st.caption(f"The last refresh took {state['seconds']:.1f} s.")


def _published() -> None:
    """What the API has: for admins, who alone may ask it."""
    pipeline = layout.fetch(Client.pipeline)
    if pipeline is None:
        return
    me = current_user.require_user()
    _refresher(pipeline["refresher"])
    layout.section_header(
        "Published to the API", "Tables published for the API, and accepted events without a log offset."
    )
    st.caption(
        f"{formatting.count(pipeline['events_in_log'], 'event')} in the log, {formatting.number(pipeline['events_waiting'])} waiting for an offset."
    )
    st.dataframe(
        [
            {"Table": each["table_name"], "As of": f"{layout.local(each['as_of'], me):%-d %B, %H:%M}", "Published": f"{layout.local(each['published_at'], me):%-d %B, %H:%M}", "Events": each["events"]}
            for each in pipeline["published"]
        ],
        hide_index=True,
        column_config={"Events": st.column_config.NumberColumn(format="localized")},
    )  # fmt: skip
