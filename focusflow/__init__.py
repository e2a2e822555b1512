"""The kernel of FocusFlow: what every part shares, and nothing else."""

__version__ = "0.2.0"
