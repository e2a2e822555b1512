"""Outgoing webhooks: from the log of events to deliveries, and from deliveries to the endpoints of users."""
