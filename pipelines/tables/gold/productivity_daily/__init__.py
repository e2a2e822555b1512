"""The days of users."""
