"""What the local writer says of a plan, from its figures."""

from collections.abc import Mapping

from focusflow import locales
from focusflow.durations import duration
from focusflow.i18n import gettext as _
from focusflow.i18n import ngettext
from reports.insights.writer import Evidence, Insights, Remark


def of_plan(numbers: Mapping[str, float], locale: str = locales.DEFAULT) -> Insights:
    """In a language. What it says in English passes the same guard as what a service says."""
    with locales.using(locale):
        return _insights(numbers)


def _insights(numbers: Mapping[str, float]) -> Insights:

    def remark(text: str, *names: str) -> Remark:
        return Remark(text=text, evidence=[Evidence(metric=name, value=numbers[name]) for name in names])

    free_time = duration(numbers["minutes_free"])
    tasks = remark(
        ngettext(
            "{n} task fits into the day. Planned time: {planned} of {free} of free time.",
            "{n} tasks fit into the day. Planned time: {planned} of {free} of free time.",
            numbers["tasks_planned"],
            planned=duration(numbers["minutes_planned"]),
            free=free_time,
        ),
        "tasks_planned",
        "minutes_planned",
        "minutes_free",
    )
    free = remark(_("Free time on this day: {free}.", free=free_time), "minutes_free")
    text = ngettext(
        "{n} task does not fit. Leave it for another day, or let it go.",
        "{n} tasks do not fit. Leave them for another day, or let go of one.",
        numbers["tasks_left_out"],
    )
    if not numbers["tasks_left_out"]:
        text = _("Everything fits. Enjoy the time that stays free.")
    rest = remark(text, "tasks_left_out")
    return Insights(headline=tasks.text, observations=[tasks, free], suggestions=[rest])
