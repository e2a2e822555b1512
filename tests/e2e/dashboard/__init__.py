"""A part of that package."""
