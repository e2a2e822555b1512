"""Erasure of an account, as its user asks for it and as admins see it."""
