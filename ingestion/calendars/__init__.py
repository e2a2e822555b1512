"""Calendars elsewhere, kept in step with those of users: subscriptions to `.ics` addresses, and two-way CalDAV, Google and Microsoft."""
