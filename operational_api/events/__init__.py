"""Tracked events of client apps."""
