"""Signing up, in and out: plain pages before the dashboard."""
