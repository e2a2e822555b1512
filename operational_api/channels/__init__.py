"""Notification channels: services to which users have notifications sent."""
