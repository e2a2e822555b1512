"""Data health: how fresh each table is, which rules are broken, what is on its way, and what could not be read."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl
import streamlit as st

from dashboard import dagster, data, parts, person, words
from dashboard.live import refreshing
from dashboard.shared import shared
from focusflow import clock
from focusflow.client import Client
from focusflow.lake import position_key

STALE_MINUTES = 130  # tables are made anew each hour at the latest
FRESH = "When the table was made last. Each is made anew as events arrive, and each hour at the latest."
WAITING = "Events that are in the lake as they came, and not yet typed and in the tables."
QUARANTINE = "Events that could not be read. Their bytes are kept; `focusflow quarantine` shows and redrives them."


def page() -> None:
    with parts.row():
        st.title("Data health", anchor=False)
        st.link_button("Open Dagster", dagster.address(), icon=":material/open_in_new:")
    try:
        made = dagster.tables()
    except dagster.NoPipeline as problem:
        st.error(str(problem), icon=":material/cloud_off:")
        made = []
    quarantined = data.ask("quarantine")
    _numbers(made, int(data.total(quarantined, "events")) if len(quarantined) else 0)
    if made:
        _counted()
        _rules([check for table in made for check in table.checks])
        _tables(made)
    if len(quarantined):
        parts.heading("Quarantine", QUARANTINE)
        st.dataframe(quarantined, hide_index=True)
    if person.current().role == "admin":
        _published()
    refreshing()


def _numbers(made: list[dagster.Made], quarantined: int) -> None:
    checks = [check for table in made for check in table.checks]
    broken = sum(check.passed is False for check in checks)
    with parts.cards(4):
        oldest = min((table.at for table in made if table.at), default=None)
        parts.number("Oldest table", _ago(oldest), f"of {words.count(len(made), 'table')}", FRESH)
        known = sum(check.passed is not None for check in checks)
        parts.number(
            "Broken rules",
            words.number(broken) if known else words.NONE,
            f"of {known} checked" if known else "none looked at yet",
            "Rules that a table's newest rows break. What is made from such a table waits.",
        )
        parts.number("On the way", words.number(_waiting()), "events", WAITING)
        parts.number("Quarantined", words.number(quarantined), "events", QUARANTINE)


def _counted() -> None:
    """The last count of every event, from being accepted to the tables."""
    last = dagster.conservation()
    if last is None or last.at is None:
        st.info(
            "Events have not been counted yet. Each night they are; `focusflow verify` does it now.",
            icon=":material/calculate:",
        )
        return
    tell = st.success if last.passed else st.error
    tell(f"{last.found['verdict']} Counted {_ago(last.at, 'ago')}.", icon=":material/calculate:")


def _waiting() -> int | None:
    raw, silver = (shared().lake.pinned(name) for name in ("raw/events", "silver/events"))
    if raw is None or silver is None:
        return None
    keys = [position_key(bucket) for bucket in range(shared().buckets)]
    return sum(raw.position(key) - silver.position(key) for key in keys)


def _ago(moment: datetime | None, after: str = "") -> str:
    if moment is None:
        return words.NONE
    return f"{words.minutes((clock.now() - moment).total_seconds() / 60)} {after}".strip()


def _rules(checks: list[dagster.Check]) -> None:
    broken = [check for check in checks if check.passed is False]
    known = sum(check.passed is not None for check in checks)
    if not broken and known:
        st.success(f"All {words.count(known, 'rule')} that were looked at hold.", icon=":material/verified:")
    for check in broken:
        rule = check.rule.replace("_", " ")
        told = (
            f"has {words.number(check.broken)} {rule}; there must be none"
            if check.broken
            else f"breaks the rule “{rule}”"
        )
        st.error(f"`{check.table}` {told}.", icon=":material/rule:")
        if check.samples:
            with st.expander(f"Some of the rows: {rule} in {check.table}"):
                st.dataframe(check.samples, hide_index=True)
    with st.expander("All rules", on_change="rerun", key="all rules") as opened:
        if opened.open:
            _all_rules(checks)


def _all_rules(checks: list[dagster.Check]) -> None:
    frame = pl.DataFrame(
        [
            {
                "Table": check.table,
                "Rule": check.rule.replace("_", " "),
                "Is": {True: "✓ holds", False: "✗ broken", None: "not looked at"}[check.passed],
                "Looked at": _ago(check.at, "ago"),
                "Means": check.means,
            }
            for check in checks
        ]
    )
    st.dataframe(frame, hide_index=True)
    parts.csv(frame, "rules")


def _tables(made: list[dagster.Made]) -> None:
    me, address = person.current(), dagster.address()
    parts.heading("Tables", FRESH)
    frame = pl.DataFrame(
        [
            {
                "table": table.table,
                "made": f"{parts.local(table.at, me):%-d %B, %H:%M}" if table.at else "never",
                "age": _ago(table.at),
                "state": _state(table),
                "rules": _held(table.checks),
                "page": f"{address}/assets/{table.table}",
            }
            for table in made
        ]
    )  # fmt: skip
    st.dataframe(
        frame,
        hide_index=True,
        column_config={
            "table": "Table",
            "made": "Made",
            "age": "Age",
            "state": "State",
            "rules": "Rules",
            "page": st.column_config.LinkColumn("In Dagster", display_text="open"),
        },
    )
    parts.csv(frame, "tables")


def _held(checks: Sequence[dagster.Check]) -> str:
    """How many rules hold. One that nobody has looked at since the table was made neither holds nor is broken."""
    held, known = (sum(check.passed in which for check in checks) for which in ((True,), (True, False)))
    unknown = f"{len(checks) - known} not looked at" if known < len(checks) else ""
    return ", ".join(filter(None, (f"{held} of {known} hold" if known else "", unknown)))


def _state(table: dagster.Made) -> str:
    if any(check.passed is False for check in table.checks):
        return "✗ broken"
    is_stale = table.at is None or (clock.now() - table.at).total_seconds() > STALE_MINUTES * 60
    return "… old" if is_stale else "✓ fresh"


def _published() -> None:
    """What the API has: for admins, who alone may ask it."""
    found = parts.asked(Client.pipeline)
    if found is None:
        return
    me = person.current()
    parts.heading(
        "As the API has it", "Tables published for the API, and events accepted but without their place in the log."
    )
    st.caption(
        f"{words.count(found['events_in_log'], 'event')} in the log, {words.number(found['events_waiting'])} waiting for a place in it."
    )
    st.dataframe(
        [
            {"Table": each["table_name"], "As of": f"{parts.local(each['as_of'], me):%-d %B, %H:%M}", "Published": f"{parts.local(each['published_at'], me):%-d %B, %H:%M}", "Events": each["events"]}
            for each in found["published"]
        ],
        hide_index=True,
        column_config={"Events": st.column_config.NumberColumn(format="localized")},
    )  # fmt: skip
