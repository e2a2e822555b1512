"""Calendars elsewhere that a user connected: subscriptions, CalDAV accounts, Google and Microsoft."""
