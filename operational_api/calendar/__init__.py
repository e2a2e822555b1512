"""Appointments, conflicts and free time."""
