"""Real histories of other users, read from files that are named on the command line, and read through the contract like any other."""
