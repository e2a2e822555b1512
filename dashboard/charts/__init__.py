"""Frames become charts. Pure, and of one language: few lines, the user's own usual as a quiet ground, no colour without meaning."""
