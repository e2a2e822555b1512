"""What there is to reach, in one list."""

from dataclasses import dataclass
from typing import Final

from focusflow.i18n import gettext as _
from focusflow.i18n import ngettext


@dataclass(frozen=True, slots=True)
class Achievement:
    """So much of something that is counted, what one has then, and how many points it is worth."""

    metric: str
    threshold: int
    points: int

    @property
    def name(self) -> str:
        return f"{self.metric}-{self.threshold}"


#: In the order of each metric's thresholds. A name is kept for good: add, and change none.
ACHIEVEMENTS: Final = (
    *(Achievement("tasks_completed", each, each) for each in (10, 50, 100, 500, 1000, 5000)),
    *(Achievement("goals_completed", each, 50 * each) for each in (1, 5, 10, 25)),
    *(Achievement("hours_logged", each, each) for each in (10, 100, 500, 1000)),
    *(Achievement("habit_days", each, each) for each in (7, 30, 100, 365)),
)

BY_NAME: Final = {each.name: each for each in ACHIEVEMENTS}


def title_of(name: str) -> str:
    """In the language of who is served now.

    >>> title_of("tasks_completed-1000"), title_of("goals_completed-1")
    ('1,000 tasks completed', 'The first goal completed')
    """
    number = BY_NAME[name].threshold
    match BY_NAME[name].metric:
        case "goals_completed" if number == 1:
            return _("The first goal completed")
        case "goals_completed":
            return ngettext("{n} goal completed", "{n} goals completed", number)
        case "hours_logged":
            return ngettext("{n} hour logged", "{n} hours logged", number)
        case "habit_days":
            return ngettext("A habit done {n} time", "A habit done {n} times", number)
        case _:
            return ngettext("{n} task completed", "{n} tasks completed", number)
