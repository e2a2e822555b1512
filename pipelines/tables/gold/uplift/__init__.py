"""Whether users get more done."""
