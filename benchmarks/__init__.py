"""Measurements, side by side in one run. Read the ratios: absolute figures drift with the machine."""
