"""Real histories of other people, read from files that are named on the command line, and taken in through the contract like any other."""
