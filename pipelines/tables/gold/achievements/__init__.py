"""What there is to achieve."""
