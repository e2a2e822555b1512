"""Calendars elsewhere that a user connected: subscriptions and CalDAV accounts."""
