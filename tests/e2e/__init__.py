"""A package, so that the demo all its tests look at goes when the last of them has ended."""
