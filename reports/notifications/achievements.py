"""What there is to reach, in one list."""

from dataclasses import dataclass
from typing import Final

from reports import locales


@dataclass(frozen=True, slots=True)
class Achievement:
    """So much of something that is counted, what one has then, and how many points it is worth."""

    metric: str
    threshold: int
    title: str
    points: int

    @property
    def name(self) -> str:
        return f"{self.metric}-{self.threshold}"


#: In the order of each metric's thresholds. A name is kept for good: add, and change none.
ACHIEVEMENTS: Final = (
    *(Achievement("tasks_completed", each, "{} tasks completed", each) for each in (10, 50, 100, 500, 1000, 5000)),
    Achievement("goals_completed", 1, "The first goal completed", 50),
    *(Achievement("goals_completed", each, "{} goals completed", 50 * each) for each in (5, 10, 25)),
    *(Achievement("hours_logged", each, "{} hours logged", each) for each in (10, 100, 500, 1000)),
    *(Achievement("habit_days", each, "A habit done {} times", each) for each in (7, 30, 100, 365)),
)

BY_NAME: Final = {each.name: each for each in ACHIEVEMENTS}


def title_of(name: str, locale: str) -> str:
    """
    >>> title_of("tasks_completed-1000", "de")
    '1.000 tasks completed'
    """
    reached = BY_NAME[name]
    return reached.title.format(locales.count(reached.threshold, locale))
