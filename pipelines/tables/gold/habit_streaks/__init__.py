"""How habits hold."""
