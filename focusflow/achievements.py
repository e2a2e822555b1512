"""What can be achieved, once: a metric, and how much of it. Who has earned what is worked out from the days, in `gold/achievements`."""

from dataclasses import dataclass
from typing import Literal

#: Sums over a person's days; of habits, the longest streak in days.
Counted = Literal["tasks_completed", "focus_minutes", "goals_completed", "comebacks", "streak_days"]


@dataclass(frozen=True, slots=True)
class Achievement:
    """Something to be proud of. Nothing in it asks for more than yesterday, and none is ever lost for resting."""

    achievement: str
    label: str
    description: str
    points: int
    metric: Counted
    threshold: float


ACHIEVEMENTS = (
    Achievement("first_task", "First step", "Complete a task.", 5, "tasks_completed", 1),
    Achievement("tasks_10", "Under way", "Complete ten tasks.", 10, "tasks_completed", 10),
    Achievement("tasks_100", "A hundred done", "Complete a hundred tasks.", 50, "tasks_completed", 100),
    Achievement("tasks_1000", "A thousand done", "Complete a thousand tasks.", 200, "tasks_completed", 1000),
    Achievement("focus_10_hours", "Deep water", "Log ten hours of focus.", 20, "focus_minutes", 600),
    Achievement("focus_100_hours", "Deep sea", "Log a hundred hours of focus.", 100, "focus_minutes", 6000),
    Achievement("first_goal", "Arrived", "Reach a goal.", 50, "goals_completed", 1),
    Achievement("goals_5", "Far travelled", "Reach five goals.", 150, "goals_completed", 5),
    Achievement("streak_week", "A week of it", "Keep a habit for seven days.", 20, "streak_days", 7),
    Achievement("streak_month", "A month of it", "Keep a habit for thirty days.", 60, "streak_days", 30),
    Achievement("streak_100", "Second nature", "Keep a habit for a hundred days.", 150, "streak_days", 100),
    Achievement("comeback", "Back again", "Complete a task after a week or more without.", 20, "comebacks", 1),
)
