"""What an API key may be allowed to do: the one list."""

from enum import StrEnum


class Scope(StrEnum):
    """A thing that an API key can be allowed."""

    TASKS_READ = "tasks:read"
    TASKS_WRITE = "tasks:write"
    GOALS_READ = "goals:read"
    GOALS_WRITE = "goals:write"
    HABITS_READ = "habits:read"
    HABITS_WRITE = "habits:write"
    TIME_READ = "time:read"
    TIME_WRITE = "time:write"
    CALENDAR_READ = "calendar:read"
    CALENDAR_WRITE = "calendar:write"
    CATEGORIES_READ = "categories:read"
    CATEGORIES_WRITE = "categories:write"
    PREFERENCES_READ = "preferences:read"
    PREFERENCES_WRITE = "preferences:write"
    NOTIFICATIONS_READ = "notifications:read"
    NOTIFICATIONS_WRITE = "notifications:write"
    SCORES_READ = "scores:read"
    EVENTS_WRITE = "events:write"
    ANALYTICS_READ = "analytics:read"
    REPORTS_READ = "reports:read"
    REPORTS_WRITE = "reports:write"
    AI_READ = "ai:read"
    AI_WRITE = "ai:write"
    EXPORTS_READ = "exports:read"
    IMPORTS_READ = "imports:read"
    IMPORTS_WRITE = "imports:write"
