"""Tables that reports, models and the dashboard read."""
