"""Notification and work preferences of a user."""
