"""Facts in words: observations and suggestions, each resting on numbers that are there."""
