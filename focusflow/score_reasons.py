"""Which reasons of a score tell a user what sets a task apart. The whole list adds up to the score; these are the ones worth reading."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

#: The words of a reason where a task lacks what it is about. Such words explain a score in its sum, and say nothing about the task by themselves.
LACKS: Final = {
    "due": "it has no due date",
    "blocking": "nothing waits for it",
    "in_progress": "not begun yet",
    "goal": "part of no goal",
    "pinned": "not pinned",
    "work": "no time was spent on it yet",
    "estimate": "it has no estimate",
    "moved": "its due date was never moved",
    "recurs": "it does not repeat",
}

#: Reasons that every task has, or that say nothing that its owner does not see.
PLAIN: Final = {"open", "other", "tags", "recurs", "day"}
QUIET: Final = {"low priority", "medium priority", "added within the last day"}


#: From so many tasks on, they are compared with each other; and what such a share of them has sets none apart. A due date always does.
COMPARABLE: Final = 4
COMMON: Final = 0.5


def highlights(reasons: Iterable[Mapping[str, Any]], most: int) -> list[Mapping[str, Any]]:
    """What speaks for a task, in the order of its weight.

    >>> reasons = [("open", "it is on your list", 20.0), ("due", "due today", 9.0), ("pinned", "not pinned", 0.5), ("age", "waiting for 3 days", -1.0)]
    >>> [each["text"] for each in highlights([dict(zip(("code", "text", "points"), each)) for each in reasons], 3)]
    ['due today']
    """
    found = (each for each in reasons if each["points"] > 0 and is_telling(each["code"], each["text"]))
    return sorted(found, key=lambda each: -each["points"])[:most]


def distinguishing(tasks: Sequence[Mapping[str, Any]], most: int) -> list[list[Mapping[str, Any]]]:
    """For each task of a list, what sets it above the others: highlights that half of the list does not share.

    >>> due, usual = {"code": "due", "text": "due today", "points": 9.0}, {"code": "work", "text": "worked on 1 day ago", "points": 2.0}
    >>> [[each["code"] for each in found] for found in distinguishing([{"reasons": [due, usual]}, *[{"reasons": [usual]}] * 3], 3)]
    [['due'], [], [], []]
    """
    shared = Counter(each["text"] for task in tasks for each in task["reasons"] if each["points"] > 0)
    is_common = {text for text, number in shared.items() if len(tasks) >= COMPARABLE and number >= len(tasks) * COMMON}
    return [
        highlights((each for each in task["reasons"] if each["code"] == "due" or each["text"] not in is_common), most)
        for task in tasks
    ]


def is_telling(code: str, text: str) -> bool:
    """Whether a reason sets a task apart."""
    return code not in PLAIN and text not in QUIET and text != LACKS.get(code)
