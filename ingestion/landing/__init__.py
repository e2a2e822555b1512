"""Appends events to the raw layer of the lake."""
