"""Habits and their daily logs."""
