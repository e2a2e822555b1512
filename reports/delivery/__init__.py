"""Sends reports by email: schedule, delivery log, sender and bounces."""
