"""How kinds of records are called in sentences."""

from collections.abc import Mapping

#: One and many of each noun.
NOUNS = {
    "task": ("task", "tasks"),
    "goal": ("goal", "goals"),
    "milestone": ("milestone", "milestones"),
    "habit": ("habit", "habits"),
    "habit_log": ("day of a habit", "days of habits"),
    "time_entry": ("time entry", "time entries"),
    "calendar_event": ("appointment", "appointments"),
    "day_off": ("day off", "days off"),
    "category": ("category", "categories"),
}


def counted(counts: Mapping[str, int]) -> str:
    """Counts as a phrase.

    >>> counted({"task": 1200, "habit_log": 1}), counted({})
    ('1,200 tasks, 1 day of a habit', 'nothing')
    """
    return ", ".join(f"{count:,} {NOUNS[noun][count != 1]}" for noun, count in counts.items() if count) or "nothing"
