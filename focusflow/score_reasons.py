"""Which reasons of a score tell a user what sets a task apart. The whole list adds up to the score; these are the ones worth reading."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from focusflow.i18n import gettext, mark, ngettext

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


#: Every text of a reason. Those with a number come in the singular and the plural.
TEXTS: Final[tuple[str | tuple[str, str], ...]] = (
    mark("on your list"),
    ("blocks {n} other task", "blocks {n} other tasks"),
    mark("low priority"),
    mark("medium priority"),
    mark("high priority"),
    mark("urgent priority"),
    mark("its start date has come"),
    mark("already begun"),
    ("has {n} tag", "has {n} tags"),
    mark("part of a goal"),
    mark("pinned"),
    mark("not to be begun yet"),
    ("waiting for {n} other task", "waiting for {n} other tasks"),
    ("estimated at {n} minute", "estimated at {n} minutes"),
    ("its due date was moved {n} time", "its due date was moved {n} times"),
    mark("it repeats"),
    mark("you do tasks with these tags soon"),
    mark("your tasks with these tags wait longer"),
    mark("you do tasks in this category soon"),
    mark("your tasks in this category wait longer"),
    mark("you do tasks of the same project soon"),
    mark("your tasks of the same project wait longer"),
    mark("you get a lot done at this time"),
    mark("you get little done at this time"),
    mark("small factors together"),
    ("{n} day overdue", "{n} days overdue"),
    mark("was due earlier today"),
    mark("due today"),
    mark("due tomorrow"),
    mark("due at a set time today"),
    mark("moved here by you"),
    mark("fits this gap"),
    ("due in {n} day", "due in {n} days"),
    mark("added within the last day"),
    ("waiting for {n} day", "waiting for {n} days"),
    mark("worked on within the last day"),
    ("worked on {n} day ago", "worked on {n} days ago"),
    *LACKS.values(),
)


def reason_text(text: str) -> str:
    """A reason, which is stored in English, in the language of who reads it.

    >>> reason_text("estimated at 1 minutes"), reason_text("due in 3 days"), reason_text("of another version")
    ('estimated at 1 minute', 'due in 3 days', 'of another version')
    """
    number = NUMBER.search(text)
    template = _templates().get(NUMBER.sub("{n}", text) if number else text)
    if number and isinstance(template, tuple):
        return ngettext(*template, int(number[0]))
    return gettext(text) if isinstance(template, str) else text


NUMBER: Final = re.compile(r"\d+")


@lru_cache(1)
def _templates() -> dict[str, str | tuple[str, str]]:
    return {each: text for text in TEXTS for each in (text if isinstance(text, tuple) else (text,))}


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
