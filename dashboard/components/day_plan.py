"""The plan of the day as a timeline around the appointments: made when asked for, changed block by block, and taken into the calendar when accepted."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

import streamlit as st

from dashboard import current_user, formatting
from dashboard.api_client import Client, Json
from dashboard.auth.sessions import Session
from dashboard.components import layout, undo
from focusflow import clock, locales
from focusflow.durations import duration
from focusflow.errors import Problem
from focusflow.i18n import gettext as _
from focusflow.i18n import mark
from focusflow.score_reasons import reason_text

MEANS = mark("Due and important tasks first, in the free time of your working day, with durations learned from you.")
EARLIER, LATER, NOT_TODAY = mark("Earlier"), mark("Later"), mark("Not today")
SWAPS_AT_MOST: Final = 5
LEFT_OUT_AT_MOST: Final = 3
NEW_PLAN = "new plan"


def timeline(me: Session, plan: Json | None, occurrences: Sequence[Json]) -> None:
    """The day in its order: what is in the calendar, and the blocks of the plan."""
    is_new = st.session_state.pop(NEW_PLAN, False)
    with layout.row():
        layout.section_header(_("Plan of the day"), _(MEANS))
        with st.container(horizontal=True, width="content", gap="small"):
            _buttons(plan)
    appointments = [each for each in occurrences if not each["is_plan"]]
    whole_day = [
        current_user.escape_markdown(formatting.shorten(each["title"])) for each in appointments if each["all_day"]
    ]
    if whole_day:
        st.caption(_("All day: {titles}", titles=", ".join(whole_day)))
    timed = [each for each in appointments if not each["all_day"]]
    blocks = plan["blocks"] if plan else []
    now, is_marked = clock.now(), False
    for each in sorted([*timed, *blocks], key=lambda each: (each["start_at"], each["end_at"])):
        if not is_marked and datetime.fromisoformat(each["end_at"]) > now:
            is_marked = True
            st.markdown(f":small[:orange[{_('{time} now', time=locales.clock(layout.local(now, me)))}]]")
        if "task_id" in each and plan is not None:
            _block(each, plan, me)
        else:
            _appointment(each, me)
    if not timed and not blocks:
        st.caption(_nothing(plan, is_new=is_new))
    if plan and plan["left_out"]:
        st.caption(_left_out(plan["left_out"]))


def _buttons(plan: Json | None) -> None:
    if plan is None:
        st.button(_("Plan my day"), key="plan", icon=":material/calendar_add_on:", on_click=_make)
        return
    if plan["is_accepted"]:
        st.badge(_("in your calendar"), icon=":material/check:", color="green")
    elif plan["blocks"]:
        st.button(
            _("Accept"), key="accept plan", icon=":material/event_available:", type="primary", on_click=_accept(plan)
        )
    st.button(_("Re-plan"), key="re-plan", type="tertiary", on_click=_make)


def _nothing(plan: Json | None, *, is_new: bool) -> str:
    if plan is None:
        return _("No appointments today.")
    return _("No free time is left in your working day.") if is_new or plan["left_out"] else _("Nothing to plan.")


def _left_out(left_out: Sequence[Json]) -> str:
    titles = [current_user.escape_markdown(formatting.shorten(each["title"])) for each in left_out[:LEFT_OUT_AT_MOST]]
    more = len(left_out) - len(titles)
    if more:
        return _("No time for: {titles} and {more} more", titles=", ".join(titles), more=more)
    return _("No time for: {titles}", titles=", ".join(titles))


def _appointment(each: Json, me: Session) -> None:
    with st.container(key=f"event-{each['event_id']}-{each['start_at']}"):
        st.markdown(f":gray[{_span(each, me)}]  {current_user.escape_markdown(each['title'])}")


def _block(block: Json, plan: Json, me: Session) -> None:
    title = current_user.escape_markdown(formatting.shorten(block["title"]))
    is_over = datetime.fromisoformat(block["end_at"]) <= clock.now()
    if block.get("is_done") or is_over:
        mark = ":green[:material/check:]" if block.get("is_done") else ":material/history:"
        with st.container(key=f"over-{block['start_at']}"):
            st.markdown(f":gray[{_span(block, me)}]  {mark} :gray[{title}]")
        return
    notes = [reason_text(block["reason"] or "")]
    if block["is_late"]:
        notes = [f":orange[{_('ends after it is due')}]"]
    if block["minutes_left"]:
        notes.append(_("{duration} do not fit", duration=duration(block["minutes_left"])))
    with st.container(
        key=f"block-{block['start_at']}", horizontal=True, wrap=False, vertical_alignment="center", gap="small"
    ):
        note = " · ".join(each for each in notes if each)
        st.markdown(f"**{_span(block, me)}**  {title}" + (f"  \n:small[:gray[{note}]]" if note else ""))
        _change(block, plan)


def _span(each: Json, me: Session) -> str:
    begin, end = (layout.local(each[name], me) for name in ("start_at", "end_at"))
    return f"{locales.clock(begin)}–{locales.clock(end)}"


def _change(block: Json, plan: Json) -> None:
    """Move, swap or drop a block: the plan is made again around that choice."""
    order, task_id = _order(plan), block["task_id"]
    place = order.index(task_id)
    swaps = {
        _("Swap for: {title}", title=formatting.shorten(each["title"], 60)): each["task_id"]
        for each in plan["left_out"][:SWAPS_AT_MOST]
    }
    choices = [EARLIER] * (place > 0) + [LATER] * (place < len(order) - 1) + [*swaps, NOT_TODAY]
    key = f"more-{block['start_at']}"

    def changed() -> None:
        chosen = st.session_state[key]
        without = list(plan["without"])
        if chosen in swaps:
            new = [swaps[chosen] if each == task_id else each for each in order]
            without.append(task_id)
        elif chosen == NOT_TODAY:
            new = [each for each in order if each != task_id]
            without.append(task_id)
        else:
            new = moved(order, place, -1 if chosen == EARLIER else 1)
        _change_plan(plan, new, without, chosen)

    st.menu_button(
        "",
        choices,
        key=key,
        format_func=_,
        icon=":material/more_vert:",
        type="tertiary",
        help=_("Change"),
        on_click=changed,
    )


def _order(plan: Json) -> list[str]:
    """The tasks of a plan that are not done, each where its first block stands."""
    return list(dict.fromkeys(block["task_id"] for block in plan["blocks"] if not block.get("is_done")))


def moved(order: Sequence[str], place: int, by: int) -> list[str]:
    """
    >>> moved(["a", "b", "c"], 2, -1), moved(["a", "b"], 0, 1)
    (['a', 'c', 'b'], ['b', 'a'])
    """
    new = list(order)
    new.insert(place + by, new.pop(place))
    return new


def _change_plan(plan: Json, order: list[str], without: list[str], chosen: str) -> None:
    def change(client: Client) -> Json:
        new = client.plan_day(order=order, without=without)
        if plan["is_accepted"]:
            client.accept_plan(new["id"])
        return new

    def back(client: Client, _answer: Json) -> Any:
        new = client.plan_day(order=_order(plan), without=plan["without"])
        return client.accept_plan(new["id"]) if plan["is_accepted"] else new

    texts = {EARLIER: _("Moved up."), LATER: _("Moved down."), NOT_TODAY: _("Dropped from today.")}
    text = texts.get(chosen, _("Swapped."))
    undo.act(change, text, back)


def _make() -> None:
    try:
        layout.call_api(Client.plan_day)
    except Problem as problem:
        st.toast(str(problem), icon=":material/error:")
    else:
        st.session_state[NEW_PLAN] = True


def _accept(plan: Json) -> Callable[[], None]:
    def accept(client: Client) -> Json:
        return client.accept_plan(plan["id"])

    def description(accepted: Json) -> str:
        if not accepted["no_room"]:
            return _("The plan is in your calendar.")
        titles = ", ".join(
            current_user.escape_markdown(formatting.shorten(each["title"])) for each in accepted["no_room"]
        )
        return _("The plan is in your calendar, without {titles}: new appointments are there.", titles=titles)

    def withdraw(client: Client, accepted: Json) -> Any:
        return client.accept_plan(accepted["replaced"]) if accepted["replaced"] else client.withdraw_plan(plan["id"])

    return undo.on_click(accept, description, withdraw)
