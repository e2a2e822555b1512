"""Notifications to services of the user's choice, by Apprise: ntfy, Gotify, Telegram, Slack and others."""
