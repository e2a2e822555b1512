"""Outgoing webhooks: endpoints of users, what was sent to them, and sending it again."""
