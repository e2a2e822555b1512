"""Runs the processes of `focusflow up` as one tree: starts, watches, restarts and stops them. What they do is not known here."""
