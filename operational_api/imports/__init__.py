"""Imports of files of other programs."""
