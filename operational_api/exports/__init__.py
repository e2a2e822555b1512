"""Exports: a user's records as files of other programs, and as files that an import reads back."""
