"""The tables of Postgres that hold rows of users, and what each is for, in a user's words."""

from collections.abc import Iterator, Mapping

from sqlalchemy import Table

from focusflow.database.tables import metadata

#: Secrets, not even exported as hashes; and what Postgres derives from other columns to search them.
LEFT_OUT = frozenset(
    {
        "password_hash",
        "token_hash",
        "key_hash",
        "secret",
        "old_secret",
        "recovery_hashes",
        "search",
        "credentials",
        "address_hash",
    }
)

DESCRIPTIONS: Mapping[str, str] = {
    "users": "Your account.",
    "ai_messages": "Texts that were generated for you, with their cost.",
    "api_keys": "Your API keys, without the keys themselves.",
    "app_user_keys": "Whether an app of yours has sent events of its own users, without the key of their pseudonyms.",
    "audit_log": "Security-relevant actions on your account: sign-ins, changes of passwords, keys and roles, exports, deletions.",
    "bounces": "Your email address, if emails to it came back.",
    "calendar_conflicts": "Versions of appointments that lost against a later change in a connected calendar.",
    "calendar_connections": "Calendars elsewhere that you connected, without addresses and passwords.",
    "calendar_events": "Your appointments.",
    "calendar_feeds": "Whether your calendar has a secret address, without the address.",
    "calendar_objects": "Appointments as they were last read from a connected calendar.",
    "categories": "Your categories.",
    "channel_deliveries": "What was sent to your notification channels, and what is still to be sent.",
    "days_off": "Your days off.",
    "earned_achievements": "Achievements that you have earned.",
    "erasures": "Your requests to erase your account.",
    "exports": "Exports of your data that you asked for.",
    "failed_attempts": "Emails and notifications for you that could not be made, and why.",
    "goal_progress": "Progress on your goals.",
    "goals": "Your goals.",
    "habit_logs": "The days on which you did your habits, or skipped them.",
    "habits": "Your habits.",
    "idempotency_keys": "Answers to recent requests that can be sent again, kept for a day.",
    "identities": "The provider with which you sign in, and who you are there.",
    "import_files": "Files that you uploaded to import them, until that is done.",
    "import_items": "Which records of your imported files became which entries.",
    "imports": "Files that you imported, with what was skipped or changed.",
    "inbox_events": "Ids of events that other programs sent for you through Kafka.",
    "mail_tokens": "Links in emails to you, without their secrets: to confirm or change your address, or to reset your password.",
    "incoming_hooks": "Addresses at which other programs leave tasks and appointments for you, without their secrets.",
    "incoming_items": "Which things that other programs left became which entries.",
    "milestones": "Milestones of your goals.",
    "notification_channels": "Your notification channels, without the tokens in their addresses.",
    "notification_preferences": "Which notifications you want, and how.",
    "notifications": "Your notifications and reminders.",
    "outbox": "Events on their way to the tables below, kept for some days.",
    "preferences": "Your working hours, quiet hours and report times.",
    "priority_scores": "The newest priority scores of your open tasks.",
    "published_rows": "The analytics that the API answers with: rows of the tables below.",
    "refresh_tokens": "Your sign-ins and sessions, without their secrets.",
    "report_deliveries": "Your reports, and what happened to their emails.",
    "second_factors": "Whether your account asks for a code at sign-in, without its secret and recovery codes.",
    "shown_scores": "Priority scores as you saw them.",
    "tasks": "Your tasks, including deleted ones.",
    "time_entries": "Your time entries.",
    "told_reminders": "Reminders that you were sent.",
    "webhook_deliveries": "What was sent to your webhooks, and what is still to be sent.",
    "webhook_endpoints": "Your webhooks, without their secrets.",
}


def account_tables() -> Iterator[tuple[Table, str]]:
    """Each table with rows of users, and the column that names the user."""
    for table in metadata.sorted_tables:
        if table.name == "users":
            yield table, "id"
        elif "user_id" in table.columns:
            yield table, "user_id"


def exported_columns(table: Table) -> list[str]:
    return [str(column.name) for column in table.columns if column.name not in LEFT_OUT]
