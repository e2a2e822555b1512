"""Incoming hooks: addresses at which programs that can only post JSON leave tasks and appointments."""
