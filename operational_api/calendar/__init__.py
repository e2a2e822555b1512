"""Appointments, and the time between them."""
