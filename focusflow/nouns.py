"""How kinds of records are called in sentences."""

from collections.abc import Mapping

from focusflow.i18n import gettext, ngettext

#: One and many of each noun.
NOUNS = {
    "task": ("{n} task", "{n} tasks"),
    "goal": ("{n} goal", "{n} goals"),
    "milestone": ("{n} milestone", "{n} milestones"),
    "habit": ("{n} habit", "{n} habits"),
    "habit_log": ("{n} day of a habit", "{n} days of habits"),
    "time_entry": ("{n} time entry", "{n} time entries"),
    "calendar_event": ("{n} appointment", "{n} appointments"),
    "day_off": ("{n} day off", "{n} days off"),
    "category": ("{n} category", "{n} categories"),
}


def counted(counts: Mapping[str, int]) -> str:
    """Counts as a phrase.

    >>> counted({"task": 1200, "habit_log": 1}), counted({})
    ('1,200 tasks, 1 day of a habit', 'nothing')
    """
    return ", ".join(ngettext(*NOUNS[noun], count) for noun, count in counts.items() if count) or gettext("nothing")
