"""The formats that can be imported: their names, and what users call them. How a format is read is for `ingestion.importers` to know."""

from typing import Final

#: By the name of the module that reads it.
FORMATS: Final = {
    "activitywatch": "ActivityWatch",
    "clockify": "Clockify",
    "csv_table": "CSV",
    "focusflow": "FocusFlow",
    "google_takeout": "Google Takeout",
    "habitica": "Habitica",
    "icalendar": "iCalendar",
    "loop_habits": "Loop Habit Tracker",
    "super_productivity": "Super Productivity",
    "taskwarrior": "Taskwarrior",
    "ticktick": "TickTick",
    "todo_txt": "todo.txt",
    "todoist": "Todoist",
    "toggl": "Toggl Track",
    "wakatime": "WakaTime and Wakapi",
}
