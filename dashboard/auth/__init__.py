"""Registration, sign-in and sign-out: plain pages before the dashboard."""
