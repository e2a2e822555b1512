"""What a person wants to reach, and the steps to it."""
